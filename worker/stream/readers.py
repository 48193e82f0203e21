"""Every shard that is held here is read by a thread of its own; each end says what follows.

A thread that dies, whatever killed it, lets its shard go, and the next look takes it again.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.logs import about
from app.store.checkpoints import ShardKey
from app.store.errors import StoreUnavailable
from app.store.leases import Lease, LeaseLost, Leases
from worker.retry import Stopped
from worker.stream.pages import ShardGone
from worker.stream.progress import ShardState
from worker.stream.reader import ShardReader

_log = logging.getLogger(__name__)

SILENCE = 4.0  # seconds without an answer until a reader counts as failing
CRASH_SHOWN = 5.0  # seconds that a crashed thread is reported, though it was started again


@dataclass(frozen=True, slots=True)
class _Running:
    lease: Lease
    reader: ShardReader
    thread: threading.Thread


class Readers:
    """The reader threads of one worker."""

    def __init__(
        self,
        leases: Leases,
        stop: threading.Event,
        ended: Callable[[], None],
        *,
        one_log: bool,
    ) -> None:
        """`ended` is called when a thread has ended. `one_log`: see `worker.stream.succession`."""
        self._leases = leases
        self._stop = stop
        self._ended = ended
        self._one_log = one_log
        self._running: dict[ShardKey, _Running] = {}
        self._crashed = (-CRASH_SHOWN, "")  # when, by the monotonic clock, and what

    def start(self, lease: Lease, reader: ShardReader) -> None:
        """Read a shard that was taken."""
        shard = lease.stream_arn, lease.shard_id
        thread = threading.Thread(
            target=self._read, args=(lease, reader), name=f"shard-{lease.shard_id}", daemon=True
        )
        self._running[shard] = _Running(lease, reader, thread)
        thread.start()

    def held(self) -> dict[ShardKey, Lease]:
        """The leases that are read under now."""
        return {shard: running.lease for shard, running in list(self._running.items())}

    def leave(self, shard: ShardKey) -> None:
        """Let a shard go after the page under way."""
        if (running := self._running.get(shard)) is not None:
            running.reader.leave()

    def join(self, deadline: float) -> None:
        """Wait for all threads until a moment of the monotonic clock."""
        for running in list(self._running.values()):
            running.thread.join(max(0.0, deadline - time.monotonic()))

    def states(self) -> list[ShardState]:
        """Each shard read here, for the System page."""
        return [
            ShardState(
                lease.shard_id,
                lease.stream_arn,
                reader.saved,
                finished=False,
                lag=reader.progress.lag,
                last_page=reader.progress.since_page,
                trouble=reader.progress.trouble,
                lag_at_most=reader.progress.lag_at_most,
            )
            for lease, reader in (
                (running.lease, running.reader) for running in list(self._running.values())
            )
        ]

    def problem(self) -> str | None:
        """What is wrong with a reader; None where all is well."""
        crashed, what = self._crashed
        if time.monotonic() - crashed < CRASH_SHOWN:
            return what
        for (_, shard_id), running in list(self._running.items()):
            progress = running.reader.progress
            silent = time.monotonic() - progress.at
            if silent > SILENCE:
                waits = "what it read is not durable and published yet"
                reason = progress.trouble or (waits if progress.holds else "no answer yet")
                return f"shard {shard_id} has not moved for {silent:.0f} s: {reason}"
        return None

    def note_crash(self, what: str, error: BaseException) -> None:
        """Report a thread that died and is started again."""
        _log.error("%s; it starts again", what, exc_info=error)
        self._crashed = (time.monotonic(), f"{what} ({type(error).__name__})")

    def _read(self, lease: Lease, reader: ShardReader) -> None:
        try:
            with about(shard=lease.shard_id):
                self._run(lease, reader)
        except LeaseLost:
            _log.warning("shard %s is another worker's now", lease.shard_id)
        except Stopped:
            self._release(lease)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the shard must go on
            self.note_crash(f"the reader of shard {lease.shard_id} died", error)
            self._stop.wait(1)  # a fault that repeats must not spin
            self._release(lease)
        else:
            self._release(lease)
        finally:
            del self._running[lease.stream_arn, lease.shard_id]
            self._ended()

    def _run(self, lease: Lease, reader: ShardReader) -> None:
        try:
            reader.run(self._stop)
        except ShardGone:
            self._give_up(lease, reader)

    def _give_up(self, lease: Lease, reader: ShardReader) -> None:
        _log.error("shard %s vanished before its end was read", lease.shard_id)
        if self._one_log:  # the log goes on under another stream's name, with every record
            self._stop.wait(1)
            return
        reader.give_up()

    def _release(self, lease: Lease) -> None:
        try:
            self._leases.release(lease)
        except LeaseLost:
            pass
        except StoreUnavailable as error:
            _log.warning("could not let go of shard %s: %s", lease.shard_id, error)
