"""Each live stream of a key or a person has a place, and they have so many of them at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.web.errors import TooManyOfYourStreams


class StreamQuota:
    """Counts on the event loop's thread only; a place is free again however its stream ends."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def of(self, account: str | None) -> Iterator[None]:
        """Hold a place of this account until the block ends; None needs none.

        Raises:
            TooManyOfYourStreams: all of them are taken.

        """
        if account is None:
            yield
            return
        if self._taken[account] >= self._most:
            raise TooManyOfYourStreams(
                f"{self._most} live streams of yours are open already. Close one, or share one "
                "between what needs it.",
                headers={"Retry-After": "10"},
            )
        self._taken[account] += 1
        try:
            yield
        finally:
            self._taken[account] -= 1
            if not self._taken[account]:
                del self._taken[account]
