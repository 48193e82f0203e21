"""One thread watches the stream's shards and gives every readable one a reader of its own.

It looks again when a reader ends and on a timer. A look that fails leaves the readers that
run alone; a thread that dies, whatever killed it, is started again from its checkpoint.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.metrics import GAPS
from app.store.checkpoints import Checkpoints
from app.store.client import translated
from app.store.errors import StoreUnavailable
from app.store.tables import StreamOfTable, TableError
from worker.retry import LONGEST_PAUSE, Stopped, pause
from worker.stream.lineage import Position, Shard, readable
from worker.stream.pace import Wake
from worker.stream.reader import ShardGone, ShardReader, ShardState

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_log = logging.getLogger(__name__)

LOOK_AGAIN = 60.0  # seconds between looks at the shards while nothing ends
SILENCE = 4.0  # seconds without an answer until a reader counts as failing
CRASH_SHOWN = 5.0  # seconds that a crashed thread is reported, though it was started again
JOIN = 10.0  # seconds that a stop waits for the threads

MakeReader = Callable[[str, Position], ShardReader]


class Coordinator:
    """Runs the readers of one table's stream; a context manager that ends them."""

    def __init__(
        self,
        streams: "DynamoDBStreamsClient",
        find_stream: Callable[[], StreamOfTable],
        checkpoints: Checkpoints,
        make_reader: MakeReader,
        wake: Wake,
        stop: threading.Event,
    ) -> None:
        self._streams = streams
        self._find_stream = find_stream
        self._checkpoints = checkpoints
        self._make_reader = make_reader
        self._wake = wake
        self._stop = stop
        self._look = threading.Event()
        self._running: dict[str, tuple[threading.Thread, ShardReader]] = {}
        self._thread = threading.Thread(target=self._run, name="stream-coordinator", daemon=True)
        self._trouble = ""
        self._crashed = (-CRASH_SHOWN, "")  # when, by the monotonic clock, and what

    def __enter__(self) -> "Coordinator":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._look.set()
        self._wake.close()
        deadline = time.monotonic() + JOIN
        for thread in [self._thread, *(thread for thread, _ in list(self._running.values()))]:
            thread.join(max(0.0, deadline - time.monotonic()))

    def shards(self) -> list[ShardState]:
        """The shards that are read now."""
        return [reader.state() for _, reader in list(self._running.values())]

    def problem(self) -> str | None:
        """What is wrong with reading the stream; None where all is well. Never blocks."""
        if not self._thread.is_alive():
            return "the stream coordinator's thread is dead"
        crashed, what = self._crashed
        if time.monotonic() - crashed < CRASH_SHOWN:
            return what
        for shard_id, (_, reader) in list(self._running.items()):
            silent = time.monotonic() - reader.progress.at
            if silent > SILENCE:
                reason = reader.progress.trouble or "no answer yet"
                return f"shard {shard_id} has not moved for {silent:.0f} s: {reason}"
        return self._trouble or None

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                if failures:
                    self._stop.wait(pause(failures))
                self._look.clear()
                self._refresh()
                self._trouble, failures = "", 0
                self._look.wait(self._until_next_look())
            except (StoreUnavailable, TableError) as error:
                self._trouble = str(error)
                _log.warning("cannot see the stream's shards: %s", error)
                failures += 1
            except BaseException as error:  # noqa: BLE001 - this thread must outlive any fault
                self._note_crash("the stream coordinator's thread died", error)
                failures += 1

    def _until_next_look(self) -> float:
        return LOOK_AGAIN if self._running else LONGEST_PAUSE

    def _refresh(self) -> None:
        stream = self._find_stream()
        for position in readable(self._shards(stream.arn), self._checkpoints.load(stream.arn)):
            if position.shard_id not in self._running:
                self._start(stream.arn, position)

    def _start(self, stream_arn: str, position: Position) -> None:
        reader = self._make_reader(stream_arn, position)
        thread = threading.Thread(
            target=self._read,
            args=(reader, position.shard_id),
            name=f"shard-{position.shard_id}",
            daemon=True,
        )
        self._running[position.shard_id] = (thread, reader)
        thread.start()

    def _read(self, reader: ShardReader, shard_id: str) -> None:
        try:
            reader.run(self._stop)
        except Stopped:
            return
        except ShardGone:
            GAPS.inc()
            _log.error("shard %s vanished before its end was read", shard_id)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the shard must go on
            self._note_crash(f"the reader of shard {shard_id} died", error)
            self._stop.wait(1)  # a fault that repeats must not spin
        finally:
            del self._running[shard_id]
            self._look.set()

    def _note_crash(self, what: str, error: BaseException) -> None:
        _log.error("%s; it starts again", what, exc_info=error)
        self._crashed = (time.monotonic(), f"{what} ({type(error).__name__})")

    def _shards(self, stream_arn: str) -> list[Shard]:
        """Every shard of the stream, page by page (FACTS §1.8)."""
        shards: list[Shard] = []
        start: dict[str, Any] = {}
        while True:
            with translated():
                answer = self._streams.describe_stream(StreamArn=stream_arn, **start)
            description = answer["StreamDescription"]
            shards += [
                Shard(shard["ShardId"], shard.get("ParentShardId"))
                for shard in description["Shards"]
            ]
            last = description.get("LastEvaluatedShardId")
            if not last:
                return shards
            start = {"ExclusiveStartShardId": last}
