"""Dead letters of the audit are decoded again when an admin requests a redrive.

A record that can be decoded now is audited and published, and so reaches the sinks.
"""

import threading
from typing import TYPE_CHECKING

from app.core.errors import StoreUnavailable
from app.runtime.retry import pause
from app.runtime.wake import Wake
from app.store.coordination.hold import Unleased
from app.store.coordination.leases import Lease
from app.store.coordination.sink_row import AUDIT, SinkRow
from app.store.dead_letters.letter import Letter
from worker.stream.decode import NotAProduct, UndecodableRecord, decode

if TYPE_CHECKING:
    from worker.hosts.wiring import Wiring


class AuditRedrive:
    """Redrives the audit's dead letters on request, while its lease lasts."""

    def __init__(self, wiring: "Wiring", lease: Lease, row: SinkRow) -> None:
        self.trouble = ""
        self._wiring = wiring
        self._lease = lease
        self._row = row
        self._stamps = wiring.deployment.stamps
        self._done: str | None = None  # the last completed request
        self._leaving = threading.Event()
        self._wake = Wake()

    def leave(self) -> None:
        """Stop after the current letter."""
        self._leaving.set()
        self._wake.hint()

    def notice(self, row: SinkRow) -> None:
        """Report that the row was read again: there may be a new request."""
        if row.redrive != self._row.redrive:
            self._row = row
            self._wake.hint()

    def hint(self) -> None:
        """Ignore published events."""

    def run(self) -> None:
        """Redrive whenever there is a request.

        Raises:
            Stopped: the worker is stopping.

        """
        failures = 0
        while not (self._wiring.stop.is_set() or self._leaving.is_set()):
            hints, row = self._wake.hints, self._row
            try:
                if row.redrive is not None and row.redrive != self._done:
                    self._redrive(row.redrive, everything=row.redrive_all)
                failures, wait, self.trouble = 0, 60.0, ""
            except StoreUnavailable as error:
                failures += 1
                wait, self.trouble = pause(failures), error.detail
            self._wake.wait(hints, wait)

    def _redrive(self, request: str, *, everything: bool) -> None:
        for letter in self._wiring.letters.due(AUDIT, everything=everything):
            if self._wiring.stop.is_set() or self._leaving.is_set():
                return
            refusal = self._take(letter)
            if refusal is None:
                self._wiring.letters.remove(letter)
            else:
                self._wiring.letters.failed(letter, refusal)
        self._wiring.sink_rows.redriven(self._lease, request)
        self._done = request

    def _take(self, letter: Letter) -> str | None:
        """Audit and publish the letter's record; returns why that is impossible."""
        if letter.record is None or not letter.stream_arn:
            return "its record was too large to be saved"
        try:
            event = decode(letter.record, letter.stream_arn, self._stamps)
        except NotAProduct:
            return None  # by a filter that was set since
        except UndecodableRecord as error:
            return str(error)
        appended = self._wiring.audit_sink.accept([event])
        self._wiring.publish(appended.arrived, Unleased())  # even if empty: drops unused stamps
        return next((refusal for _, refusal in appended.refused), None)
