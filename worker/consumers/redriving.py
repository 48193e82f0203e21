"""A redrive delivers a sink's dead letters again, in batches; the audit has their events."""

from collections.abc import Iterator
from itertools import islice

from app.core.errors import StoreUnavailable
from app.store.coordination.sink_row import SinkRow
from app.store.dead_letters.letter import Letter
from worker.consumers.delivery_threads import DeliveryThreads
from worker.consumers.process_parts import Shared
from worker.consumers.schedule import Delivery

AT_A_TIME = 100  # letters that are redriven at a time


class Redriving:
    """The redrives of one sink under one lease."""

    def __init__(self, shared: Shared, threads: DeliveryThreads) -> None:
        self._letters = shared.letters
        self._event = shared.event
        self._threads = threads
        self._scan: tuple[str, Iterator[Letter]] | None = None

    def forget(self) -> None:
        """Drop the scan: no delivery is pending, and the next request starts from the beginning."""
        self._scan = None

    def advance(self, row: SinkRow) -> tuple[bool, str | None]:
        """Deliver the next letters that the row's request asks for.

        Returns whether more can be delivered at once, and the request when it is finished.

        Raises:
            StoreUnavailable: the tables cannot be read now; the scan starts again.

        """
        if self._scan is None:
            if row.redrive is None:
                return False, None
            letters = self._letters.due(row.name, everything=row.redrive_all)
            self._scan = row.redrive, letters
        request, letters = self._scan
        if self._threads.full:
            return False, None
        try:
            some = list(islice(letters, AT_A_TIME))
            self._threads.offer(self._deliveries(some))
        except StoreUnavailable:
            self._scan = None
            raise
        if some or self._threads.redriving:
            return bool(some), None
        self._scan = None
        return False, request

    def _deliveries(self, letters: list[Letter]) -> list[Delivery]:
        pending, due = self._threads.redriving, []
        for letter in letters:
            event = self._event((letter.product_id, letter.event_key))
            if event is None:
                self._letters.failed(letter, "its audit entry has expired or is damaged")
            elif letter.id not in pending:
                due.append(Delivery(event, letter=letter))
        return due
