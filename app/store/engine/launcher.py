"""An engine has started when it answers; otherwise it is ended and its last log line reported."""

import logging
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from app.store.engine import endpoint_file, health_probe
from app.store.engine.address import Address
from app.store.engine.data_folder import DataFolder
from app.store.engine.endpoint_file import Record
from app.store.engine.errors import EngineFailed
from app.store.engine.process import LOG_LIMIT, EngineProcess
from app.store.engine.supervisor import Silence, Timeouts, Verdict, judge

log = logging.getLogger(__name__)

_REMIND = 5.0  # seconds until a start that lasts is logged
_PAUSE = 0.01
_ANSWER = 2.0
_ROOM = 1024 * 1024  # bytes; a disk with less free space counts as full


@dataclass(frozen=True)
class Launcher:
    """Starts the engine of one folder, always at the same address."""

    folder: DataFolder
    binary: Path
    address: Address

    def start(self, stop: threading.Event | None = None) -> EngineProcess:
        """Start an engine and wait until it answers; setting `stop` ends the wait.

        That takes hundredths of a second, unless a long write-ahead log is replayed first or the
        machine is busy. An engine that works is waited for as long as a running one.

        Raises:
            EngineFailed: the engine cannot be run, has ended, or does not answer.

        """
        said_before = _size(self.folder.log)
        engine = self._run()
        try:
            self._await_answer(engine, stop or threading.Event(), said_before)
        except BaseException:
            engine.end()
            raise
        return engine

    def start_for_all(self, stop: threading.Event | None = None) -> EngineProcess:
        """Start an engine, and record it so that other commands on this folder find it.

        Raises:
            EngineFailed: the engine cannot be run, has ended, or does not answer.
            OSError: the record cannot be written.

        """
        engine = self.start(stop)
        try:
            endpoint_file.write(self.folder.record, Record(self.address, engine.pid))
        except BaseException:
            engine.end()
            raise
        return engine

    def _run(self) -> EngineProcess:
        try:
            return EngineProcess.start(self.binary, self.folder.file, self.address, self.folder.log)
        except OSError as error:
            if str(error.filename) != str(self.binary):
                raise  # the folder caused the error, not the binary
            raise EngineFailed(
                f"cannot run the embedded engine {self.binary} ({error.strerror}): "
                "reinstall it with `make run`, or set STOCKPULSE_DYNAMODB=http://host:port"
            ) from error

    def _await_answer(self, engine: EngineProcess, stop: threading.Event, said_before: int) -> None:
        started, remind_at = time.monotonic(), _REMIND
        while not health_probe.answers(self.address, _ANSWER):
            if not engine.alive():
                words = _last_words(self.folder.log, said_before)
                raise EngineFailed(
                    f"the embedded engine failed to start: {words} (see {self.folder.log})"
                )
            waited = time.monotonic() - started
            if _is_lost(engine, waited):
                raise EngineFailed(
                    f"the embedded engine did not answer at {self.address.url} within "
                    f"{waited:.0f} s: check {self.folder.log}, the disk and the machine's load"
                )
            if waited > remind_at:
                remind_at += _REMIND
                log.warning("the embedded engine has been starting for %.0f s", waited)
            if stop.wait(_PAUSE):
                raise EngineFailed("the start of the embedded engine was cancelled")


def _is_lost(engine: EngineProcess, waited: float) -> bool:
    silence = Silence(1, waited, engine.cpu_seconds())
    return judge(alive=True, silence=silence, timeouts=Timeouts()) is Verdict.LOST


def _size(log_file: Path) -> int:
    size = log_file.stat().st_size if log_file.exists() else 0
    return 0 if size > LOG_LIMIT else size


def _last_words(log_file: Path, after: int) -> str:
    said = log_file.read_bytes()[after:].decode("utf-8", "replace").split("\n")
    lines = [line.strip() for line in said if line.strip()]
    if lines:
        return lines[-1]
    if shutil.disk_usage(log_file).free < _ROOM:  # the engine could not log that either
        return "the disk is full, free some space"
    return "it logged nothing, so it was probably killed"
