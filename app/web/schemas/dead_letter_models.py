"""The shapes of dead letters over REST; a long record is left out."""

import json
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.events import event_id
from app.store.coordination.sink_row import AUDIT
from app.store.dead_letters.letter import Letter

IN_PAGE, ALONE = 4_096, 65_536  # bytes of a record that an answer shows


class DeadLetterOut(BaseModel):
    """An event that a sink rejected, or a record that could not be audited."""

    id: str
    sink: str = Field(description="name of the sink; `audit` for records that were not audited")
    product_id: str = Field(description="`unknown` where the record does not say")
    event_key: str
    event_id: str | None = Field(
        description="the event's id for `GET /v1/events/{id}`; null of `audit`, which has no event"
    )
    due: bool = Field(description="whether a redrive was asked for and has not been made yet")
    error: str
    attempts: int
    first_seen_at: str
    last_seen_at: str
    stream_arn: str | None = Field(description="of `audit` only")
    record: Any = Field(description="of `audit` only: the stream record, as Lambda delivers it")
    record_omitted: bool = Field(description="the record is too large to be shown or to be kept")


class DeadLetterPageOut(BaseModel):
    """Some dead letters, and the cursor of the next page."""

    items: list[DeadLetterOut]
    next_cursor: str | None


class RedriveOut(BaseModel):
    """What a worker delivers again soon."""

    id: str
    sink: str
    product_id: str
    event_key: str
    status: Literal["due"]


class DeletedLetterOut(BaseModel):
    """What the sink will never get."""

    id: str
    sink: str
    product_id: str
    event_key: str
    detail: str


def letter_out(letter: Letter, shown: int) -> dict[str, Any]:
    """A letter as JSON values, in the shape of `DeadLetterOut`."""
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
    """What was marked due, in the shape of `RedriveOut`."""
    return {**_name(letter), "status": "due"}


def deleted_out(letter: Letter) -> dict[str, Any]:
    """What was deleted, in the shape of `DeletedLetterOut`."""
    detail = (
        f"{letter.sink} will never get event {letter.event_key} of product {letter.product_id!r}."
    )
    return {**_name(letter), "detail": detail}


def _name(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "sink": letter.sink,
        "product_id": letter.product_id,
        "event_key": letter.event_key,
    }
