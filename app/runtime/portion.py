"""The number of items that the next call requests follows the size of the last answer. No I/O.

Many large items take long to arrive and fill the memory. After a call that timed out, the same
call would time out again. So the number falls until a call succeeds, at the latest with 1.
"""

_STEP = 4  # the factor after a full, small answer or a failure


class PortionSize:
    """How many items a call requests: `limit` is at least 1 and at most `most`."""

    def __init__(self, first: int, most: int, target: int) -> None:
        """`target`: bytes of an answer; a larger one makes the next request smaller."""
        self._first = first
        self._most = most
        self._target = target
        self.limit = first

    def answered(self, count: int, size: int) -> None:
        """A call returned `count` items, of `size` bytes together."""
        fits = max(1, count * self._target // size) if count and size else self._most
        if fits < self.limit:
            self.limit = fits
        elif count >= self.limit:
            self.limit = min(_STEP * self.limit, fits, self._most)
        elif count < self.limit // _STEP:  # the next items may be of another kind
            self.limit = max(min(self._first, self.limit), self.limit // _STEP)

    def failed(self) -> None:
        """A call failed, perhaps because the answer was too large to arrive in time."""
        self.limit = max(1, self.limit // _STEP)
