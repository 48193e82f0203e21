"""A page is taken only under a lease that is surely held: after a pause its row is read first.

Publishing cannot be fenced, so a worker that slept past its lease must find out before it
tells what another has told.
"""

from collections.abc import Callable

from app.store.leases import Hold


class Guard:
    """Asks the store only where this worker may have been held for dead since the last time."""

    def __init__(self, hold: Hold, term: Callable[[], int | None]) -> None:
        """`term`: see `Membership`. The lease was taken just now."""
        self._hold = hold
        self._term = term
        self._sure_in = term()

    def __call__(self) -> None:
        """Return while the lease is held.

        Raises:
            LeaseLost: it is another's.
            StoreUnavailable: that cannot be known now.

        """
        term = self._term()
        if term is None or term != self._sure_in:
            self._hold.check()
            self._sure_in = term
