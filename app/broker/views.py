"""The views of a broker: one a filter, as long as it has subscribers; publishers ring for them.

Views live on the event loop's thread; `ring` may be called from any, and however often it was
called, the loop advances the views once.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.broker.filters import Filter
from app.broker.ring import Ring
from app.broker.view import View


class Views:
    """A ring's views, by filter."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._views: dict[Filter, View] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Advance on this event loop until the block ends."""
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._loop = None

    @contextmanager
    def joined(self, wanted: Filter) -> Iterator[View]:
        """The view of a filter, for one more subscriber."""
        view = self._views.get(wanted)
        if view is None:
            view = self._views[wanted] = View(self._ring, wanted, self._ring.end)
        view.subscribers += 1
        try:
            yield view
        finally:
            view.subscribers -= 1
            if not view.subscribers:
                del self._views[wanted]

    def tell(self) -> None:
        """The ring holds something new; callable from any thread."""
        with self._lock:
            loop, pending = self._loop, self._told
            self._told = loop is not None
        if loop is not None and not pending:
            with suppress(RuntimeError):  # the loop has closed: nobody is listening any more
                loop.call_soon_threadsafe(self._advance)

    def wake(self) -> None:
        """Let every waiting subscriber look."""
        for view in self._views.values():
            view.wake()

    def _advance(self) -> None:
        """Once for all that was told since the last time."""
        with self._lock:
            self._told = False
        for view in self._views.values():
            if view.advance():
                view.wake()
