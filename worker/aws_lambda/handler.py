"""What Lambda calls: `handler` for the stream and `sinks` on a schedule, a function each.

They need no web server and no data folder. Tables, broker and keys come from settings, and without
them every invocation is refused. Nothing is read or opened at import.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from app.config.settings import load
from app.observability import logs
from worker.aws_lambda.batch_response import Answer
from worker.aws_lambda.invocation import LambdaHost
from worker.aws_lambda.setup import start

_log = logging.getLogger(__name__)


class Context(Protocol):
    """The one thing that is asked of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this invocation is killed."""


class UnknownInvocation(Exception):
    """The event is neither a batch of a DynamoDB stream nor a scheduled one."""


def handler(event: Any, context: Context) -> Answer:
    """Take a batch of stream records, or compare the table with the audit on a schedule.

    Raises:
        HostRefused: settings are missing or wrong; each invocation says so.
        UnknownInvocation: this function is not for such events.

    """
    return answer(_host(), event, seconds_left(context))


def sinks(_event: Any, context: Context) -> Answer:
    """Run the sinks until the time is nearly up: the entry point of a function of its own.

    Never that of the stream's function, whose event source mapping waits for the answer.

    Raises:
        HostRefused: settings are missing or wrong; each invocation says so.

    """
    return _host().tick("sinks", seconds_left(context))


def answer(host: LambdaHost, event: Any, seconds: float) -> Answer:
    """What the host makes of an event.

    Raises:
        UnknownInvocation: nothing; this function is not for such events.

    """
    if is_scheduled(event):
        return host.tick("reconcile", seconds)
    return host.take(records_of(event), seconds)


def is_scheduled(event: Any) -> bool:
    """Whether EventBridge, or a person, asks for a comparison."""
    return isinstance(event, Mapping) and (
        event.get("source") == "aws.events" or event.get("stockpulse") == "reconcile"
    )


def seconds_left(context: Context) -> float:
    """Seconds until this invocation is killed."""
    return context.get_remaining_time_in_millis() / 1000


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
