"""Each event is one signed POST, sent with the same id until the receiver accepts it.

The body is the CloudEvents object of the live stream. The sender is the one that rules use, too
(`app.notifications.channels.webhook.webhook_sender`).
"""

import base64
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.broker.event_json import event_json
from app.config.addresses import without_query
from app.core.events import ChangeEvent
from app.notifications.channels.channel import MessageRefused, NotNow, RecipientGone
from app.notifications.channels.cloud_events import IMAGES_LIMIT, check_event
from app.notifications.channels.webhook.webhook_sender import WebhookSender
from app.runtime.http_post import DEADLINE, posting
from worker.consumers.sink import PauseSink, Rejected, Sink, Unavailable

_log = logging.getLogger(__name__)


class Webhook:
    """The receiver at one URL. Error messages contain the URL without its credentials and query."""

    def __init__(self, sender: WebhookSender, url: str, secret: str, table: str) -> None:
        self._sender = sender
        self._url = url
        self._shown = without_query(url)
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._table = table

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
        refused = self._send(identifier, check_event(identifier, self._table, datetime.now(UTC)))
        if refused is not None:
            raise Unavailable(refused)
        elapsed = (time.monotonic() - started) * 1000
        return f"{self._shown} accepted the event {identifier} in {elapsed:.0f} ms"

    def _send(self, identifier: str, body: bytes) -> str | None:
        """Send a body; returns None if it was accepted, else why it never will be."""
        try:
            self._sender.send(self._url, [self._key], identifier, body)
        except NotNow as error:
            raise Unavailable(str(error), retry_after=error.retry_after) from None
        except RecipientGone as error:
            raise PauseSink(str(error)) from None
        except MessageRefused as error:
            return str(error)
        return None


@contextmanager
def webhook(url: str, secret: str, table: str, seconds: float = DEADLINE) -> Iterator[Webhook]:
    """Open the webhook at `url` until the block ends; `table` is the products table's name."""
    if urlsplit(url).scheme == "http":
        _log.warning(
            "the webhook at %s does not use TLS: anyone on the network path can read the changes",
            without_query(url),
        )
    with posting(seconds) as post:
        yield Webhook(WebhookSender(post), url, secret, table)
