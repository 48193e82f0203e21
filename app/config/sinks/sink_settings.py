"""The settings of all sinks, and of those of other installed packages; `Settings` inherits them."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode

from app.config.access import PREFIX
from app.config.values import EventFilter, Moment, Projection, RecordAge, Words


def _object(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        document = json.loads(value)
    except ValueError as error:
        raise ValueError(f"must be a JSON object: {error}") from None
    if not isinstance(document, dict):
        raise ValueError("must be a JSON object with a member for each sink")  # noqa: TRY004 - for pydantic
    return document


def _patterns(value: object) -> object:
    """Each sink's pattern as the text that `parse_filter` reads."""
    patterns = _object(value)
    if not isinstance(patterns, Mapping):
        return patterns
    return {name: _as_text(pattern) for name, pattern in patterns.items()}


def _as_text(pattern: Any) -> str:
    return pattern if isinstance(pattern, str) else json.dumps(pattern)


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("must name each sink once")
    return names


class SinkSettings(BaseSettings):
    """How sinks are retried; which sinks of installed packages run, and what they receive."""

    sinks_start: Moment | None = Field(
        None,
        description="Where a new sink starts: with events that arrived at or after this time (RFC "
        "3339, such as `2026-11-01T00:00:00Z`). If unset, with events that arrive from now on.",
    )
    maximum_retry_attempts: Annotated[int, Field(ge=-1, le=10_000)] = Field(
        3,
        description="How often an event that a sink fails to process, while other events succeed, "
        "is retried before it becomes a dead letter (0 to 10,000; -1 for no limit). While a sink "
        "is down completely, its events are retried until they are as old as "
        "`STOCKPULSE_MAXIMUM_RECORD_AGE_IN_SECONDS`.",
    )
    maximum_record_age_in_seconds: RecordAge = Field(
        -1,
        description="Age in seconds, counted from its arrival, at which an event is no longer "
        "retried and becomes a dead letter (60 to 604,800; -1 for no limit).",
    )
    webhook_attributes: Projection | None = Field(
        None,
        description="Which attributes of a product the webhook sends, separated by commas, such as "
        "`ProductName,Stock`; the key is always sent (docs/use/sinks.md). If unset, all.",
    )
    sinks: Annotated[Words, AfterValidator(_unique)] = Field(
        (),
        description="Names, separated by commas, of sinks that installed packages provide as entry "
        "points of the group `stockpulse.sinks` (docs/use/sinks.md). Each runs beside the sinks "
        "that have settings of their own. If unset, none.",
    )
    sink_filters: Annotated[dict[str, EventFilter], NoDecode, BeforeValidator(_patterns)] = Field(
        {},
        description="Which changes each of `STOCKPULSE_SINKS` receives: a JSON object of a filter "
        'pattern for each name, such as `{"pager": {"data": {"kind": ["stock_changed"]}}}`.',
    )
    sink_attributes: Annotated[dict[str, Projection], NoDecode, BeforeValidator(_object)] = Field(
        {},
        description="Which attributes of a product each of `STOCKPULSE_SINKS` receives: a JSON "
        'object, such as `{"pager": ["ProductName", "Stock"]}`. The key is always included.',
    )

    @model_validator(mode="after")
    def _names_known(self) -> Self:
        for setting in ("sink_filters", "sink_attributes"):
            for name in getattr(self, setting):
                if name not in self.sinks:
                    raise ValueError(
                        f"{PREFIX}{setting.upper()} names the sink {name}, which is not in "
                        f"{PREFIX}SINKS"
                    )
        return self
