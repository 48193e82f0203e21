"""How often somebody may ask: so many requests in any minute, and a refusal says when to come back.

Counted by `limits` (a sliding window in this process's memory): several web processes each
count for themselves.
"""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from app.web.errors import RateLimited

WINDOW = 60  # seconds


class Rates:
    """A budget of requests a minute for each of those who ask; 0 is no bound."""

    def __init__(self, name: str, per_minute: int) -> None:
        self._name = name
        self._quota = per_minute
        self._policy = f'"{name}";q={per_minute};w={WINDOW}'
        self._item = RateLimitItemPerMinute(max(1, per_minute))
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, who: str, cost: int = 1) -> dict[str, str]:
        """Take from the budget; what an answer's headers say of what is left.

        Raises:
            RateLimited: it is used up; `Retry-After` says until when.

        """
        if not self._quota:
            return {}
        if not self._limiter.hit(self._item, who, cost=cost):
            raise self.refusal(who)
        return self._headers(who)[0]

    def check(self, who: str) -> None:
        """Take nothing.

        Raises:
            RateLimited: the budget is used up.

        """
        if self._quota and not self._limiter.test(self._item, who):
            raise self.refusal(who)

    def refusal(self, who: str) -> RateLimited:
        """What to tell whoever has used it up."""
        headers, seconds = self._headers(who)
        return RateLimited(
            f"More than {self._quota} requests in a minute ({self._name}). "
            f"Wait {seconds} s; RateLimit on each answer says what is left.",
            headers={**headers, "Retry-After": str(seconds)},
        )

    def _headers(self, who: str) -> tuple[dict[str, str], int]:
        """As draft-ietf-httpapi-ratelimit-headers has them, and the seconds until there is more."""
        stats = self._limiter.get_window_stats(self._item, who)
        seconds = min(WINDOW, max(1, math.ceil(stats.reset_time - time.time())))
        return {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"{self._name}";r={stats.remaining};t={seconds}',
        }, seconds
