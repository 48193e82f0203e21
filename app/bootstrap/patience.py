"""A start waits for a slow store: as long as it makes progress, and not for a wrong address.

Botocore gives up a call after three tries, which a store under load may need to answer one. A
running process tries again later; a start would end.
"""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import EndpointConnectionError

from app.runtime.backoff import Backoff
from app.store.dynamodb.client import NO_ANSWER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

SILENT = 30.0  # seconds to wait for the store's first answer
STALLED = 300.0  # seconds to wait for its next
_EVENT, _ANSWERED = "needs-retry.dynamodb", "after-call.dynamodb"
_THROTTLED = ("Throttling", "RequestLimitExceeded", "ProvisionedThroughputExceeded")

pause = Backoff(0.5, 5.0)


class Patience:
    """Retries a client's calls after botocore's own tries, until `end` is called."""

    def __init__(
        self,
        client: "DynamoDBClient",
        monotonic: Callable[[], float] = time.monotonic,
        *,
        has_answered: bool = False,
    ) -> None:
        """`has_answered`: the store is known to be there."""
        self._events: Any = client.meta.events
        self._monotonic = monotonic
        self._progress_at = monotonic()
        self._has_answered = has_answered
        self._events.register_last(_EVENT, self.decide)  # type: ignore[arg-type]  # it may answer
        # A successful call to a local engine asks nobody whether to repeat it.
        self._events.register(_ANSWERED, self.answered)

    def end(self) -> None:
        """Let calls fail again after botocore's tries."""
        self._events.unregister(_EVENT, self.decide)
        self._events.unregister(_ANSWERED, self.answered)

    def answered(self, **_: Any) -> None:
        """Note that a call has succeeded, or has failed for good."""
        self._has_answered, self._progress_at = True, self._monotonic()

    def decide(
        self,
        operation: Any,
        attempts: int,
        response: Any = None,
        caught_exception: BaseException | None = None,
        **_: Any,
    ) -> float | None:
        """Seconds until the next try, or None: the call has succeeded, or fails for good.

        Botocore calls this after each try; its own wait counts while it repeats the call itself.
        """
        why = _why_slow(response, caught_exception)
        if why is None:
            return None
        if isinstance(caught_exception, EndpointConnectionError) and not self._has_answered:
            return None  # nothing listens there: probably the address is wrong
        waited = self._monotonic() - self._progress_at
        left = (STALLED if self._has_answered else SILENT) - waited
        if left <= 0:
            return None
        _log.warning(
            "the store has not carried out %s for %.0f s (%s): the start waits, for up to %.0f s "
            "without any progress",
            operation.name,
            waited,
            why,
            left,
        )
        return pause(attempts)


def _why_slow(response: Any, error: BaseException | None) -> str | None:
    """Why a call should be tried again; None if it was answered, or cannot be made."""
    if error is not None:
        is_network = isinstance(error, NO_ANSWER)
        return type(error).__name__ if is_network else None
    http, parsed = response
    code = str(parsed.get("Error", {}).get("Code", ""))
    is_slow = http.status_code >= 500 or code.startswith(_THROTTLED)
    return (code or str(http.status_code)) if is_slow else None
