"""How many messages of each rule each channel has taken, and how many notices wait. No I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from app.core.rules.rule import Rule
from app.store.notifications.delivery_log import Delivery, Outcome
from app.store.notifications.subscriptions import SubscriptionRow
from app.store.notifications.totals import RuleTotal

Key = tuple[str, str]  # channel, rule id


class Counts:
    """Counts since this process began to send."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Key, Outcome]] = Counter()

    def note(self, line: Delivery) -> None:
        """Count a try."""
        self._counts[(line.channel, line.rule_id), line.outcome] += 1

    def totals(
        self, waiting: Iterable[SubscriptionRow], rules: Mapping[str, Rule]
    ) -> list[RuleTotal]:
        """The totals of rules that exist; those with the oldest waiting notices come first."""
        found: dict[Key, RuleTotal] = {}
        for key in {key for key, _ in self._counts}:
            channel, rule_id = key
            if rule_id in rules:
                found[key] = RuleTotal(
                    channel=channel,
                    rule_id=rule_id,
                    rule_name=rules[rule_id].name,
                    delivered=self._counts[key, "delivered"],
                    failed=self._counts[key, "failed"],
                    rejected=self._counts[key, "rejected"],
                )
        for row in waiting:
            rule = rules.get(row.rule_id)
            if rule is None:
                continue
            key = row.channel, row.rule_id
            known = found.get(key) or RuleTotal(
                channel=row.channel, rule_id=row.rule_id, rule_name=rule.name
            )
            oldest = min(filter(None, (known.oldest_ms, row.first_at)), default=0)
            found[key] = replace(known, waiting=known.waiting + row.waiting, oldest_ms=oldest)
        return sorted(
            found.values(), key=lambda one: (one.oldest_ms or float("inf"), -one.delivered)
        )
