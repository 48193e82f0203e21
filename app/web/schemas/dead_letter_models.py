"""Dead letters over REST; a large stream record is omitted."""

import json
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.events import event_id
from app.store.coordination.sink_row import AUDIT
from app.store.dead_letters.letter import Letter

# The largest record in a response, in bytes: of a page, and of a single dead letter.
IN_PAGE, ALONE = 4_096, 65_536

_ID = "The dead letter's id."
_SINK = "The sink that rejected the event; `audit` for a stream record that could not be audited."
_PRODUCT_ID = "The product's id; `unknown` if the stream record has none."
_EVENT_KEY = "The event's key in the audit. Keys of one product sort in the order of its events."


class DeadLetterOut(BaseModel):
    """An event that a sink rejected, or a stream record that could not be audited."""

    id: str = Field(description=_ID)
    sink: str = Field(description=_SINK)
    product_id: str = Field(description=_PRODUCT_ID)
    event_key: str = Field(description=_EVENT_KEY)
    event_id: str | None = Field(
        description="The event's id, for `GET /v1/events/{event_id}`; null for `audit`, because "
        "its record has no event."
    )
    due: bool = Field(description="Whether a redrive is requested and has not happened yet.")
    error: str = Field(description="The error of the last attempt.")
    attempts: int = Field(description="The number of attempts so far.")
    first_seen_at: str = Field(description="When the event was first rejected (RFC 3339, UTC).")
    last_seen_at: str = Field(description="When the event was last rejected (RFC 3339, UTC).")
    stream_arn: str | None = Field(
        description="For `audit` only: the ARN of the stream that the record is from."
    )
    record: Any = Field(
        description="For `audit` only, and for admins: the stream record, in the form in which "
        "Lambda gets it."
    )
    record_omitted: bool = Field(
        description="Whether the record is missing because it is too large to show or to store, "
        "or because you are no admin."
    )


class DeadLetterPageOut(BaseModel):
    """A page of dead letters."""

    items: list[DeadLetterOut] = Field(description="The dead letters.")
    next_cursor: str | None = Field(
        description="Send it as `cursor` to get the next page; null on the last page."
    )


class RedriveOut(BaseModel):
    """A dead letter that a worker delivers again soon."""

    id: str = Field(description=_ID)
    sink: str = Field(description=_SINK)
    product_id: str = Field(description=_PRODUCT_ID)
    event_key: str = Field(description=_EVENT_KEY)
    status: Literal["due"] = Field(description="Always `due`: a worker has yet to deliver it.")


class DeletedLetterOut(BaseModel):
    """A dead letter that was deleted."""

    id: str = Field(description=_ID)
    sink: str = Field(description=_SINK)
    product_id: str = Field(description=_PRODUCT_ID)
    event_key: str = Field(description=_EVENT_KEY)
    detail: str = Field(description="What the deletion means, for people.")


def letter_out(letter: Letter, shown: int) -> dict[str, Any]:
    """A letter as JSON values, as in `DeadLetterOut`; records over `shown` bytes are omitted.

    0: every record is omitted.
    """
    record = letter.record
    omitted = letter.digest is not None or (record is not None and len(json.dumps(record)) > shown)
    return {
        **_name(letter),
        "event_id": None if letter.sink == AUDIT else event_id(letter.product_id, letter.event_key),
        "due": letter.due,
        "error": letter.error,
        "attempts": letter.attempts,
        "first_seen_at": letter.first_seen,
        "last_seen_at": letter.last_seen,
        "stream_arn": letter.stream_arn or None,
        "record": None if omitted else record,
        "record_omitted": omitted,
    }


def redrive_out(letter: Letter) -> dict[str, Any]:
    """A letter that was marked due as JSON values, as in `RedriveOut`."""
    return {**_name(letter), "status": "due"}


def deleted_out(letter: Letter) -> dict[str, Any]:
    """A deleted letter as JSON values, as in `DeletedLetterOut`."""
    detail = (
        f"{letter.sink} will never receive event {letter.event_key} of product "
        f"{letter.product_id!r}."
    )
    return {**_name(letter), "detail": detail}


def _name(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "sink": letter.sink,
        "product_id": letter.product_id,
        "event_key": letter.event_key,
    }
