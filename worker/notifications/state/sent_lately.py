"""Deliveries that are remembered, so that what is offered again is not sent again. No I/O."""

from collections import OrderedDict
from collections.abc import Iterable

from worker.notifications.state.waiting import Entry

_REMEMBERED = 20_000  # deliveries


class SentLately:
    """The newest deliveries, by subscription and notice."""

    def __init__(self) -> None:
        self._sent: OrderedDict[tuple[str, str], None] = OrderedDict()

    def has(self, subscription: str, notice_id: str) -> bool:
        """Whether the notice was sent for the subscription."""
        return (subscription, notice_id) in self._sent

    def note(self, subscription: str, entries: Iterable[Entry]) -> None:
        """Remember notices that were sent."""
        for entry in entries:
            self._sent[subscription, entry.notice.id] = None
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
