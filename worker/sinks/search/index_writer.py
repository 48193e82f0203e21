"""Documents are written until each index has every one of them, or a newer one of its product.

A state that was read or written before is remembered, so most documents take one request. It never
decides that a document is not needed: somebody may have deleted it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import orjson

from worker.consumers.sink import Unavailable
from worker.sinks.search.bulk_outcomes import Outcome, Stored, action, outcome, stored_in
from worker.sinks.search.index_roles import Index
from worker.sinks.search.search_document import Document
from worker.sinks.search.search_node import SearchNode

REMEMBERED = 20_000  # documents
ROUNDS = 5
REQUEST_BYTES = 5 * 1024 * 1024  # Amazon's smallest nodes accept 10 MB
# Clocks differ, and the time of a stream record is approximate.
CLOCKS = timedelta(minutes=2)

Place = tuple[str, str]  # index, document id
Line = tuple[Place, bytes]  # an action with its document

_FIELDS = "items.*._seq_no,items.*._primary_term,items.*.status,items.*.error"


class IndexGone(Unavailable):
    """An index was deleted since it was found; look again."""


@dataclass(slots=True)
class Written:
    """What became of the documents.

    `open`: ids of products that some index does not have yet, because of `trouble`. `refused`: why
    an index can never store a product's document.
    """

    open: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    trouble: Unavailable | None = None


class IndexWriter:
    """Writes to the indices of one cluster; threads share it."""

    def __init__(
        self, node: SearchNode, current: Callable[[Sequence[str]], Sequence[Document]]
    ) -> None:
        """`current` reads products from the tables; it raises Unavailable."""
        self._node = node
        self._current = current
        self._known: OrderedDict[Place, Stored] = OrderedDict()
        self._lock = threading.Lock()

    def write(
        self,
        indices: Sequence[Index],
        documents: Sequence[Document],
        wants: Callable[[Index, str], bool] = lambda _index, _product_id: True,
    ) -> Written:
        """Store documents of different products, unless an index has a newer one of a product.

        `wants`: whether an index gets a product's document.
        """
        by_name = {index.name: index for index in indices}
        waiting = {
            (index.name, one.id): one
            for index in indices
            for one in documents
            if wants(index, one.product_id)
        }
        result = Written()
        try:
            for _ in range(ROUNDS):
                if waiting:
                    self._round(by_name, waiting, result)
        except Unavailable as error:
            result.trouble = error
        if waiting and result.trouble is None:
            result.trouble = Unavailable("Another program keeps changing the same documents.")
        result.open = {one.product_id for one in waiting.values()}
        return result

    def _round(
        self, indices: dict[str, Index], waiting: dict[Place, Document], result: Written
    ) -> None:
        """Send what an index lacks; what meets a conflict waits for the next round."""
        stored = self._stored(waiting)
        self._replace_old(indices, waiting, stored)
        for part in portions(self._lines(indices, waiting, stored)):
            self._send(part, waiting, result)

    def _stored(self, waiting: dict[Place, Document]) -> dict[Place, Stored | None]:
        """What the indices have: as remembered if that is older, else as it is now."""
        found: dict[Place, Stored | None] = {}
        with self._lock:
            for place, document in waiting.items():
                known = self._known.get(place)
                if known is not None and known.key < document.key:
                    found[place] = known
        unknown = [place for place in waiting if place not in found]
        if unknown:
            found |= self._read(unknown)
        return found

    def _read(self, places: Sequence[Place]) -> dict[Place, Stored | None]:
        answer = self._node(
            "POST",
            "/_mget",
            {"docs": [{"_index": index, "_id": identifier} for index, identifier in places]},
            _source_includes="event_key",
        )
        documents = answer.document.get("docs", [])
        if len(documents) != len(places):
            raise Unavailable(f"The documents cannot be read: {answer.reason}")
        for document in documents:
            if "error" in document:
                raise IndexGone(f"The index {document['_index']} cannot be read.")
        return {
            place: stored_in(document) for place, document in zip(places, documents, strict=True)
        }

    def _replace_old(
        self,
        indices: dict[str, Index],
        waiting: dict[Place, Document],
        stored: dict[Place, Stored | None],
    ) -> None:
        """Replace documents of events that are older than an index without the product.

        The product may have been deleted before the index was made, and then no later event would
        delete the document again. So the index gets what the tables have now.
        """
        old = [
            place
            for place, document in waiting.items()
            if stored[place] is None
            and document.since is not None
            and document.since < indices[place[0]].created + CLOCKS
        ]
        if not old:
            return
        ids = sorted({waiting[place].product_id for place in old})
        now = {document.product_id: document for document in self._current(ids)}
        for place in old:
            waiting[place] = now[waiting[place].product_id]

    def _lines(
        self,
        indices: dict[str, Index],
        waiting: dict[Place, Document],
        stored: dict[Place, Stored | None],
    ) -> list[Line]:
        """The actions to send; documents that an index has already no longer wait."""
        lines: list[Line] = []
        for place, document in list(waiting.items()):
            line = action(document, indices[place[0]].target, stored[place])
            if line is None:
                del waiting[place]
            else:
                lines.append((place, b"%s\n%s\n" % (orjson.dumps(line), document.body)))
        return lines

    def _send(self, lines: Sequence[Line], waiting: dict[Place, Document], result: Written) -> None:
        answer = self._node(
            "POST",
            "/_bulk",
            b"".join(line for _, line in lines),
            lines=True,
            require_alias="true",
            timeout="3s",
            filter_path=_FIELDS,
        )
        items = answer.document.get("items", [])
        if answer.status == 413 and len(lines) == 1:
            items = [{"index": {"status": 413, "error": "the document is too large"}}]
        if len(items) != len(lines):
            raise Unavailable(f"OpenSearch did not take the documents: {answer.reason}")
        failed: Outcome | None = None
        for (place, _), item in zip(lines, items, strict=True):
            became = outcome(item)
            self._note(place, waiting, became, result)
            if became.kind in {"gone", "busy"}:
                failed = became
        if failed is not None and failed.kind == "gone":
            raise IndexGone(f"An index was deleted: {failed.reason}")
        if failed is not None:
            raise Unavailable(f"OpenSearch did not store a document: {failed.reason}")

    def _note(
        self, place: Place, waiting: dict[Place, Document], became: Outcome, result: Written
    ) -> None:
        if became.kind == "written":
            self._remember(place, Stored(waiting[place].key, became.seq_no, became.primary_term))
        else:
            self._forget(place)
        if became.kind == "refused":
            result.refused[waiting[place].product_id] = became.reason
        if became.kind in {"written", "refused"}:
            del waiting[place]

    def _remember(self, place: Place, state: Stored) -> None:
        with self._lock:
            self._known[place] = state
            self._known.move_to_end(place)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def _forget(self, place: Place) -> None:
        with self._lock:
            self._known.pop(place, None)


def portions(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Split lines into requests of at most `REQUEST_BYTES`, each with one document or more."""
    part: list[Line] = []
    size = 0
    for line in lines:
        if part and size + len(line[1]) > REQUEST_BYTES:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line[1])
    if part:
        yield part
