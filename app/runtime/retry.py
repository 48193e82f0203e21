"""A call that must succeed is tried for ever, in bounded, jittered steps, until a stop."""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from app.core.errors import Unavailable
from app.observability.metrics import RETRIES
from app.runtime.backoff import Backoff

_log = logging.getLogger(__name__)

T = TypeVar("T")

pause = Backoff(0.05, 2.0)  # seconds until a failed call is repeated
ALARM_AFTER = 60.0  # seconds of failing until each failure is logged as an error


class Stopped(Exception):
    """The worker is ending; what was under way will be read again."""


class Retry:
    """Repeats a call through outages of the store or the broker."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def __call__(self, call: Callable[[], T], part: str) -> T:
        """The call's result.

        Raises:
            Stopped: the worker was told to stop before the call succeeded.

        """
        started = time.monotonic()
        for failures in itertools.count(1):
            try:
                return call()
            except Unavailable as error:
                failing = time.monotonic() - started
                level = logging.ERROR if failing > ALARM_AFTER else logging.WARNING
                RETRIES.labels(part).inc()
                _log.log(level, "%s has failed for %.0f s: %s", part, failing, error)
            if self._stop.wait(pause(failures)):
                break
        raise Stopped
