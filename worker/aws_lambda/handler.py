"""The entry points of the two Lambda functions: `handler` for the stream, `sinks` on a schedule.

They need no web server and no data folder. Tables, broker and keys come from settings; if settings
are missing, every invocation fails. Nothing is read or opened at import.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from app.config.settings import load
from app.observability import logs
from worker.aws_lambda.invocation import BatchResponse, LambdaHost
from worker.aws_lambda.setup import start

_log = logging.getLogger(__name__)


class Context(Protocol):
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this invocation is killed."""


class UnknownInvocation(Exception):
    """The event is neither a batch of a DynamoDB stream nor a scheduled event."""


def handler(event: Any, context: Context) -> BatchResponse:
    """Process a batch of stream records, or compare the table with the audit on a schedule.

    Raises:
        HostRefused: settings are missing or wrong; every invocation fails with this error.
        UnknownInvocation: this function does not handle such events.

    """
    return dispatch(_host(), event, seconds_left(context))


def sinks(_event: Any, context: Context) -> BatchResponse:
    """Run the sinks until the time is nearly up: the entry point of a function of its own.

    It must not run in the stream's function, whose event source mapping waits for the response.

    Raises:
        HostRefused: settings are missing or wrong; every invocation fails with this error.

    """
    return _host().tick("sinks", seconds_left(context))


def dispatch(host: LambdaHost, event: Any, seconds: float) -> BatchResponse:
    """Pass an event to the host's method for it.

    Raises:
        UnknownInvocation: this function does not handle such events.

    """
    if is_scheduled(event):
        return host.tick("reconcile", seconds)
    return host.handle_batch(records_of(event), seconds)


def is_scheduled(event: Any) -> bool:
    """Whether EventBridge, or a person, requests a comparison."""
    return isinstance(event, Mapping) and (
        event.get("source") == "aws.events" or event.get("stockpulse") == "reconcile"
    )


def seconds_left(context: Context) -> float:
    """Seconds until this invocation is killed."""
    return context.get_remaining_time_in_millis() / 1000


def records_of(event: Any) -> Sequence[Any]:
    """The records of an event source mapping's batch.

    Raises:
        UnknownInvocation: the event holds no records.

    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise UnknownInvocation(
            'expected {"Records": […]} from a DynamoDB stream, or a scheduled event'
        )
    return records


@cache
def _host() -> LambdaHost:
    """This container's host; after a failure, the next invocation tries again."""
    try:
        settings = load()
        logs.configure(settings.log_format)
        return start(settings)
    except Exception:
        _log.exception("this function cannot start")
        raise
