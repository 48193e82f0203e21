"""The shapes of sinks over REST, and what a rewind takes."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema

from app.observability.logs import masked
from app.store.sinks.sink_control import RewindTo
from app.store.sinks.sink_lag import SinkView
from app.web.schemas.fields import Moment
from app.web.schemas.product_models import Strict

_TIME: TypeAdapter[datetime] = TypeAdapter(Moment)


def _rewind_to(value: object) -> object:
    if value in ("now", "beginning"):
        return value
    if isinstance(value, str):
        with suppress(ValidationError):
            return _TIME.validate_python(value)
    raise ValueError(
        "must be now, beginning, or an RFC 3339 time with its offset, such as 2026-11-21T08:30:00Z"
    )


class RewindRequest(Strict):
    """Where the sink goes on."""

    to: Annotated[
        RewindTo,
        PlainValidator(_rewind_to),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "enum": ["now", "beginning"]},
                    {"type": "string", "format": "date-time"},
                ]
            }
        ),
        Field(
            description="`now` skips what is waiting, `beginning` repeats all that is kept, a time "
            "repeats what arrived at or after it."
        ),
    ]


class SinkOut(BaseModel):
    """A sink: how far it is and how it fares."""

    name: str
    state: Literal["running", "paused", "stopped"] = Field(
        description="`stopped`: events may have expired before they were delivered"
    )
    why: str | None = Field(description="why it is paused or stopped")
    cursor: str | None = Field(
        description="everything up to this place in the timeline is delivered; null until its "
        "first start"
    )
    lag_seconds: float = Field(
        description="since the first event arrived that the sink has not had; 0 where it has all"
    )
    lag_events: int = Field(
        description="how many wait, counted up to a few hundred; may include events that its "
        "filter will skip"
    )
    owner: str | None = Field(description="the worker that runs it; null: no worker runs it")
    last_error: str | None = Field(description="of the last call; null where it succeeded")
    version: int = Field(description="raised by each pause, resume and rewind")
    saved_at: str | None = Field(description="when a worker last saved the cursor")


class SinkPageOut(BaseModel):
    """All sinks."""

    items: list[SinkOut]
    next_cursor: None


class SinkRedriveOut(BaseModel):
    """A worker delivers the sink's dead letters again."""

    name: str
    status: Literal["due"]


class SinkTestOut(BaseModel):
    """The receiver accepted a test delivery."""

    name: str
    answer: str


def sink_out(view: SinkView) -> dict[str, Any]:
    """A sink as JSON values, in the shape of `SinkOut`."""
    row = view.row
    return {
        "name": row.name,
        "state": row.state,
        "why": masked(row.why) or None,
        "cursor": None if row.cursor is None else str(row.cursor),
        "lag_seconds": round(view.lag_seconds, 3),
        "lag_events": view.lag_events,
        "owner": row.owner,
        "last_error": masked(row.health.error) or None,
        "version": row.version,
        "saved_at": row.saved_at,
    }
