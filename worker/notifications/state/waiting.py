"""The notices that wait for one subscription: some are kept, the others are counted. No I/O.

A place is where a notice is found again after a crash: a cursor of the timeline, or an id of a log.
Text order is their order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.notifications.notice import Notice

KEPT = 100  # notices; a digest counts those before them

Source = Literal["events", "alerts", "troubles"]
Places = dict[Source, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A notice and its place."""

    source: Source
    place: str
    notice: Notice


class Waiting:
    """Notices in order; `folded` are counted, but not kept.

    `first`: the places from which all of them can be read again. `first_at`: when the first one
    arrived, in ms since 1970; 0 without any.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self.folded = 0
        self.first: Places = {}
        self.first_at = 0
        for entry in entries:
            self.add(entry)

    def __len__(self) -> int:
        return len(self._entries) + self.folded

    def __contains__(self, notice_id: str) -> bool:
        return notice_id in self._entries

    @property
    def full(self) -> bool:
        """Whether one more notice would not be kept."""
        return len(self._entries) >= KEPT

    @property
    def entries(self) -> list[Entry]:
        """Those that are kept, in order."""
        return list(self._entries.values())

    def add(self, entry: Entry) -> None:
        """Add a notice, unless it is here already; beyond `KEPT`, the oldest is only counted."""
        if entry.notice.id in self._entries:
            return
        if self.full:
            del self._entries[next(iter(self._entries))]
            self.folded += 1
        self._entries[entry.notice.id] = entry
        _lower(self.first, {entry.source: entry.place})
        at = entry.notice.at_ms
        self.first_at = min(self.first_at or at, at)

    def discard(self, notice_id: str) -> None:
        """Remove a notice that waits elsewhere; `first` may be earlier than need be, then."""
        self._entries.pop(notice_id, None)

    def take(self, most: int | None = None) -> "Waiting":
        """Remove the first notices (None: all), and return them.

        All, if some are only counted: they are before the first that is kept.
        """
        taken = Waiting()
        if most is None or self.folded or len(self._entries) <= most:
            self._entries, taken._entries = {}, self._entries
            taken.folded, taken.first, taken.first_at = self.folded, self.first, self.first_at
            self.folded, self.first, self.first_at = 0, {}, 0
            return taken
        entries = self.entries
        for entry in entries[:most]:
            taken.add(entry)
        rest = Waiting(entries[most:])
        self._entries, self.first, self.first_at = rest._entries, rest.first, rest.first_at
        return taken

    def put_back(self, taken: "Waiting") -> None:
        """Undo `take`: they come first again."""
        later, folded, first, first_at = self.entries, self.folded, self.first, self.first_at
        self._entries = {entry.notice.id: entry for entry in taken.entries}
        self.folded = taken.folded
        self.first, self.first_at = dict(taken.first), taken.first_at
        for entry in later:
            self.add(entry)
        self.folded += folded
        _lower(self.first, first)
        self.first_at = min(filter(None, (self.first_at, first_at)), default=0)


def lowest(*places: Mapping[Source, str]) -> Places:
    """The first place of each source."""
    found: Places = {}
    for one in places:
        _lower(found, one)
    return found


def _lower(places: Places, others: Mapping[Source, str]) -> None:
    for source, place in others.items():
        places[source] = min(places.get(source, place), place)
