"""The number of concurrent live streams per key or person is limited."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.web.errors import TooManyOfYourStreams


class StreamQuota:
    """Counts open streams, on the event loop's thread only."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: Counter[str] = Counter()

    @contextmanager
    def hold(self, account: str | None) -> Iterator[None]:
        """Count a stream of this account until the block ends; None is not counted.

        Raises:
            TooManyOfYourStreams: the account is at its limit.

        """
        if account is None:
            yield
            return
        if self._open[account] >= self._limit:
            raise TooManyOfYourStreams(
                f"You already have {self._limit} live streams open. Close one, or share one among "
                "your clients.",
                headers={"Retry-After": "10"},
            )
        self._open[account] += 1
        try:
            yield
        finally:
            self._open[account] -= 1
            if not self._open[account]:
                del self._open[account]
