"""Events become documents: of a batch, the newest event of each product is written.

An event whose image is missing gets the product as the tables have it.
"""

from collections.abc import Sequence
from itertools import takewhile

from app.core.events import ChangeEvent
from app.store.feed.cursor import Cursor
from worker.consumers.sink import Placed, Rejected, Sink, Unavailable
from worker.sinks.search.current_products import CurrentProducts
from worker.sinks.search.index_check import IndexCheck
from worker.sinks.search.index_fill import IndexFill
from worker.sinks.search.index_roles import Index, IndexRoles, Roles
from worker.sinks.search.index_test import send_test
from worker.sinks.search.index_writer import CLOCKS, IndexGone, IndexWriter
from worker.sinks.search.search_document import Document, Rendering
from worker.sinks.search.search_node import SearchNode

NAME = "search"
BATCH = 200  # events
CALLS = 2  # at once: one prepares documents while the cluster stores those of the other
_TRIES = 2  # an index may be deleted during one call, when the next one takes over


class Search:
    """The search index of one deployment."""

    def __init__(
        self,
        node: SearchNode,
        roles: IndexRoles,
        rendering: Rendering,
        current: CurrentProducts,
        writer: IndexWriter,
        fill: IndexFill,
        check: IndexCheck,
    ) -> None:
        self._node = node
        self._roles = roles
        self._rendering = rendering
        self._current = current
        self._writer = writer
        self._fill = fill
        self._check = check

    def sink(self) -> Sink:
        """The sink named `search`."""
        return Sink(
            NAME,
            self.deliver,
            batch_size=BATCH,
            parallelization_factor=CALLS,
            test=lambda: send_test(self._node, self._roles),
            check=self._check,
            clock=lambda _until: self._fill.advance(),
            rebuild=self.rebuild,
            deliver_placed=self.deliver_placed,
        )

    def deliver(self, events: Sequence[ChangeEvent]) -> list[Rejected]:
        """Bring the documents of the events' products up to these events.

        Raises:
            Unavailable: some were not stored; deliver them again.

        """
        return self.deliver_placed([(None, event) for event in events])

    def deliver_placed(self, placed: Sequence[Placed]) -> list[Rejected]:
        """Do the same, but leave to the fill of an index what it finds in the tables anyway.

        Raises:
            Unavailable: some were not stored; deliver them again.

        """
        with self._node.together():
            for _ in range(_TRIES):
                try:
                    return self._deliver(placed, self._roles.now())
                except IndexGone as error:
                    gone = error
        raise gone

    def rebuild(self) -> str:
        """Begin to fill a new index; returns a sentence about it. A worker does the rest.

        Raises:
            Unavailable: the cluster does not answer.

        """
        with self._node.together():
            roles = self._roles.now()
            if roles.next is None:
                self._roles.begin(roles)
                roles = self._roles.now()
        name = "a new index" if roles.next is None else roles.next.name
        return (
            f"A worker fills {name} from the products table, and {self._roles.alias} leads to it "
            "once it is complete. Until then, searches use the index that is there."
        )

    def _deliver(self, placed: Sequence[Placed], roles: Roles) -> list[Rejected]:
        events = [event for _, event in placed]
        left: dict[str, list[ChangeEvent]] = {}
        for event in events:
            left.setdefault(event.product_id, []).append(event)
        for of_product in left.values():
            of_product.sort(key=lambda event: event.event_key)
        late = {event.product_id for cursor, event in placed if not _is_filled(cursor, roles.next)}

        def wants(index: Index, product_id: str) -> bool:
            return index is not roles.next or product_id in late

        rejected: list[Rejected] = []
        due = [
            of_product[-1]
            for product_id, of_product in left.items()
            if any(wants(index, product_id) for index in roles.written)
        ]
        while due:
            written = self._writer.write(roles.written, self._documents(due), wants)
            refused = written.refused
            if written.trouble is not None:
                undone = written.open | refused.keys() | {one.event.product_id for one in rejected}
                raise self._interrupted(written.trouble, events, undone)
            if refused:
                self._refuse_changed(roles)
            rejected += [
                Rejected(one, refused[one.product_id]) for one in due if one.product_id in refused
            ]
            for product_id in refused:
                left[product_id].pop()
            due = [left[product_id][-1] for product_id in refused if left[product_id]]
        return rejected

    def _documents(self, events: Sequence[ChangeEvent]) -> list[Document]:
        documents, unseen = [], []
        for event in events:
            gone = event.kind in {"deleted", "expired"}
            if event.after is None and not gone:  # a gap, or the image was left out
                unseen.append(event.product_id)
                continue
            at = event.occurred_at
            documents.append(
                self._rendering.document(
                    event.product_id, event.event_key, event.product_after, at, since=at
                )
            )
        return documents + (self._current(unseen) if unseen else [])

    def _refuse_changed(self, roles: Roles) -> None:
        """Raise Unavailable if documents are refused because somebody changed the mapping."""
        for index in roles.written:
            if changed := self._roles.changed_fields(index):
                raise Unavailable(
                    f"Somebody changed the search index {index.name}. {changed[0]} Build it again: "
                    f"stockpulse sinks rebuild {NAME}"
                )

    @staticmethod
    def _interrupted(
        trouble: Unavailable, events: Sequence[ChangeEvent], undone: set[str]
    ) -> Unavailable:
        if isinstance(trouble, IndexGone):
            return trouble
        accepted = list(takewhile(lambda event: event.product_id not in undone, events))
        return Unavailable(str(trouble), retry_after=trouble.retry_after, delivered=len(accepted))


def _is_filled(cursor: Cursor | None, filling: Index | None) -> bool:
    """Whether an index's fill sees what an event did: its entry was there before the index was."""
    if cursor is None or filling is None:
        return False
    return cursor.ms < (filling.created - CLOCKS).timestamp() * 1000
