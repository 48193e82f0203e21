"""The newest gaps of shards and products come from one bounded read of the feed's list of gaps."""

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import AuditRepository
from app.store.feed.feed import EventRef, Feed


class NewestGaps:
    """Caches its last result: an entry never changes, so it is read once."""

    def __init__(self, feed: Feed, audit: AuditRepository) -> None:
        self._feed = feed
        self._audit = audit
        self._known: dict[EventRef, ChangeEvent] = {}

    def __call__(self, limit: int) -> list[ChangeEvent]:
        """Up to `limit` gaps, newest first."""
        refs = [arrival.ref for arrival in self._feed.newest_gaps(limit)]
        known = self._known
        read = self._audit.get_many([ref for ref in refs if ref not in known])
        found = {ref: event for ref in refs if (event := known.get(ref) or read.get(ref))}
        self._known = found
        return list(found.values())
