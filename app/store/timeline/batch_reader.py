"""A batch has the events of feed rows, and names those that cannot be read yet, or ever."""

from collections.abc import Callable, Sequence

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import AuditRepository
from app.store.feed.cursor import Cursor
from app.store.feed.feed import EventRef
from app.store.timeline.batch import Batch, Entry
from app.store.timeline.event_cache import EventCache
from app.store.timeline.position import Position
from app.store.timeline.recent_rows import Candidate, arrivals


class BatchReader:
    """Reads events by their references, from the cache or the audit."""

    def __init__(self, audit: AuditRepository, cache: EventCache) -> None:
        self._audit = audit
        self._cache = cache

    def batch(
        self,
        candidates: Sequence[Candidate],
        edge: Cursor,
        position: Position,
        limit: int,
        busy: Callable[[Cursor], bool],
        *,
        recent: bool = True,
    ) -> Batch:
        """Up to `limit` events of the candidates, without those that are done or `busy`.

        `recent`: as in `events`.

        Raises:
            StoreUnavailable: the audit cannot be read now.

        """
        chosen: list[tuple[Cursor, EventRef, bool]] = []
        pending = False
        for cursor, ref, ready, overdue in arrivals(candidates, position):
            if busy(cursor):
                continue
            if len(chosen) == limit:
                pending = True
                break
            if not ready:
                pending = True
                continue
            chosen.append((cursor, ref, overdue))
        events, damaged = self.events([ref for _, ref, _ in chosen], recent=recent)
        batch = Batch()
        lacking: set[tuple[Cursor, str]] = set()  # rows and the products of their absent events
        for cursor, ref, overdue in chosen:
            of_product = (cursor.at(0), ref[0])
            if of_product in lacking:  # the whole row arrives again, in order
                batch.absent.append(cursor)
            elif (event := events.get(ref)) is not None:
                batch.entries.append(Entry(cursor, event))
            elif ref in damaged:
                batch.damaged.append((cursor, ref, damaged[ref]))
            elif overdue:
                lacking.add(of_product)
                batch.absent.append(cursor)
            else:  # its entry may still appear, and later events may be of the same product
                pending = True
                break
        return Batch(batch.entries, batch.damaged, batch.absent, pending, edge)

    def events(
        self, refs: Sequence[EventRef], *, recent: bool = False
    ) -> tuple[dict[EventRef, ChangeEvent], dict[EventRef, str]]:
        """The events that have an entry, and an error for each damaged entry.

        `recent`: other consumers will soon want them, too, so what is read is cached.

        Raises:
            StoreUnavailable: the audit cannot be read now.

        """
        found = self._cache.get(refs)
        missing = [ref for ref in refs if ref not in found]
        if not missing:
            return found, {}
        read, damaged = self._audit.read(missing)
        if recent:
            self._cache.add(read.values())
        return found | read, damaged
