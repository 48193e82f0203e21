"""A recipient gets a limited number of messages in a minute, and none for a while after a failure.

All rules share these limits, because it is the same person, or the same server. No I/O.
"""

from collections import deque
from collections.abc import Callable

from app.notifications.schedule import CAP
from app.runtime.backoff import Backoff, half_to_full

MINUTE = 60.0
FIRST, LONGEST = 5.0, 1800.0  # seconds between two tries
SLOW = 30.0  # seconds that a call may take
LONGEST_ASKED = 3600.0  # seconds that a recipient may ask to wait
_MOST = 200_000  # recipients that are remembered


class Rates:
    """What recipients were sent lately, by their ids; times are seconds of any one clock."""

    def __init__(self, cap: int = CAP, jitter: Callable[[], float] = half_to_full) -> None:
        self._cap = cap
        self._pause = Backoff(FIRST, LONGEST, jitter)
        self._sent: dict[str, deque[float]] = {}
        self._quiet: dict[str, float] = {}

    def opens(self, recipient: str, now: float, *, capped: bool) -> float:
        """When a message may be sent to the recipient: `now`, or later.

        `capped`: whether the number in a minute counts; programs get all.
        """
        opens = max(now, self._quiet.get(recipient, now))
        sent = self._sent.get(recipient)
        if capped and sent is not None:
            while sent and sent[0] <= now - MINUTE:
                sent.popleft()
            if not sent:
                del self._sent[recipient]
            elif len(sent) >= self._cap:
                opens = max(opens, sent[-self._cap] + MINUTE)
        return opens

    def is_failing(self, recipient: str, now: float) -> bool:
        """Whether the recipient failed lately, so that no message is tried now."""
        return self._quiet.get(recipient, now) > now

    def sending(self, recipient: str, now: float) -> None:
        """Count a message that is sent now."""
        if len(self._sent) >= _MOST:
            self._sent.clear()
        self._sent.setdefault(recipient, deque(maxlen=self._cap)).append(now)

    def succeeded(self, recipient: str) -> bool:
        """Note that the recipient accepted a message; returns whether it failed before."""
        return self._quiet.pop(recipient, None) is not None

    def slow(self, recipient: str, now: float) -> None:
        """Note that a call takes long; until it ends, no other one is made for a while."""
        self._quiet[recipient] = max(self._quiet.get(recipient, 0.0), now + SLOW)

    def failed(
        self, recipient: str, failures: int, now: float, retry_after: float | None = None
    ) -> float:
        """Note a failure, this many in a row; returns when to try again."""
        wait = self._pause(failures)
        if retry_after is not None:
            wait = min(max(retry_after, 1.0), LONGEST_ASKED)
        if len(self._quiet) >= _MOST:
            self._quiet.clear()
        self._quiet[recipient] = now + wait
        return now + wait
