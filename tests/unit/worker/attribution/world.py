"""Two tables that we and other programs write, and who really made each change.

What a record proves is not used here: the world notes the author when it applies a change.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.core.item import AttributeNames
from tests.support.builders import Change
from tests.support.fakes.fake_tables import FakeTables

Item = dict[str, Any]

START = 1_793_620_817.25  # seconds since 1970
TABLES = ("Products", "Archive")


class Author(NamedTuple):
    """Who made a change with a write of ours, and what was said about it."""

    actor: str | None
    reason: str | None
    note: str | None
    reference: str | None
    request_id: str | None
    reverses: str | None = None


NOBODY = Author(None, None, None, None, None)


@dataclass
class Act:
    """A request that one of our processes carries out.

    `stamped`: the store's time when the process last asked for it, in seconds.
    """

    author: Author
    deletes: bool
    stamped: float = 0.0


@dataclass(frozen=True)
class Written:
    """A stream record, and who made it (None: another program, or expiry).

    `own_step`: one of our processes marked the item for deletion, or removed that mark.
    `marked`: before the change, the item had this request's delete mark. `delay`: seconds from its
    stamp to the change.
    """

    table: str
    change: Change
    by: Author | None
    own_step: bool
    marked: bool
    delay: float
    time: float


class World:
    """The tables, their stream records, and the store's true time."""

    def __init__(
        self, names: AttributeNames, view: str, *, minutes: bool, limit: int | None
    ) -> None:
        self.names, self.view = names, view
        self.now = START
        self.tables: Any = FakeTables(
            dict.fromkeys(TABLES, ("ProductID",)),
            None if limit is None else dict.fromkeys(TABLES, limit),
            now=lambda: self.now,
        )
        self.tables.watchers.append(self._watch)
        self.written: list[Written] = []
        self.images: list[Item] = []  # every state that an item ever had
        self._minutes = minutes
        self._act: Act | None = None
        self._expires = False

    @contextmanager
    def acting(self, act: Act | None, *, expires: bool = False) -> Iterator[None]:
        """Changes inside the block are made by this act; None: by another program."""
        former = self._act, self._expires
        self._act, self._expires = act, expires
        try:
            yield
        finally:
            self._act, self._expires = former

    def stamping(self) -> None:
        """The running act asks for the time."""
        if self._act is not None:
            self._act.stamped = self.now

    def _watch(self, table: str, before: Item | None, after: Item | None) -> None:
        if before == after:
            return
        if after is not None:
            self.images.append(after)
        act = self._act
        own_step = act is not None and act.deletes and after is not None
        self.written.append(
            Written(
                table,
                Change(
                    "INSERT" if before is None else "REMOVE" if after is None else "MODIFY",
                    before,
                    after,
                    self.view,
                    str(10**21 + len(self.written)),
                    self._record_time(),
                    by_ttl=self._expires,
                ),
                None if act is None else act.author,
                own_step,
                marked=act is not None and self._has_mark(before, act),
                delay=0.0 if act is None else self.now - act.stamped,
                time=self.now,
            )
        )

    def _has_mark(self, item: Item | None, act: Act) -> bool:
        mark = (item or {}).get(self.names.metadata, {}).get("M", {}).get("deleted", {"M": {}})
        return mark["M"].get("request_id") == {"S": act.author.request_id}

    def _record_time(self) -> datetime:
        """The service gives whole seconds, DynamoDB Local whole minutes."""
        return datetime.fromtimestamp(self.now // 60 * 60 if self._minutes else self.now // 1, UTC)
