"""Steps become numbered events as `decode` makes them, and events arrive under rising cursors."""

from datetime import datetime
from itertools import count
from random import Random

from app.core.differences import shown_names
from app.core.events import ChangeEvent, Kind
from app.core.item import AttributeNames, text
from app.core.item import stock as stock_of
from app.demo.history.records import Step
from app.demo.simulation.change import Change, Drop
from app.store.feed.cursor import Cursor
from app.store.feed.feed import ROW_LIMIT

LABEL = "2025-11-30T09:00:00.000"
_FIRST = 10**20
_WRITER = "5eed5eed"
_LAG_MS = (1_030, 1_400)  # from the whole second of a change to its arrival


class Records:
    """Numbers the stream's records."""

    def __init__(self, names: AttributeNames) -> None:
        self._names = names
        self._numbers = count(_FIRST)

    def event(
        self, at: datetime, step: Step, change: Change | None = None, request_id: str | None = None
    ) -> ChangeEvent:
        """The event of a step, by the author of `change`; without one, by another program."""
        names, number = self._names, next(self._numbers)
        before, after = step.before, step.after
        is_mark = change is not None and isinstance(change.action, Drop) and after is not None
        author = None if is_mark else change
        shown = before if after is None else after
        was, now = stock_of(before, names), stock_of(after, names)
        kind: Kind = "stock_changed" if was != now else "updated"
        if is_mark:
            kind = "internal"
        elif before is None:
            kind = "inserted"
        elif after is None:
            kind = "deleted"
        return ChangeEvent(
            event_key=f"{LABEL}#{number:040d}",
            kind=kind,
            product_id=names.key.id_of(shown or {}),
            product_name=text(shown, names.name),
            category=text(shown, names.category),
            before=before,
            after=after,
            changed=self._changed(step, by_other=author is None),
            stock_before=was,
            stock_after=now,
            occurred_at=at.replace(microsecond=0),
            event_name=step.name,
            sequence_number=str(number),
            view_type="NEW_AND_OLD_IMAGES",
            actor=author and author.actor,
            reason=author and author.reason,
            note=author and author.note,
            reference=author and author.reference,
            request_id=author and request_id,
        )

    def _changed(self, step: Step, *, by_other: bool) -> tuple[str, ...]:
        before, after = step.before, step.after
        if before is None or after is None:
            return ()
        names = {name for name in (*before, *after) if before.get(name) != after.get(name)}
        return shown_names(names, self._names, by_other=by_other)


class Arrivals:
    """Stamps events with rising cursors; events of one moment share a row of the feed."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._last = Cursor(0, _WRITER, 0)

    def stamp(self, occurred_at: datetime) -> Cursor:
        """The next event's cursor."""
        ms = int(occurred_at.timestamp() * 1000) + self._random.randint(*_LAG_MS)
        last = self._last
        if ms > last.ms:
            self._last = Cursor(ms, _WRITER, 0)
        elif last.n + 1 < ROW_LIMIT:
            self._last = last.at(last.n + 1)
        else:
            self._last = Cursor(last.ms + 1, _WRITER, 0)
        return self._last
