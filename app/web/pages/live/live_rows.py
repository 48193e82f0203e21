"""The Live page's rows come from the broker's ring, not the store, and each is rendered once.

An event never changes, so its rendered row is cached while it is among the newest. Where the ring
has too few events that pass the page's filter, older ones come from the read model.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app.broker.frames import Frame, data_of_frame
from app.core.errors import StoreUnavailable
from app.core.events import data_of, split_event_id
from app.readmodel.copy_state import ReadModelFilling
from app.store.audit.chain import is_baseline
from app.web.pages.event_rows import Row, row_from
from app.web.pages.live.tiles import Effect, effect_of
from app.web.pages.rows.stock_level import LevelNames
from app.web.pages.templating import row_markup
from app.web.requests.event_filters import EventSearch
from app.web.services import Services

COUNTED = 200  # newest events that the tiles compare with the read model's
ROWS = 100
_MAX_FRAMES = 5 * COUNTED  # frames read for these; most may be baselines


@dataclass(frozen=True, slots=True)
class Change:
    """One change as the tiles count it and the filter suggests it."""

    product_id: str
    product_name: str
    category: str | None
    actor: str | None
    event_key: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class RowStyle:
    """What a row depends on besides its event; `undo`: whether the reader may undo it."""

    zone: ZoneInfo
    stock_name: str
    level_names: LevelNames
    base: str
    undo: bool
    today: date


def newest_changes(frames: Iterable[Frame], level_names: LevelNames) -> tuple[list[Change], bool]:
    """Up to 200 changes from frames in newest-first order, and whether those are all."""
    changes: dict[str, Change] = {}
    left = iter(frames)
    for frame in _without_baselines(islice(left, _MAX_FRAMES)):
        if len(changes) == COUNTED:
            return [*changes.values()], False
        changes.setdefault(frame.event_id, _change(frame, level_names))
    return [*changes.values()], next(left, None) is None


def newest_rows(
    services: Services,
    frames: Sequence[Frame],
    search: EventSearch,
    style: RowStyle,
    *,
    complete: bool,
) -> list[Markup]:
    """The newest rows that pass the filter.

    `frames` are newest first; `complete`: there are no older events.
    """
    rows: dict[str, Markup] = {}
    for frame in _without_baselines(frames):
        if len(rows) == ROWS:
            break
        if search.live.admits(frame.topic) and frame.event_id not in rows:
            rows[frame.event_id] = _row(frame, style)
    if len(rows) < ROWS and not complete and services.read_model.state.events.filled:
        with suppress(ReadModelFilling, StoreUnavailable):
            for _, event in services.read_model.events(search.query, ROWS).items:
                if not is_baseline(event.event_key) and len(rows) < ROWS:
                    rows.setdefault(event.id, _markup(_row_of(data_of(event), style), style))
    return [*rows.values()]


def _without_baselines(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Leave out baselines: there can be thousands when the stream is first read."""
    for frame in frames:
        key = split_event_id(frame.event_id)
        if key is None or not is_baseline(key[1]):
            yield frame


@lru_cache(maxsize=2 * COUNTED)
def _change(frame: Frame, level_names: LevelNames) -> Change:
    data = data_of_frame(frame)
    return Change(
        data["product_id"],
        data["product_name"] or "",
        data["category"],
        data["actor"],
        data["event_key"],
        effect_of(data, level_names),
    )


@lru_cache(maxsize=4 * ROWS)
def _row(frame: Frame, style: RowStyle) -> Markup:
    return _markup(_row_of(data_of_frame(frame), style), style)


def _row_of(data: dict[str, object], style: RowStyle) -> Row:
    return row_from(data, style.zone, style.stock_name, style.level_names, style.today)


def _markup(row: Row, style: RowStyle) -> Markup:
    return row_markup(row, style.base, undo=style.undo)
