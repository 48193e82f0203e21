"""A `Moment` is an RFC 3339 time with an offset; no other format is accepted."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from app.web.schemas.fields import Moment

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T08:30:00.25Z",
        "2026-11-21t08:30:00.250000z",
        "2026-11-21T09:30:00.250+01:00",
        "2026-11-20T20:30:00.2500000001-12:00",
    ],
)
def test_any_offset_and_fraction_is_accepted(text: str) -> None:
    assert MOMENT.validate_python(text) == datetime(2026, 11, 21, 8, 30, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1795248751",
        "2026-11-21",
        "2026-11-21T08:30:00",
        "2026-11-21T08:30Z",
        "2026-11-21 08:30:00Z",
        "2026-11-21T08:30:00 01:00",  # a `+` in a URL is decoded as a space
        "2026-11-21T08:30:00+0100",
        "2026-W47-6T08:30:00Z",
        "\uff12026-11-21T08:30:00Z",
        1795248751,  # a JSON body can hold any value
        {"at": "2026-11-21T08:30:00Z"},
        None,
    ],
)
def test_invalid_format_is_rejected_with_an_example(text: object) -> None:
    with pytest.raises(ValidationError, match=r"such as 2026-11-21T08:30:00Z .*%2B"):
        MOMENT.validate_python(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T08:30:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "2026-11-21T25:00:00Z",
        "2026-11-21T08:30:00+99:00",
    ],
)
def test_nonexistent_date_or_time_is_rejected(text: str) -> None:
    with pytest.raises(ValidationError, match="calendar"):
        MOMENT.validate_python(text)
