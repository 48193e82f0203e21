"""A data folder has one owner, which takes over a crashed owner's engine and ends it on exit."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from app.store.engine import address, datafile, endpoint_file, health_probe, lock, process
from app.store.engine.binary import find_binary
from app.store.engine.data_folder import DataFolder
from app.store.engine.datafile import Shape
from app.store.engine.endpoint_file import Endpoint, Record
from app.store.engine.errors import EngineFailed, EngineMissing
from app.store.engine.launcher import Launcher
from app.store.engine.process import EngineProcess
from app.store.engine.supervisor import Supervisor

log = logging.getLogger(__name__)

# Given the engine's URL, returns {(table, shard): lowest checkpoint of any consumer}.
Positions = Callable[[str], Mapping[tuple[str, str], int]]

KEPT_SECONDS = 24 * 3600  # DynamoDB's retention of stream records
_ORPHAN_ANSWERS = 2.0  # seconds
# Trimming takes 10 microseconds per record. A start must not wait for a day's records, so most of
# it is done after the engine has stopped.
_TRIM_AT_START = 0.2  # seconds
_TRIM_AT_STOP = 3.0


class EmbeddedEngine:
    """The engine of one data folder, owned and supervised until the `with` block ends.

    Entering raises `DataFolderHeld`, `EngineMissing` or `EngineFailed`.
    """

    def __init__(
        self, data_dir: Path, *, positions: Positions | None = None, binary: Path | None = None
    ) -> None:
        self._folder = DataFolder.at(data_dir)
        self._positions = positions
        self._binary = binary
        self._url: str | None = None
        self._supervisor: Supervisor | None = None
        self._stack = ExitStack()
        self._read: Mapping[tuple[str, str], int] = {}

    def __enter__(self) -> Self:
        binary = self._binary or find_binary()
        if not binary.is_file():
            raise EngineMissing(
                f"no embedded engine at {binary}: install it with `make run`, or set "
                "STOCKPULSE_DYNAMODB=http://host:port"
            )
        folder = self._folder
        with folder.explained(), ExitStack() as stack:
            folder.make()
            stack.enter_context(lock.hold(folder.lock))
            stack.callback(self._trim_at_stop)
            engine = self._adopted() or self._started(binary)
            launcher = Launcher(folder, binary, engine.address)
            stack.callback(self._forget, launcher.address)
            supervisor = Supervisor(engine, launcher.start_for_all)
            self._supervisor = stack.enter_context(supervisor)
            self._url = launcher.address.url
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        # An engine that does not answer is not asked: that would delay the stop.
        if self.healthy():
            self._read = self._positions_at(self.url)
        self._stack.close()

    @property
    def url(self) -> str:
        """The endpoint, as SDKs take it."""
        if self._url is None:
            raise RuntimeError("the embedded engine has no address before it is started")
        return self._url

    def healthy(self) -> bool:
        """Whether the engine answered its last probes; never waits."""
        return self._supervisor is not None and self._supervisor.healthy

    def _adopted(self) -> EngineProcess | None:
        """A crashed owner's engine, if it is usable; any other engine on this file is ended."""
        adopted = None
        for orphan in process.running(self._folder.file):
            if adopted is None and self._is_fit(orphan):
                adopted = orphan
                log.warning("took over the running engine (process %d)", orphan.pid)
                endpoint_file.write(self._folder.record, Record(orphan.address, orphan.pid))
            else:
                log.warning("ending an engine without an owner (process %d)", orphan.pid)
                orphan.end()
        return adopted

    def _is_fit(self, orphan: EngineProcess) -> bool:
        # A file cannot be prepared while an engine runs on it.
        prepared = {Shape.READY, Shape.UNKNOWN}
        return (
            health_probe.answers(orphan.address, _ORPHAN_ANSWERS)
            and datafile.shape(self._folder.file) in prepared
        )

    def _started(self, binary: Path) -> EngineProcess:
        folder = self._folder
        kept = endpoint_file.read(folder.record)
        chosen = address.keep_or_choose(kept.address if kept else None)
        endpoint_file.write(folder.record, Record(chosen))
        launcher = Launcher(folder, binary, chosen)
        self._prepare(launcher)
        return launcher.start_for_all()

    def _prepare(self, launcher: Launcher) -> None:
        file = self._folder.file
        shape = datafile.shape(file)
        if shape is Shape.NEW:
            launcher.start().end()
            shape = datafile.shape(file)
        if shape is Shape.UNINDEXED:
            datafile.add_indexes(file)
        elif shape is not Shape.READY:
            log.warning(
                "the engine's file %s has a schema that this version does not know: its stream is "
                "neither indexed nor trimmed, so writes become slower as it grows",
                file,
            )
            return
        if datafile.has_older(file, _kept_since()):
            engine = launcher.start()
            try:
                read = self._positions_at(launcher.address.url)
            finally:
                engine.end()
            self._trim(read, _TRIM_AT_START)

    def _positions_at(self, url: str) -> Mapping[tuple[str, str], int]:
        """The lowest checkpoint per shard; empty if none is needed or they cannot be read."""
        try:
            file = self._folder.file
            old = datafile.shape(file) is Shape.READY and datafile.has_older(file, _kept_since())
            return self._positions(url) if old and self._positions is not None else {}
        except Exception:
            log.exception("the checkpoints cannot be read: nothing is trimmed")
            return {}

    def _trim(self, read: Mapping[tuple[str, str], int], seconds: float) -> None:
        if gone := datafile.trim(self._folder.file, read, _kept_since(), seconds):
            log.info(
                "trimmed %d stream records older than a day that all consumers have read", gone
            )

    def _trim_at_stop(self) -> None:
        """Trim after the engine has stopped, while this process still owns the folder."""
        if not self._read:
            return
        try:
            self._trim(self._read, _TRIM_AT_STOP)
        except EngineFailed as error:  # if it matters, the next start fails with it
            log.warning("could not trim the stream: %s", error)

    def _forget(self, kept: address.Address) -> None:
        """Record the address without a process."""
        try:
            endpoint_file.write(self._folder.record, Record(kept))
        except OSError as error:
            log.warning("cannot update %s: %s", self._folder.record, error)


def _kept_since() -> int:
    """The Unix time before which stream records may be trimmed."""
    return int(time.time()) - KEPT_SECONDS


def find_running(data_dir: Path) -> Endpoint | None:
    """The engine that another process owns and runs on this folder, or None.

    Also None if the engine's owner crashed: then own the folder to take the engine over.

    Raises:
        EngineFailed: the folder cannot be read.

    """
    folder = DataFolder.at(data_dir)
    with folder.explained():
        if not lock.is_held(folder.lock):
            return None
        found = endpoint_file.read(folder.record)
    if found is None or found.pid is None or process.find(found.pid, folder.file) is None:
        return None
    return Endpoint(found.address.url, found.pid)
