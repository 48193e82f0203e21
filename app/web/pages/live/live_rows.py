"""The Live page's rows come from the broker's ring, not the store, and each is rendered once.

An event never changes, so its rendered row is cached while it is among the newest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app.broker.frames import Frame, data_of_frame
from app.core.events import split_event_id
from app.store.audit.chain import is_baseline
from app.web.pages.event_rows import row_from
from app.web.pages.templating import row_markup

ROWS = 200  # the API's page size, with which the script catches up
_MAX_FRAMES = 5 * ROWS  # frames read; most may be baselines


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One change as the page shows and counts it; `data` is the event's data without images."""

    row: Markup
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowStyle:
    """What a row depends on besides its event."""

    zone: ZoneInfo
    stock_name: str
    base: str


def newest_changes(frames: Iterable[Frame], style: RowStyle) -> tuple[list[ShownChange], bool]:
    """Up to 200 changes from frames in newest-first order, and whether those are all."""
    changes: dict[str, ShownChange] = {}
    left = iter(frames)
    for frame in _without_baselines(islice(left, _MAX_FRAMES)):
        if len(changes) == ROWS:
            return [*changes.values()], False
        changes.setdefault(frame.event_id, _shown(frame, style))
    return [*changes.values()], next(left, None) is None


def _without_baselines(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Leave out baselines: there can be thousands when the stream is first read."""
    for frame in frames:
        key = split_event_id(frame.event_id)
        if key is None or not is_baseline(key[1]):
            yield frame


@lru_cache(maxsize=2 * ROWS)
def _shown(frame: Frame, style: RowStyle) -> ShownChange:
    data = data_of_frame(frame)
    row = row_markup(row_from(data, style.zone, style.stock_name), style.base)
    return ShownChange(row, data | {"before": None, "after": None})
