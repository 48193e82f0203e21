"""Discovery asks the service which stream to read now, and which shards the stream has.

If a page of the listing fails, the shards known so far are kept (stream fact 8). A stream that the
service no longer knows has no shards; its readers find out what is lost.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.core.errors import StoreUnavailable
from app.store.coordination.checkpoints import Checkpoint, ShardKey
from app.store.dynamodb.client import error_code, translated
from app.store.dynamodb.table_names import TableError
from app.store.dynamodb.tables import StreamOfTable
from worker.stream.shards.lineage import Listing, Shard, is_drained, promised
from worker.stream.shards.stream_replacement import held_streams, positions, streams_in_order

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_log = logging.getLogger(__name__)


_NOTHING = Listing(())


@dataclass(frozen=True, slots=True)
class StreamSnapshot:
    """The state of a table's streams.

    `stream_arn` is the stream to read now, None if there is none. `is_new`: the stream follows an
    older one, and nothing of it was read yet. `drained`: older streams that are completely read.
    """

    stream_arn: str | None
    listing: Listing = _NOTHING
    is_new: bool = False
    drained: frozenset[str] = frozenset()
    trouble: str = ""


class Discovery:
    """Discovers the streams of one table and their shards."""

    def __init__(
        self,
        streams: "DynamoDBStreamsClient",
        table: str,
        find_stream: Callable[[], StreamOfTable],
        *,
        one_log: bool = False,
    ) -> None:
        """`one_log`: see `worker.stream.shards.stream_replacement`."""
        self._streams = streams
        self._table = table
        self._find_stream = find_stream
        self._one_log = one_log
        self._known: dict[str, dict[str, Shard]] = {}  # from the last complete listing

    def discover(
        self,
        checkpoints: Mapping[ShardKey, Checkpoint],
        stream_starts: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> StreamSnapshot:
        """Read the streams' state; `stream_starts`: see `app.store.coordination.stream_starts`.

        Raises:
            StoreUnavailable: the service does not answer which stream is the table's.

        """
        current, trouble = self._current()
        held = set() if self._one_log else held_streams(checkpoints, self._table)
        listed = self._listed() if current and held and current not in held else ()
        drained: set[str] = set()
        for arn in streams_in_order(current, held, listed):
            listing, failure = self._listing(arn, current)
            known = positions(checkpoints, arn, one_log=self._one_log)
            listing = promised(listing, known, stream_starts.get(arn))
            if arn == current or not is_drained(listing, known):
                is_new = bool(held) and arn not in held
                return StreamSnapshot(arn, listing, is_new, frozenset(drained), trouble or failure)
            drained.add(arn)
        return StreamSnapshot(None, drained=frozenset(drained), trouble=trouble)

    def _current(self) -> tuple[str | None, str]:
        """Return the table's current stream, or None and the reason."""
        try:
            return self._find_stream().arn, ""
        except TableError as error:  # the stream is off; its records stay readable for a day
            return None, str(error)

    def _listed(self) -> list[str]:
        """List every stream of the table that the service knows, including disabled ones."""
        arns: list[str] = []
        start: dict[str, Any] = {}
        while True:
            try:
                with translated():
                    answer = self._streams.list_streams(TableName=self._table, **start)
            except StoreUnavailable as error:
                if _code_of(error) != "AccessDeniedException":
                    raise
                _log.warning(
                    "cannot list the table's streams, so replaced streams may be missed: %s", error
                )
                return arns
            arns += [stream["StreamArn"] for stream in answer["Streams"]]
            last = answer.get("LastEvaluatedStreamArn")
            if not last:
                return arns
            start = {"ExclusiveStartStreamArn": last}

    def _listing(self, stream_arn: str, current: str | None) -> tuple[Listing, str]:
        """List the stream's shards; if that fails, those known so far and the error."""
        found: dict[str, Shard] = {}
        try:
            settled = self._describe(stream_arn, found)
        except StoreUnavailable as error:
            if _code_of(error) == "ResourceNotFoundException" and stream_arn != current:
                return _NOTHING, ""
            _log.warning("cannot list all of the stream's shards: %s", error)
            known = self._known.get(stream_arn, {})
            listing = Listing(tuple((known | found).values()), complete=False)
            return listing, f"cannot list the stream's shards: {error.detail}"
        self._known = {stream_arn: found}
        return Listing(tuple(found.values()), settled=settled), ""

    def _describe(self, stream_arn: str, found: dict[str, Shard]) -> bool:
        """Add every shard to `found`, page by page; returns False while the stream is DISABLING."""
        start: dict[str, Any] = {}
        while True:
            with translated():
                answer = self._streams.describe_stream(StreamArn=stream_arn, **start)
            description = answer["StreamDescription"]
            for shard in description["Shards"]:
                first = shard.get("SequenceNumberRange", {}).get("StartingSequenceNumber")
                found[shard["ShardId"]] = Shard(shard["ShardId"], shard.get("ParentShardId"), first)
            last = description.get("LastEvaluatedShardId")
            if not last:
                return description.get("StreamStatus") != "DISABLING"
            start = {"ExclusiveStartShardId": last}


def _code_of(error: StoreUnavailable) -> str:
    cause = error.__cause__
    return error_code(cause) if isinstance(cause, ClientError) else ""
