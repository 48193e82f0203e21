"""States from an archive: narrow columns choose each product's last event, then its image is read.

What is kept in memory is a few hundred bytes for each product, never an image.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from app.commands.restore.choice import State, last_link, older_than_history, without_image
from app.core.events import RESERVED, rfc3339
from app.core.item import digest
from app.store.audit.chain import Link
from worker.sinks.archive.files import reading
from worker.sinks.archive.names import first_in, format_of
from worker.sinks.archive.place import Place
from worker.sinks.archive.rows import LINK, STATE, image_in, in_ms

_WITH_AFTER = {"NEW_AND_OLD_IMAGES", "NEW_IMAGE"}

_READERS = 8  # files that are read at the same time
_FEW = 20  # rows of a file, with their images, that are read ahead

T = TypeVar("T")
R = TypeVar("R")

Where = tuple[int, int]  # a file's number, and a row's in it


@dataclass(slots=True)
class _Product:
    """What is known of a product's events after some files."""

    first: tuple[str, int, bool]  # key, time in ms, and whether it says that the product was new
    events: int = 0
    last: str = ""  # the greatest key up to the moment
    reconciled: bool = False  # whether the event with that key is `reconciled`
    where: Where = (0, 0)


class ArchivedStates:
    """The products of a time, from the files of an archive."""

    def __init__(self, place: Place, moment: datetime, say: Callable[[str], None]) -> None:
        self.events = 0
        self._place = place
        self._moment, self._ms = moment, in_ms(moment)
        self._say = say
        self._names = [name for name in place.names() if format_of(name) is not None]
        self._products: dict[str, _Product] = {}

    @property
    def note(self) -> str:
        """What the reader should know of the archive; "" if it has all changes up to the time.

        Raises:
            Unavailable: the last file cannot be read.

        """
        last = next((name for name in reversed(self._names) if first_in(name) is not None), None)
        if last is None:
            return "The archive has no file yet."
        with reading(self._place, last) as reader:
            end = reader.end()
        if end is None or end.ms > self._ms:
            return ""
        at = rfc3339(datetime.fromtimestamp(end.ms / 1000, UTC))
        return (
            f"The last change in the archive arrived at {at}. If there were later ones before the "
            "time asked for, they are not archived yet: use --from audit, or try again in minutes."
        )

    def __iter__(self) -> Iterator[State]:
        """The state of each product that is known to have existed then.

        Raises:
            Unavailable: a file cannot be read.

        """
        for number, events in enumerate(_ahead(self._events, self._names)):
            self._say(f"{number:,} of {len(self._names):,} files read")
            self._note(number, events)
        doubtful = {
            product_id
            for product_id, product in self._products.items()
            if product.reconciled and product.events > 1
        }
        if doubtful:
            self._choose(doubtful)
        wanted: dict[int, list[int]] = defaultdict(list)
        for product_id, product in self._products.items():
            _, begins, was_new = product.first
            if product.last:
                wanted[product.where[0]].append(product.where[1])
            elif not was_new:
                at = datetime.fromtimestamp(begins / 1000, UTC)
                yield older_than_history(product_id, at)
        self._products.clear()
        yield from self._all_states([(number, sorted(wanted[number])) for number in sorted(wanted)])

    def _events(self, name: str) -> list[tuple[Any, ...]]:
        with reading(self._place, name) as reader:
            return list(reader.choosing())

    def _note(self, number: int, events: Iterable[tuple[Any, ...]]) -> None:
        for row, (product_id, key, kind, event_name, at) in enumerate(events):
            if product_id.startswith(RESERVED):
                continue
            self.events += 1
            product = self._products.get(product_id)
            if product is None or key < product.first[0]:
                first = (key, at, kind == "inserted" or event_name == "INSERT")
                if product is None:
                    product = self._products[product_id] = _Product(first)
                product.first = first
            product.events += 1
            if key > product.last and at <= self._ms:
                product.last, product.reconciled = key, kind == "reconciled"
                product.where = (number, row)

    def _choose(self, doubtful: set[str]) -> None:
        """Choose again where the last event may be void, from all events of those products."""
        links: dict[str, dict[str, tuple[Link, Where]]] = defaultdict(dict)
        for number, name in enumerate(self._names):
            self._say(f"{number:,} of {len(self._names):,} files read again")
            with reading(self._place, name) as reader:
                ids = enumerate(one[0] for one in reader.choosing())
                rows = [row for row, product_id in ids if product_id in doubtful]
            if rows:
                with reading(self._place, name) as reader:
                    for row, found in zip(rows, reader.some(rows, LINK), strict=True):
                        link = _link_in(found)
                        links[found["product_id"]][link.key] = link, (number, row)
        for product_id, by_key in links.items():
            product = self._products[product_id]
            last = last_link([by_key[key][0] for key in sorted(by_key)], self._moment)
            product.last = "" if last is None else last.key
            if last is not None:
                product.where = by_key[last.key][1]

    def _all_states(self, wanted: list[tuple[int, list[int]]]) -> Iterator[State]:
        """The states of all chosen rows; `wanted`: numbers of files, and of rows in them."""

        def few(one: tuple[int, list[int]]) -> list[State] | None:
            number, rows = one
            return None if len(rows) > _FEW else list(self._states(self._names[number], rows))

        for (number, rows), states in zip(wanted, _ahead(few, wanted), strict=True):
            yield from self._states(self._names[number], rows) if states is None else states

    def _states(self, name: str, rows: list[int]) -> Iterator[State]:
        with reading(self._place, name) as reader:
            for found in reader.some(rows, STATE):
                if _is_gone(found):
                    continue
                item = image_in(found["after"])
                if item is None:
                    yield without_image(found["product_id"], found["occurred_at"])
                else:
                    yield State(found["product_id"], item)


def _ahead(read: Callable[[T], R], given: Iterable[T]) -> Iterator[R]:
    """What `read` returns for each, in order; some are read ahead, because a bucket is far away."""
    with ThreadPoolExecutor(_READERS) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for one in given:
                waiting.append(pool.submit(read, one))
                if len(waiting) == _READERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _is_gone(row: Mapping[str, Any]) -> bool:
    """Whether there was no product after the event; an image that was omitted does not say so."""
    return row["kind"] in {"deleted", "expired"} or (
        row["after"] is None and not row["images_omitted"] and row["view_type"] in _WITH_AFTER
    )


def _link_in(row: Mapping[str, Any]) -> Link:
    kind = row["kind"]
    before = None if kind == "inserted" else image_in(row["before"])
    after = None if kind in {"deleted", "expired"} else image_in(row["after"])
    return Link(
        key=row["event_key"],
        kind=kind,
        event_name=row["event_name"],
        view_type=row["view_type"],
        before=None if before is None else digest(before),
        after=None if after is None else digest(after),
        occurred_at=row["occurred_at"],
        request_id=row["request_id"],
    )
