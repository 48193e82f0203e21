"""The rules are kept in memory, and are never older than the notice that they are matched with.

They are found by what they are restricted to, so that the work for an event does not grow with the
number of rules that are about other products.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import get_args

from app.core.events import KINDS
from app.core.item import AttributeNames
from app.core.rules.rule import AlertNotice, Recipient, Rule, UnreadableRule, Wording
from app.notifications.matching import selects, wants
from app.notifications.notice import TROUBLE, Notice
from app.store.notifications.rule_rows import made_at
from app.store.notifications.rules import RuleRepository

ALERTS: tuple[str, ...] = get_args(AlertNotice)
READ_EVERY = 60.0  # seconds after which the rules are read again in any case
_CLOCKS_MS = 10_000  # by which clocks may differ

_NOTICE_KINDS = (*KINDS, *ALERTS, TROUBLE)
_NEVER = datetime.fromtimestamp(0, UTC)


class RuleIndex:
    """Rules by the products and categories that they name, or else by the kinds."""

    def __init__(
        self, rules: Mapping[str, Rule], unreadable: Sequence[UnreadableRule] = ()
    ) -> None:
        """`unreadable`: rules that a newer version wrote, which are not to be taken for deleted."""
        self.rules = rules
        self.unreadable = {one.id: one for one in unreadable}
        self._by_product: dict[str, dict[str, Rule]] = defaultdict(dict)
        self._by_category: dict[str, dict[str, Rule]] = defaultdict(dict)
        self._by_kind: dict[str, dict[str, Rule]] = defaultdict(dict)
        self.since: dict[str, int] = {}  # by kind: the first time from which a rule wants it
        for rule in rules.values():
            for wording in (*rule.former, Wording(rule.since, rule.what, rule.enabled)):
                if wording.enabled:
                    self._add(rule, wording)

    @property
    def wants_events_since(self) -> int | None:
        """The first time from which any rule wants events, in ms since 1970; None: none does.

        One that cannot be read may want all of them since it was made.
        """
        wanted = [self.since[kind] for kind in KINDS if kind in self.since]
        made = [at for one in self.unreadable if (at := made_at(one)) is not None]
        return min((*wanted, *made), default=None)

    @property
    def may_tell_trouble(self) -> bool:
        """Whether a rule wants troubles, or one might that cannot be read."""
        return TROUBLE in self.since or bool(self.unreadable)

    def candidates(self, notice: Notice) -> Iterator[Rule]:
        """The rules that may want a notice, each once."""
        found: Mapping[str, Rule] = self._by_kind.get(notice.kind, {})
        if notice.product_id:
            by_product = self._by_product.get(notice.product_id, {})
            found = {**found, **by_product, **self._by_category.get(notice.category, {})}
        elif self._by_product or self._by_category:
            found = dict(self.rules)  # what is of no product is not restricted at all
        yield from found.values()

    def _add(self, rule: Rule, wording: Wording) -> None:
        what = wording.what
        kinds = [kind for kind in _NOTICE_KINDS if selects(what, _of_kind(kind))]
        for kind in kinds:
            self.since[kind] = min(self.since.get(kind, wording.since), wording.since)
        if what.product_ids:
            for product_id in what.product_ids:
                self._by_product[product_id][rule.id] = rule
        elif what.categories:
            for category in what.categories:
                self._by_category[category][rule.id] = rule
        else:
            for kind in kinds:
                self._by_kind[kind][rule.id] = rule


class RuleBook:
    """The rules of a deployment, as they were last read; thread-safe."""

    def __init__(self, rules: RuleRepository, names: AttributeNames) -> None:
        self._rules = rules
        self._names = names
        self._lock = threading.Lock()
        self._writes: int | None = None
        self._read_at = 0.0
        self.index = RuleIndex({})

    def refresh(self) -> bool:
        """Read the rules if they were written since; returns whether they were read.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        with self._lock:
            writes = self._rules.writes()  # first: a write after it is seen the next time
            if writes == self._writes and time.monotonic() < self._read_at + READ_EVERY:
                return False
            if writes or self._writes != writes:
                every = self._rules.every()
                self.index = RuleIndex(
                    {one.id: one for one in every if isinstance(one, Rule)},
                    [one for one in every if isinstance(one, UnreadableRule)],
                )
            self._writes, self._read_at = writes, time.monotonic()
            return True

    def begins(self) -> int | None:
        """From when rules want events, in ms since 1970: some were made before the sink first ran.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        self.refresh()
        since = self.index.wants_events_since
        return None if since is None else since - _CLOCKS_MS

    def matches(self, notice: Notice) -> Iterator[tuple[Rule, Recipient]]:
        """The subscriptions that want a notice."""
        for rule in self.index.candidates(notice):
            if rule.enabled and wants(rule, notice, self._names):
                for recipient in rule.reachable:
                    yield rule, recipient

    def wanted(self, rule: Rule, notice: Notice) -> bool:
        """Whether a rule wants a notice that is read again."""
        return wants(rule, notice, self._names)

    def find(self, rule_id: str, recipient_id: str) -> tuple[Rule, Recipient] | None:
        """A subscription that is to be sent anything; None if there is none, or not any more."""
        rule = self.index.rules.get(rule_id)
        if rule is None or not rule.enabled:
            return None
        return next(((rule, one) for one in rule.reachable if one.id == recipient_id), None)


def _of_kind(kind: str) -> Notice:
    return Notice(id="", kind=kind, at=_NEVER, at_ms=0)
