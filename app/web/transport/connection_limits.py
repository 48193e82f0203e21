"""A new connection always gets a place: at the limit, the stranger idle longest gives up its own.

Who connects is known only after the head of a request. Until a request on it is authenticated, a
connection is a stranger's, and so is one whose last request was anonymous. Strangers have a limit
per address, signed-in clients per account, and all connections together a limit below that of
open files. Connections of signed-in clients and trusted proxies are never closed for another, but a
part of the places is never theirs. So a health check finds a place whoever holds the others.
"""

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Protocol

_log = logging.getLogger(__name__)

REMIND = 60.0  # seconds between two warnings


class Connection(Protocol):
    """An open connection; hashable by identity."""

    network: str  # what counts as its address; "" has no limit of its own

    def account(self) -> str | None:
        """Whose it is, by its last request: None is a stranger; "" has no limit of its own."""

    def end(self) -> None:
        """Close it at once."""


class ConnectionLimits:
    """The open connections of one server; all methods run on its event loop."""

    def __init__(self, most: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`most`: connections in all."""
        self._most = most
        self._most_each = max(1, most // 4)  # per address of strangers, and per account
        self._most_known = most - max(1, most // 16)
        self._monotonic = monotonic
        # Both in the order of their last use, the one unused longest first.
        self._strangers: OrderedDict[Connection, None] = OrderedDict()
        self._networks: dict[str, OrderedDict[Connection, None]] = {}
        self._known: dict[Connection, str] = {}  # account
        self._accounts: Counter[str] = Counter()
        self._closed, self._warned_at = 0, float("-inf")

    def add(self, connection: Connection) -> None:
        """Give a new connection a place; at a limit, a stranger's connection is closed for it."""
        self._admit(connection)
        own = self._networks.get(connection.network, OrderedDict())
        # Only the first of a queue is checked for having signed in: each moves out once.
        while len(own) > self._most_each:
            if self._ended(next(iter(own))):
                self._warn(f"{connection.network} has {len(own) + 1}, of {self._most_each}")
        while len(self._strangers) + len(self._known) > self._most:
            if self._ended(next(iter(self._strangers))):
                self._warn(f"{self._most + 1} are open, of {self._most}")

    def used(self, connection: Connection) -> None:
        """A request of this connection was answered."""
        known = self._known.get(connection)
        if (connection in self._strangers) or (known is not None and known != connection.account()):
            self.remove(connection)
            self._admit(connection)

    def remove(self, connection: Connection) -> None:
        """Free its place, if it still has one."""
        account = self._known.pop(connection, None)
        if account is not None:
            self._accounts[account] -= 1
            if not self._accounts[account]:
                del self._accounts[account]
        elif connection in self._strangers:
            del self._strangers[connection]
            own = self._networks.get(connection.network, OrderedDict())
            own.pop(connection, None)
            if not own:
                self._networks.pop(connection.network, None)

    def _admit(self, connection: Connection) -> bool:
        """Count a connection for its account, or as a stranger's; True for its account."""
        account = connection.account()
        if (
            account is not None
            and len(self._known) < self._most_known
            and (not account or self._accounts[account] < self._most_each)
        ):
            self._known[connection] = account
            self._accounts[account] += 1
            return True
        self._strangers[connection] = None
        if connection.network:
            self._networks.setdefault(connection.network, OrderedDict())[connection] = None
        return False

    def _ended(self, oldest: Connection) -> bool:
        """Close a stranger's connection; False if it turns out to have signed in since."""
        self.remove(oldest)
        if self._admit(oldest):
            return False
        self.remove(oldest)
        oldest.end()
        self._closed += 1
        return True

    def _warn(self, what: str) -> None:
        now = self._monotonic()
        if now - self._warned_at < REMIND:
            return
        self._warned_at = now
        _log.warning(
            "too many connections (%s): closing those of clients that are not signed in, the ones "
            "unused longest first; %d closed since the last warning",
            what,
            self._closed,
        )
        self._closed = 0
