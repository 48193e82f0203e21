"""Events are sent in requests of ten; each entry is accepted, rejected or sent again on its own.

A product's events are never in one request, and none is sent while an earlier one of its product
waits: an entry that fails must not be overtaken.
"""

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from app.core.events import ChangeEvent
from app.runtime.backoff import Backoff, half_to_full
from app.store.dynamodb.aws_session import AWSNotSetUp, session_for
from worker.consumers.sink import Rejected, Sink, Unavailable
from worker.sinks.fan_out.aws_refusal import Refusal
from worker.sinks.fan_out.entries import Entries
from worker.sinks.fan_out.message import Form, Message
from worker.sinks.fan_out.targets import Target
from worker.sinks.webhook_answers import retry_after

# Events in one delivery: of several products, so that requests are full although each has one event
# of a product. One busy product makes as many requests; at 50 ms each they take 2.5 s.
BATCH = 50
CALLS = 4  # at the same time; one takes 10 to 50 ms on AWS
_LONGEST = 3.0  # seconds after which a delivery makes no other request: a lease lasts 10 s
_CONNECT, _READ = 2, 4  # seconds
_BACKOFF = Backoff(0.05, 0.8, half_to_full)  # between requests of one delivery

_WITHOUT_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

Connect = Callable[[Target], Any]


class FanOut:
    """Sends events to one bus, topic or queue; safe to use from several threads."""

    def __init__(self, target: Target, form: Form, connect: Connect) -> None:
        """`connect` makes a client of the target's service; again after its credentials failed."""
        self._target, self._form, self._connect = target, form, connect
        self._client: Any = None
        self._lock = threading.Lock()

    def sink(self) -> Sink:
        """The sink with the target's name."""
        return Sink(
            self._target.name,
            self.deliver,
            batch_size=BATCH,
            parallelization_factor=CALLS,
            test=self.send_test,
        )

    def deliver(self, events: Sequence[ChangeEvent]) -> list[Rejected]:
        """Send events, and return those that are refused for what they contain.

        Raises:
            Unavailable: some have to be sent again.

        """
        entries = Entries(events, self._form)
        began, refusals = time.monotonic(), 0
        while messages := entries.next_request():
            if time.monotonic() - began > _LONGEST:
                reason = (
                    f"{self._target.shown} takes over {_LONGEST:.0f} s for {len(events)} events"
                )
                raise Unavailable(reason, delivered=entries.accepted)
            try:
                trouble = entries.settle(messages, self._send(messages))
            except ClientError as error:
                trouble = entries.settle_all(messages, refusal_of(error))
                if trouble is not None:
                    wait = asked_to_wait(error)
                    raise self._refused(trouble, wait, entries.accepted) from error
            except (BotoCoreError, AWSNotSetUp) as error:
                raise Unavailable(self._unreachable(error), delivered=entries.accepted) from error
            if trouble is None:
                continue
            # While a service throttles, some entries of each request fail. To the runner they would
            # be events that fail alone while others succeed, and become dead letters.
            refusals += 1
            wait = _BACKOFF(refusals)
            if not trouble.is_passing or time.monotonic() - began + wait > _LONGEST:
                raise self._refused(trouble, None, entries.accepted)
            time.sleep(wait)
        return entries.rejected

    def send_test(self) -> str:
        """Send a message of type `stockpulse.test`; returns a sentence that reports the success.

        Raises:
            Unavailable: it was not accepted.

        """
        started = time.monotonic()
        message = self._form.test(f"test_{uuid.uuid4().hex}", datetime.now(UTC))
        try:
            (refusal,) = self._send([message])
        except ClientError as error:
            raise self._refused(refusal_of(error), asked_to_wait(error), 0) from error
        except (BotoCoreError, AWSNotSetUp) as error:
            raise Unavailable(self._unreachable(error)) from error
        if refusal is not None:
            raise self._refused(refusal, None, 0)
        elapsed = (time.monotonic() - started) * 1000
        return f"{self._target.shown} accepted the event {message.id} in {elapsed:.0f} ms"

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _send(self, messages: Sequence[Message]) -> list[Refusal | None]:
        with self._lock:  # clients of one session must not be made at the same time
            if self._client is None:
                self._client = self._connect(self._target)
            client = self._client
        return self._target.send(client, messages)

    def _refused(self, refusal: Refusal, wait: float | None, accepted: int) -> Unavailable:
        target = self._target
        if refusal.is_of_credentials:  # a file or a role may give others by now
            self._client = None
        sentence = refusal.sentence(target.action, target.setting)
        return Unavailable(f"{target.shown} {sentence}", retry_after=wait, delivered=accepted)

    def _unreachable(self, error: Exception) -> str:
        if isinstance(error, AWSNotSetUp):
            return str(error)
        if isinstance(error, _WITHOUT_CREDENTIALS):
            self._client = None
        return f"{self._target.shown} does not answer: {error}"


def refusal_of(error: ClientError) -> Refusal:
    """The refusal of a whole request."""
    found = error.response.get("Error", {})
    return Refusal(str(found.get("Code", "unknown")), str(found.get("Message", "")))


def asked_to_wait(error: ClientError) -> float | None:
    """The seconds of the answer's `Retry-After`; None if it has none."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return retry_after(headers.get("retry-after"), datetime.now(UTC))


def connect(endpoint: str | None, target: Target) -> Any:
    """A client of the target's service, at an `endpoint` URL or on AWS (None).

    Raises:
        AWSNotSetUp: region or credentials are missing or cannot be used.

    """
    config = Config(
        connect_timeout=_CONNECT,
        read_timeout=_READ,
        retries={"mode": "standard", "total_max_attempts": 1},  # the sink's runner tries again
        max_pool_connections=CALLS,
        parameter_validation=False,  # `targets` builds every request itself
        tcp_keepalive=True,
    )
    boto: Any = session_for(endpoint, target.setting).boto  # its types want the service spelt out
    return boto.client(
        target.service, config=config, endpoint_url=endpoint, region_name=target.region
    )
