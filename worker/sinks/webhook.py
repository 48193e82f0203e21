"""Each event is one signed POST, sent with the same id until the receiver accepts it.

The body is the CloudEvents object of the live stream, in structured JSON mode. The signature
follows Standard Webhooks (https://www.standardwebhooks.com), so receivers can verify it with an
existing library.
"""

import base64
import hmac
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from app.broker.event_json import event_json
from app.config.addresses import without_query
from app.core.events import ChangeEvent, rfc3339
from app.runtime.http_post import DEADLINE, NoAnswer, Post, posting
from app.runtime.version import our_version
from worker.consumers.sink import Rejected, Sink, Unavailable
from worker.sinks.webhook_answers import rejection

# Images larger than this many bytes of JSON are omitted: many servers reject bodies over 1 MB.
IMAGES_LIMIT = 256 * 1024

_log = logging.getLogger(__name__)


class Webhook:
    """The receiver at one URL. Error messages contain the URL without its credentials and query."""

    def __init__(self, post: Post, url: str, secret: str, table: str) -> None:
        self._post = post
        self._shown = without_query(url)
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._table = table
        self._version = our_version()

    def sink(self, parallelization_factor: int = 1) -> Sink:
        """The sink named `webhook`."""
        return Sink(
            "webhook",
            self.deliver,
            batch_size=1,
            parallelization_factor=parallelization_factor,
            test=self.send_test,
        )

    def deliver(self, events: Sequence[ChangeEvent]) -> Sequence[Rejected]:
        """Deliver one event.

        Raises:
            Unavailable: the event must be sent again.
            PauseSink: the receiver wants no more events.

        """
        (event,) = events
        refused = self._send(event.id, event_json(event, self._table, IMAGES_LIMIT))
        return [] if refused is None else [Rejected(event, refused)]

    def send_test(self) -> str:
        """Send a CloudEvent of type `stockpulse.test`; returns a sentence that reports the success.

        Raises:
            Unavailable: it was not delivered.
            PauseSink: the receiver answered that it wants no more events.

        """
        started = time.monotonic()
        identifier = f"test_{uuid.uuid4().hex}"
        refused = self._send(identifier, orjson.dumps(self._test_event(identifier)))
        if refused is not None:
            raise Unavailable(refused)
        elapsed = (time.monotonic() - started) * 1000
        return f"{self._shown} accepted the event {identifier} in {elapsed:.0f} ms"

    def _send(self, identifier: str, body: bytes) -> str | None:
        now = datetime.now(UTC)
        seconds = int(now.timestamp())
        headers = [
            ("Content-Type", "application/cloudevents+json"),
            ("User-Agent", f"Stockpulse/{self._version}"),
            ("webhook-id", identifier),
            ("webhook-timestamp", str(seconds)),
            ("webhook-signature", signature(self._key, identifier, seconds, body)),
        ]
        try:
            answer = self._post(headers, body)
        except NoAnswer as error:
            raise Unavailable(f"{self._shown} {error}") from None
        return rejection(answer, now)

    def _test_event(self, identifier: str) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": identifier,
            "source": f"/tables/{quote(self._table)}",
            "type": "stockpulse.test",
            "time": rfc3339(datetime.now(UTC)),
            "datacontenttype": "application/json",
            "data": {"message": "This is a test of the webhook. No product has changed."},
        }


@contextmanager
def webhook(url: str, secret: str, table: str, seconds: float = DEADLINE) -> Iterator[Webhook]:
    """Open the webhook at `url` until the block ends; `table` is the products table's name."""
    if urlsplit(url).scheme == "http":
        _log.warning(
            "the webhook at %s does not use TLS: anyone on the network path can read the changes",
            without_query(url),
        )
    with posting(url, seconds) as post:
        yield Webhook(post, url, secret, table)


def signature(key: bytes, identifier: str, seconds: int, body: bytes) -> str:
    """Return the `webhook-signature` header of Standard Webhooks for a body sent at `seconds`."""
    signed = b"%s.%d.%s" % (identifier.encode(), seconds, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
