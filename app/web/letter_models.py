"""The shapes of dead letters over REST; a record is shown as far as it is short."""

import json
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.store.letter_desk import Skipped
from app.store.letters import Letter

IN_PAGE, ALONE = 4_096, 65_536  # bytes of a record that an answer shows


class DeadLetterOut(BaseModel):
    """A record that a sink did not accept, or that waits behind one."""

    id: str
    sink: str = Field(description="`audit`, or the name of an optional sink")
    product_id: str = Field(description="`unknown` where the record does not say")
    event_key: str
    state: Literal["parked", "waiting"] = Field(
        description="`waiting` lies behind an earlier record of its product"
    )
    error: str
    attempts: int
    first_seen_at: str
    last_seen_at: str
    stream_arn: str
    record: Any = Field(description="the stream record, in the shape of Lambda's events")
    record_omitted: bool = Field(description="the record is too large to be shown or was to keep")


class DeadLetterPageOut(BaseModel):
    """Some dead letters, and the cursor of the next page."""

    items: list[DeadLetterOut]
    next_cursor: str | None


class RedriveOut(BaseModel):
    """What was marked due: the worker delivers it, and all before it, in order."""

    id: str
    sink: str
    product_id: str
    event_key: str
    status: Literal["due"]


class SkippedOut(BaseModel):
    """What a deletion gave up for good."""

    id: str
    sink: str
    product_id: str
    event_key: str
    waiting_behind: int = Field(description="letters that may go on now; at most 1,000 are counted")
    detail: str


def letter_out(letter: Letter, shown: int) -> dict[str, Any]:
    """A letter as JSON values, in the shape of `DeadLetterOut`."""
    record = letter.record
    omitted = record is None or len(json.dumps(record)) > shown
    return {
        "id": letter.id,
        "sink": letter.sink,
        "product_id": letter.product_id,
        "event_key": letter.event_key,
        "state": letter.state,
        "error": letter.error,
        "attempts": letter.attempts,
        "first_seen_at": letter.first_seen,
        "last_seen_at": letter.last_seen,
        "stream_arn": letter.stream_arn,
        "record": None if omitted else record,
        "record_omitted": omitted,
    }


def redrive_out(letter: Letter) -> dict[str, Any]:
    """What was marked due, in the shape of `RedriveOut`."""
    return {**_name(letter), "status": "due"}


def skipped_out(skipped: Skipped) -> dict[str, Any]:
    """What was given up, in the shape of `SkippedOut`."""
    letter = skipped.letter
    detail = (
        f"{letter.sink} will never get event {letter.event_key} of product {letter.product_id!r}."
    )
    return {**_name(letter), "waiting_behind": skipped.behind, "detail": detail}


def _name(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "sink": letter.sink,
        "product_id": letter.product_id,
        "event_key": letter.event_key,
    }
