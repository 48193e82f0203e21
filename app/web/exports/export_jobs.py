"""Exports are built one after another by one thread.

Each has a folder of its own in the data folder. It is deleted an hour after the export was started,
a minute after its first download, and at the process's start and end. An account has a few exports
at a time, and the process not many more.
"""

import logging
import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from app.core.errors import StockpulseError
from app.runtime.loop_thread import LoopThread
from app.web.errors import ExportNotFound, ExportNotReady, TooManyExports, TooManyOfYourExports
from app.web.exports.export_build import Export, Order, Stopped, build

_log = logging.getLogger(__name__)

OF_ACCOUNT, IN_ALL = 3, 12  # exports at a time, and as many downloads beside them
REST = 2.0  # the pause after a page, as a multiple of its duration
KEPT = timedelta(hours=1)
KEPT_AFTER_DOWNLOAD = timedelta(minutes=1)  # so that an interrupted download can be continued


@dataclass(slots=True)
class _Job:
    account: str
    order: Order
    folder: Path
    export: Export

    @property
    def file(self) -> Path:
        return self.folder / "export"


class Exports:
    """The exports of one process; a context manager that ends the thread. Thread-safe."""

    def __init__(
        self, data_dir: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = data_dir / "exports"
        self._now = now
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}
        self._downloads: Counter[str] = Counter()
        self._thread = LoopThread("exports", self._turn)

    def __enter__(self) -> Self:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._thread.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.__exit__()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, account: str, order: Order) -> Export:
        """Start an export.

        Raises:
            TooManyOfYourExports, TooManyExports: it is not started.

        """
        self._expire()
        now = self._now()
        export = Export(
            secrets.token_urlsafe(12), order.rows.name, order.format, order.total, now, now + KEPT
        )
        with self._lock:
            held = Counter(job.account for job in self._jobs.values())
            _check(held, account, "exports", "Download or delete one of them")
            self._jobs[export.id] = _Job(account, order, self._folder / export.id, export)
        self._thread.wake()
        return export

    def of(self, account: str) -> list[Export]:
        """The account's exports, newest first."""
        self._expire()
        with self._lock:
            found = [job.export for job in self._jobs.values() if job.account == account]
        return found[::-1]

    def get(self, account: str, export_id: str) -> Export:
        """One of the account's exports.

        Raises:
            ExportNotFound: the account has no such export.

        """
        return self._job(account, export_id).export

    def file(self, account: str, export_id: str) -> Path:
        """The file of a finished export, which is now deleted soon.

        Raises:
            ExportNotFound: the account has no such export.
            ExportNotReady: it is not finished, or has failed.

        """
        job = self._job(account, export_id)
        export = job.export
        if export.state != "ready":
            raise ExportNotReady(
                export.trouble
                or f"The export has {export.done} of {export.total} rows so far. Try again soon.",
                headers={} if export.trouble else {"Retry-After": "2"},
            )
        until = min(export.expires_at, self._now() + KEPT_AFTER_DOWNLOAD)
        job.export = replace(export, expires_at=until)
        self._thread.wake()
        return job.file

    def drop(self, account: str, export_id: str) -> None:
        """Delete an export, finished or not.

        Raises:
            ExportNotFound: the account has no such export.

        """
        self._remove(self._job(account, export_id))

    @contextmanager
    def downloading(self, account: str) -> Iterator[None]:
        """Count a download that is made while it is sent, until the block ends.

        Raises:
            TooManyOfYourExports, TooManyExports: it must not begin.

        """
        with self._lock:
            _check(self._downloads, account, "downloads", "Wait for one of them")
            self._downloads[account] += 1
        try:
            yield
        finally:
            with self._lock:
                self._downloads[account] -= 1
                self._downloads += Counter()  # drops those at zero

    def _job(self, account: str, export_id: str) -> _Job:
        self._expire()
        job = self._jobs.get(export_id)
        if job is None or job.account != account:
            raise ExportNotFound(
                "You have no such export. An export is deleted an hour after its start and a "
                "minute after its download, and only the server process that built it has it."
            )
        return job

    def _turn(self) -> float | None:
        self._expire()
        with self._lock:
            waiting = [job for job in self._jobs.values() if job.export.state == "waiting"]
            ends = [job.export.expires_at for job in self._jobs.values()]
        if waiting:
            self._run(waiting[0])
            return 0.0
        return max(0.0, (min(ends) - self._now()).total_seconds()) if ends else None

    def _run(self, job: _Job) -> None:
        job.export = replace(job.export, state="running")
        try:
            job.folder.mkdir(parents=True, mode=0o700)
            build(job.order, job.file, lambda *so_far: self._report(job, *so_far), self._rest)
            ended = replace(job.export, state="ready", size=job.file.stat().st_size)
        except Exception as error:  # noqa: BLE001 - the other exports must still be built
            shutil.rmtree(job.folder, ignore_errors=True)
            ended = replace(job.export, state="failed", trouble=_trouble(error))
        with self._lock:
            job.export = ended
            is_kept = ended.id in self._jobs
        if not is_kept:
            shutil.rmtree(job.folder, ignore_errors=True)

    def _report(self, job: _Job, done: int, shortened: int) -> None:
        if job.export.id not in self._jobs:
            raise Stopped
        job.export = replace(job.export, done=done, shortened=shortened)

    def _rest(self, seconds: float) -> None:
        if self._thread.stop.wait(REST * seconds):
            raise Stopped

    def _expire(self) -> None:
        now = self._now()
        with self._lock:
            old = [job for job in self._jobs.values() if job.export.expires_at <= now]
        for job in old:
            self._remove(job)

    def _remove(self, job: _Job) -> None:
        """Forget an export; the thread removes the folder of one that it is building."""
        with self._lock:
            self._jobs.pop(job.export.id, None)
            is_built = job.export.state == "running"
        if not is_built:
            shutil.rmtree(job.folder, ignore_errors=True)


def _trouble(error: Exception) -> str:
    if isinstance(error, StockpulseError):
        return error.detail
    if isinstance(error, OSError):
        return f"The file could not be written: {error.strerror or error}."
    if not isinstance(error, Stopped):
        _log.error("an export failed unexpectedly", exc_info=error)
    return "Something went wrong on the server. Its log has the details."


def _check(held: Counter[str], account: str, what: str, remedy: str) -> None:
    if held[account] >= OF_ACCOUNT:
        raise TooManyOfYourExports(
            f"You already have {OF_ACCOUNT} {what}. {remedy}, or try again later.",
            headers={"Retry-After": "10"},
        )
    if held.total() >= IN_ALL:
        raise TooManyExports(
            f"The server already has {IN_ALL} {what}. Try again later.",
            headers={"Retry-After": "30"},
        )
