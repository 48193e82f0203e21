"""Sinks over REST, and the request to rewind one."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema

from app.observability.logs import masked
from app.store.sinks.rewind_point import RewindTo
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
        "must be now, beginning, or an RFC 3339 time with an offset, such as 2026-11-21T08:30:00Z"
    )


_NAME = "The sink's name."


class RewindRequest(Strict):
    """Where the sink continues."""

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
            description="`now` skips all events that wait. `beginning` delivers all stored events "
            "again. A time delivers the events again that arrived at or after it."
        ),
    ]


class SinkOut(BaseModel):
    """A sink: its state and progress."""

    name: str = Field(description=_NAME)
    state: Literal["running", "paused", "stopped"] = Field(
        description="`stopped`: the sink stopped because events may have expired before they were "
        "delivered. Rewind it to continue."
    )
    why: str | None = Field(description="Why the sink is paused or stopped.")
    cursor: str | None = Field(
        description="The position in the timeline up to which all events are delivered; null "
        "until the sink first starts."
    )
    lag_seconds: float = Field(
        description="Seconds since the arrival of the oldest event that is not delivered yet; 0 if "
        "there is none."
    )
    lag_events: int = Field(
        description="The number of events that wait, counted up to a few hundred. May include "
        "events that the sink's filter will skip."
    )
    owner: str | None = Field(description="The worker that runs the sink; null if none does.")
    last_error: str | None = Field(
        description="The error of the last call to the receiver; null if it succeeded."
    )
    version: int = Field(description="Increases with each pause, resume and rewind.")
    saved_at: str | None = Field(description="When a worker last saved the cursor (RFC 3339, UTC).")


class SinkPageOut(BaseModel):
    """All sinks."""

    items: list[SinkOut] = Field(description="The sinks.")
    next_cursor: None = Field(description="Always null: all sinks are on one page.")


class SinkRedriveOut(BaseModel):
    """A sink whose dead letters a worker delivers again soon."""

    name: str = Field(description=_NAME)
    status: Literal["due"] = Field(description="Always `due`: a worker has yet to deliver them.")


class SinkRebuildOut(BaseModel):
    """A sink whose state a worker builds again."""

    name: str = Field(description=_NAME)
    answer: str = Field(description="What happens now, for people.")


class SinkTestOut(BaseModel):
    """The result of a test that the receiver accepted."""

    name: str = Field(description=_NAME)
    answer: str = Field(description="The receiver's response, for people.")


def sink_out(view: SinkView) -> dict[str, Any]:
    """A sink as JSON values, as in `SinkOut`."""
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
