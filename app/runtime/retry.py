"""A call that must succeed is retried without limit, with a jittered backoff, until a stop."""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from app.core.errors import ServiceUnavailable
from app.observability.metrics import RETRIES
from app.runtime.backoff import Backoff

_log = logging.getLogger(__name__)

T = TypeVar("T")

pause = Backoff(0.05, 2.0)  # seconds until a failed call is retried
ALARM_AFTER = 60.0  # seconds of failures after which each one is logged as an error


class Stopped(Exception):
    """The worker is stopping; unfinished work will be read again."""


class Retry:
    """Retries a call while the store or the broker is unavailable."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def __call__(self, call: Callable[[], T], part: str) -> T:
        """The call's result.

        Raises:
            Stopped: `stop` was set before the call succeeded.

        """
        started = time.monotonic()
        for failures in itertools.count(1):
            try:
                return call()
            except ServiceUnavailable as error:
                failing = time.monotonic() - started
                level = logging.ERROR if failing > ALARM_AFTER else logging.WARNING
                RETRIES.labels(part).inc()
                _log.log(level, "%s has failed for %.0f s: %s", part, failing, error)
            if self._stop.wait(pause(failures)):
                break
        raise Stopped
