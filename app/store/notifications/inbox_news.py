"""However many browsers ask for messages, an address is read once in a few seconds.

While no rule sends to browsers, nothing is read for them but the count of the rules' writes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.store.notifications.inbox import Inbox, InboxMessage
from app.store.notifications.rule_reader import RuleReader

EVERYONE = "*"  # the address of all browsers
MOST = 50  # messages of an address
FRESH = 3.0  # seconds for which messages are as they were read
RULES_FRESH = 10.0  # seconds for which the rules are
_MOST_ADDRESSES = 1_000


@dataclass(frozen=True, slots=True)
class _Read:
    at: float
    messages: tuple[InboxMessage, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    at: float
    writes: int
    addresses: frozenset[str]


class InboxNews:
    """The newest messages by address, from any thread; all methods raise StoreUnavailable."""

    def __init__(
        self, rules: RuleReader, inbox: Inbox, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rules = rules
        self._inbox = inbox
        self._now = now
        self._read: dict[str, _Read] = {}
        self._wanted = _Wanted(float("-inf"), -1, frozenset())

    def messages(self, actor: str) -> list[InboxMessage]:
        """The newest messages to a person and to everyone, each once, the newest first."""
        both = [*self._messages(actor), *self._messages(EVERYONE)]
        newest: dict[str, InboxMessage] = {}
        for one in sorted(both, key=lambda one: one.at):
            newest.setdefault(one.key, one)  # a repeat is at the time of the first
        return list(reversed(newest.values()))[:MOST]

    def is_wanted(self, actor: str) -> bool:
        """Whether a rule sends to this person's browsers."""
        addresses = self._addresses()
        return EVERYONE in addresses or actor in addresses

    def _messages(self, address: str) -> tuple[InboxMessage, ...]:
        known, now = self._read.get(address), self._now()
        if known is not None and now - known.at < FRESH:
            return known.messages
        found = _Read(now, tuple(self._inbox.page(address, MOST).items))
        if len(self._read) >= _MOST_ADDRESSES:
            self._read = {}
        self._read[address] = found
        return found.messages

    def _addresses(self) -> frozenset[str]:
        known, now = self._wanted, self._now()
        if now - known.at < RULES_FRESH:
            return known.addresses
        writes = self._rules.writes()
        addresses = known.addresses
        if writes != known.writes:
            addresses = frozenset(
                one.address
                for rule in self._rules.all()
                if rule.enabled
                for one in rule.reachable
                if one.channel == "browser"
            )
        self._wanted = _Wanted(now, writes, addresses)
        return addresses
