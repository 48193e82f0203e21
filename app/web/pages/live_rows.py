"""The Live page's rows come from the broker's ring: no store is read, and a row is rendered once.

An event never changes, so its row is kept for as long as it is among the newest.
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

ROWS = 200  # as many as a page of the API, with which the script catches up
_LOOKED_AT = 5 * ROWS  # frames, where most are no news


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One change as the page shows and counts it; `data` is the wire's, without the images."""

    row: Markup
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What decides how a row looks, apart from its event."""

    zone: ZoneInfo
    stock_name: str
    base: str


def newest_changes(frames: Iterable[Frame], look: Look) -> tuple[list[ShownChange], bool]:
    """Up to 200 changes of frames that come newest first, and whether that was all of them."""
    changes: dict[str, ShownChange] = {}
    left = iter(frames)
    for frame in _news(islice(left, _LOOKED_AT)):
        if len(changes) == ROWS:
            return [*changes.values()], False
        changes.setdefault(frame.event_id, _shown(frame, look))
    return [*changes.values()], next(left, None) is None


def _news(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Leave out baselines: thousands of products can be there when their history begins."""
    for frame in frames:
        key = split_event_id(frame.event_id)
        if key is None or not is_baseline(key[1]):
            yield frame


@lru_cache(maxsize=2 * ROWS)
def _shown(frame: Frame, look: Look) -> ShownChange:
    data = data_of_frame(frame)
    row = row_markup(row_from(data, look.zone, look.stock_name), look.base)
    return ShownChange(row, data | {"before": None, "after": None})
