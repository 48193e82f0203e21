"""A product's history is read newest first, with its void entries and its repeats marked.

Whether a `reconciled` entry is void depends on its neighbours (`app.store.audit.chain`), which may
be on another page. If such an entry is first or last on a page, a few links beyond it are read. A
repeat has the request id of an earlier entry, which is mostly a few links away.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.events import ChangeEvent, is_event_key
from app.core.keys import row_id
from app.store.audit.chain import Link, link_of, void_keys
from app.store.audit.chain_reader import ChainReader
from app.store.audit.damaged import readable_entries
from app.store.audit.entry import event_of
from app.store.dynamodb.paging import PageRoom, decode_cursor, encode_cursor, event_size
from app.store.dynamodb.reads import newest_first

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Links read beyond a page. In a longer run of `reconciled` entries, void ones are not marked.
BESIDE = 50
_READS = 4  # calls for one page, if internal entries take up the first
BEFORE = 10  # the same, for the entry that a repeat repeats; `verify` counts all repeats


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Events, the cursor of the next page (None: the end), and keys of void events and repeats."""

    items: list[ChangeEvent]
    next_cursor: str | None
    void: frozenset[str]
    repeats: frozenset[str] = frozenset()


class HistoryReader:
    """Reads the audit table as one history per product."""

    def __init__(self, client: "DynamoDBClient", table: str, chains: ChainReader) -> None:
        self._client = client
        self._table = table
        self._chains = chains

    def page(self, product_id: str, limit: int, cursor: str | None = None) -> HistoryPage:
        """Up to `limit` events, newest first, without internal ones; fewer if they are large.

        A page can be short of `limit` even if there are more events: follow `next_cursor`.

        Raises:
            InvalidCursor: no page returned this cursor.

        """
        start = None if cursor is None else decode_cursor(cursor, is_event_key)
        entries: list[dict[str, Any]] = []
        events: list[ChangeEvent] = []
        room = PageRoom(limit)
        for _ in range(_READS):
            found, start = newest_first(
                self._client,
                self._table,
                ("ProductID", row_id(product_id)),
                "EventKey",
                room.items,
                start,
            )
            for entry in found:
                entries.append(entry)
                for event in readable_entries(event_of, [entry]):
                    shown = event.kind != "internal"
                    events += [event] * shown
                    room.take(event_size(event), items=shown)
                if room.full and entry is not found[-1]:
                    start = entry["EventKey"]["S"]
                    break
            if start is None or room.full:
                break
        links = list(readable_entries(link_of, reversed(entries)))
        void = self.void(product_id, links, newer=cursor is not None, older=start is not None)
        repeats = self._repeats(product_id, links, older=start is not None)
        next_cursor = None if start is None else encode_cursor(start)
        return HistoryPage(events, next_cursor, void, repeats)

    def _repeats(self, product_id: str, links: Sequence[Link], *, older: bool) -> frozenset[str]:
        """The keys of links, oldest first, that have the request id of an earlier one."""
        seen: set[str | None] = set()
        if older and any(link.request_id for link in links):
            beyond = self._chains.beside(product_id, links[0].key, BEFORE, newer=False)
            seen = {link.request_id for link in beyond}
        found = set()
        for link in links:
            if link.request_id is not None and link.request_id in seen:
                found.add(link.key)
            seen.add(link.request_id)
        return frozenset(found)

    def void(
        self, product_id: str, links: Sequence[Link], *, newer: bool, older: bool
    ) -> frozenset[str]:
        """The keys of the void links among consecutive links, oldest first.

        `newer` and `older` say whether the chain may continue beyond them on that side.
        """
        if all(link.kind != "reconciled" for link in links):
            return frozenset()
        own = {link.key for link in links}
        trail = list(links)
        if newer and trail[-1].kind == "reconciled":
            beyond = self._chains.beside(product_id, trail[-1].key, BESIDE, newer=True)
            trail += _through_first_other(beyond)
        if older and trail[0].kind == "reconciled":
            beyond = self._chains.beside(product_id, trail[0].key, BESIDE, newer=False)
            trail = [*reversed(list(_through_first_other(beyond))), *trail]
        return frozenset(void_keys(trail) & own)


def _through_first_other(links: Iterable[Link]) -> Iterator[Link]:
    """Links up to and including the first that is not `reconciled`; those beyond have no effect."""
    for link in links:
        yield link
        if link.kind != "reconciled":
            return
