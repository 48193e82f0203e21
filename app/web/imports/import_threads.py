"""The imports of one process: one thread reads files, another one writes rows.

Each import has a folder, with one owner at a time. What a crash or a stop has interrupted goes on
when a process starts with it. One that was not started is deleted after a day, others after 30
days, and the oldest ones make room for new ones.
"""

import logging
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from app.core.errors import StoreUnavailable
from app.runtime.loop_thread import LoopThread
from app.store.engine.errors import DataFolderHeld
from app.store.store import Store
from app.web.imports.import_errors import ImportNotFound, ImportNotReady, TooManyImports
from app.web.imports.import_job import ImportJob
from app.web.imports.import_state import BUSY, Import, Options, State
from app.web.imports.upload import Upload
from app.web.imports.work_pace import Stopped, resting
from app.web.schemas.product_ids import IDCase

_log = logging.getLogger(__name__)

MOST = 20  # imports that are kept
FREE_BYTES = 1 << 30  # that the disk must have for another import
PARALLEL = 4  # rows that are written at once: four products a time, as in a batch
_REST, _REST_OF_WRITER = 0.3, 0.1  # pauses, as multiples of the work: requests stay quick
_LOOK = 3600.0  # seconds until old imports are looked for again


class Imports:
    """The imports of one process; a context manager that ends their threads. Thread-safe."""

    def __init__(
        self,
        data_dir: Path,
        store: Store,
        id_case: IDCase,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        takes_over: Callable[[Path], bool] = lambda _: True,
        writes: bool = True,
    ) -> None:
        """`takes_over`: whether to go on with the import in a folder; not `writes`: it waits."""
        self._writes = writes
        self._takes_over = takes_over
        self._root = data_dir / "imports"
        self._store = store
        self._id_case = id_case
        self._now = now
        self._lock = threading.Lock()
        self._jobs: dict[str, ImportJob] = {}
        self._reader = LoopThread("import-reads", self._read, expected=(StoreUnavailable,))
        self._writer = LoopThread("import-writes", self._write, expected=(StoreUnavailable,))
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="imports")

    def __enter__(self) -> Self:
        for folder in filter(self._takes_over, sorted(self._root.glob("[!.]*"))):
            self._adopt(folder)
        self._reader.__enter__()
        self._writer.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._reader.stop.set()
        self._writer.stop.set()
        self._reader.__exit__()
        self._writer.__exit__()
        self._pool.shutdown(cancel_futures=True)
        for job in self._current():
            job.close()

    def _adopt(self, folder: Path) -> None:
        """Take over an import of an earlier process, unless a command works on it."""
        try:
            job = ImportJob(folder)
        except DataFolderHeld:
            return
        except Exception:  # noqa: BLE001 - the server must start, for example if the disk is full
            _log.exception("the import in %s cannot be opened: it is left as it is", folder)
            return
        if not job.table.saved():
            job.remove()  # its upload was interrupted
            return
        self._jobs[folder.name] = job

    def receive(self) -> Upload:
        """A place for a file, which `made` takes; else the caller discards it.

        Raises:
            TooManyImports: there is no room for another one.

        """
        self._make_room()
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self._root).free < FREE_BYTES:
            raise TooManyImports("The server's disk is almost full. Tell its administrator.")
        return Upload(self._root / secrets.token_hex(8))

    def made(
        self,
        upload: Upload,
        filename: str,
        actor: str,
        options: Options,
        *,
        starts: bool = False,
        named: Mapping[str, str] | None = None,
    ) -> ImportJob:
        """An import of an uploaded file, which does nothing before `admit`.

        `starts`: it is written as soon as it was compared. `named`: the field of each column, by
        the column's name; None: they are guessed.
        """
        job = ImportJob(upload.folder, upload.taken())
        sha256 = upload.hash.hexdigest()
        job.create(filename, actor, self._now(), options, named=named, starts=starts, sha256=sha256)
        return job

    def admit(self, job: ImportJob) -> None:
        """Begin with an import that was made."""
        with self._lock:
            self._jobs[job.folder.name] = job
        self._reader.wake()

    def all(self) -> list[Import]:
        """Every import, newest first."""
        found = []
        for job in self._current():
            with suppress(ImportNotFound):  # somebody has just deleted it
                found.append(job.snapshot())
        return sorted(found, key=lambda one: one.created_at)[::-1]

    def configure(self, import_id: str, options: Options) -> None:
        """Compare the file again with other options.

        Raises:
            ImportNotFound: there is no import with this id.
            ImportNotReady: it was started already, or is being compared.

        """
        job = self.job(import_id)
        with self._lock:
            if job.state() != "ready":
                raise ImportNotReady("The import is not waiting for its start any more.")
            job.configure(options)
        self._reader.wake()

    def begin(self, import_id: str, state: State, actor: str) -> Import:
        """Start to write (`running`) or to take back (`undoing`).

        Raises:
            ImportNotFound: there is no import with this id.
            ImportNotReady: it is in another state, or has nothing to do.

        """
        job = self.job(import_id)
        if state == "running":
            job.remember(self._store)
        with self._lock:  # the writer begins after it
            job.begin(state, self._now(), actor)
            found = job.snapshot()
        self._writer.wake()
        return found

    def drop(self, import_id: str) -> None:
        """Delete an import that is not at work; what it has written stays.

        Raises:
            ImportNotFound: there is no import with this id.
            ImportNotReady: it is at work.

        """
        job = self.job(import_id)
        with self._lock:
            if job.state() in BUSY:
                raise ImportNotReady("The import is at work. Wait until it is complete.")
            self._jobs.pop(import_id, None)
            job.remove()

    def job(self, import_id: str) -> ImportJob:
        """One import with its rows.

        Raises:
            ImportNotFound: there is none with this id.

        """
        if (job := self._jobs.get(import_id)) is None:
            raise ImportNotFound
        return job

    def _expire(self) -> None:
        for one in self.all():
            if one.is_expired(self._now()):
                self._drop_idle(one.id)

    def _make_room(self) -> None:
        """Delete what is old, and the oldest imports for which there is no room any more.

        Raises:
            TooManyImports: too many are at work.

        """
        self._expire()
        for one in self.all()[::-1]:
            if len(self._jobs) >= MOST:
                self._drop_idle(one.id)
        if len(self._jobs) >= MOST:
            raise TooManyImports(f"{MOST} imports are at work. Wait until one of them is complete.")

    def _drop_idle(self, import_id: str) -> None:
        with suppress(ImportNotFound, ImportNotReady):  # it is gone, or at work
            self.drop(import_id)

    def _busy(self, *states: State) -> ImportJob | None:
        for job in self._current():
            with suppress(ImportNotFound):  # somebody has just deleted it
                if job.state() in states:
                    return job
        return None

    def _current(self) -> list[ImportJob]:
        with self._lock:
            return list(self._jobs.values())

    def _read(self) -> float | None:
        job = self._busy("reading")
        if job is None:
            self._expire()
            return _LOOK
        with suppress(Stopped):
            job.prepare(self._store, self._id_case, resting(self._reader, _REST), self._now)
            self._writer.wake()  # it may have been started at once
        return 0.0

    def _write(self) -> float | None:
        job = self._busy("running", "undoing") if self._writes else None
        if job is None:
            return None
        with suppress(Stopped):
            job.work(self._store, self._pool, resting(self._writer, _REST_OF_WRITER))
        return 0.0
