"""What Lambda calls: the worker's pipeline behind an event source mapping, made once a container.

It wants no web server and no data folder: tables, broker and keys are given by settings, and
it refuses to begin without them. Nothing is read or opened at import.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from app import logs
from app.settings import PREFIX, Settings, load
from app.signing import signer_of
from app.store.audit import AuditRepository
from app.store.client import Clients, connect
from app.store.cursor import Cursor
from app.store.dead_letters import DeadLetters
from app.store.feed import Feed
from app.store.tables import TableNames, table_names
from worker.batch_answer import Answer
from worker.lambda_host import LambdaHost, Tick
from worker.order import Publish
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks.audit import AuditSink

_log = logging.getLogger(__name__)


class Context(Protocol):
    """The one thing that is asked of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this invocation is killed."""


class HostRefused(Exception):
    """The function cannot work as it is set up; the message says what to set."""


class UnknownInvocation(Exception):
    """The event is neither a batch of a DynamoDB stream nor a scheduled tick."""


def handler(event: Any, context: Context) -> Answer:
    """Take a batch of stream records, or a scheduled tick.

    Raises:
        HostRefused: settings are missing or wrong; each invocation says so.
        UnknownInvocation: this function is not for such events.

    """
    return answer(_host(), event, context.get_remaining_time_in_millis() / 1000)


def answer(host: LambdaHost, event: Any, seconds: float) -> Answer:
    """What the host makes of an event.

    Raises:
        UnknownInvocation: nothing; it is not for us.

    """
    if is_tick(event):
        return host.tick(seconds)
    return host.take(records_of(event), seconds)


def is_tick(event: Any) -> bool:
    """Whether EventBridge, or a person, asks for what is due on a schedule."""
    return isinstance(event, Mapping) and (
        event.get("source") == "aws.events" or event.get("stockpulse") == "tick"
    )


def records_of(event: Any) -> Sequence[Any]:
    """The records of an event source mapping's batch.

    Raises:
        UnknownInvocation: it holds none.

    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise UnknownInvocation(
            'expected {"Records": […]} from a DynamoDB stream, or a scheduled event'
        )
    return records


@cache
def _host() -> LambdaHost:
    """This container's host; a failure is not kept, so the next invocation tries again."""
    try:
        settings = load()
        logs.configure(settings.log_format)
        return start(settings)
    except Exception:
        _log.exception("this function cannot start")
        raise


def start(settings: Settings) -> LambdaHost:
    """The host of these settings, connected.

    Raises:
        HostRefused: a setting is missing, or another kind of host has this deployment.

    """
    check(settings)
    raise HostRefused("the Redis broker is not wired yet")  # until B's publisher is here


def check(settings: Settings) -> None:
    """Refuse settings that this host cannot keep its promises with.

    Raises:
        HostRefused: the message names each variable.

    """
    wrong = []
    if settings.dynamodb == "embedded":
        wrong.append(f"{PREFIX}DYNAMODB=aws: the tables cannot be in a Lambda function")
    if settings.broker_url is None:
        wrong.append(f"{PREFIX}BROKER_URL=redis://…: web servers elsewhere show what is read here")
    if settings.audit_keys is None:
        wrong.append(f"{PREFIX}AUDIT_KEYS=id:base64,…: a function keeps no key of its own")
    if wrong:
        raise HostRefused("set " + "; ".join(wrong))


def clients_of(settings: Settings) -> tuple[Clients, TableNames]:
    """The way to the tables, and their names.

    Each call is tried once: what repeats it must hear when time is up.
    """
    endpoint = None if settings.dynamodb == "aws" else settings.dynamodb
    return connect(endpoint, tries=1), table_names(settings.table_prefix, settings.products_table)


def make_host(
    settings: Settings,
    clients: Clients,
    names: TableNames,
    publish: Publish,
    stamp: Callable[[], Cursor],
    ticks: Sequence[Tick] = (),
    reached: Callable[[str], None] = lambda _point: None,
) -> LambdaHost:
    """The pipeline of any host, stopped by the clock.

    Containers run beside each other, so `stamp` must be of a clock that they share.
    """
    stop = threading.Event()
    retry = Retry(stop)
    signer = signer_of(settings)
    feed = Feed(clients.tables, names.feed, signer.retention)
    audit = AuditRepository(clients.tables, names.audit, feed, signer, stamp)
    pipeline = Pipeline(
        AuditSink(audit, retry),
        publish,
        DeadLetters(clients.tables, names.dead_letters),
        retry,
        settings.attributes,
        reached,
    )
    return LambdaHost(pipeline.process, stop, ticks)
