"""A batch of durable changes is added to the stream in one round trip; the caller retries.

A batch is added as a whole or not at all. If the response is lost, a retry adds it twice; rings
drop the duplicates. This module imports no web framework, because the Lambda host publishes too.
"""

from collections.abc import Sequence

from app.broker.redis.connection import READ_TIMEOUT, connect, translated
from app.broker.redis.entries import MAX_ENTRIES, fields_of
from app.store.audit.audit_repository import Arrived


class RedisPublisher:
    """Publishes changes to products of `table`; callable from any thread."""

    def __init__(
        self,
        url: str,
        stream: str,
        table: str,
        *,
        max_entries: int = MAX_ENTRIES,
        timeout: float = READ_TIMEOUT,
    ) -> None:
        self._redis = connect(url, timeout)
        self._stream = stream
        self._table = table
        self._max_entries = max_entries

    def publish(self, arrived: Sequence[Arrived]) -> None:
        """Send durable events, in order, to every web process.

        Raises:
            BrokerUnavailable: the events may or may not have been sent; a retry is safe.

        """
        entries = [
            fields_of(cursor, event, self._table)
            for cursor, event in arrived
            if event.kind != "internal"
        ]
        if not entries:
            return
        with translated(), self._redis.pipeline(transaction=True) as batch:
            for entry in entries:
                batch.xadd(self._stream, entry, maxlen=self._max_entries, approximate=True)
            batch.execute()

    def close(self) -> None:
        """Close its connections."""
        self._redis.close()
