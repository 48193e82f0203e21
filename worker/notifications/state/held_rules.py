"""Rules that this version cannot read are not deleted: from its first notice on, all waits. No I/O.

A newer version wrote them, while versions are being exchanged. Which notices such a rule wants is
not known here, nor whom it tells. So one row for each keeps the places from which whoever can read
the rule reads on for all of its recipients. Rows of recipients that were behind before stay as they
are.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from app.core.rules.rule import subscription_id
from app.store.notifications.subscriptions import SubscriptionRow
from worker.notifications.state.waiting import Entry, Places, lowest

HELD = "held"  # in place of a recipient's id


def is_held(row: SubscriptionRow) -> bool:
    """Whether it is the row of a rule, and of no recipient."""
    return row.recipient_id == HELD


def places_of(row: SubscriptionRow) -> Places:
    """From where everything that waits can be read again."""
    places: Places = {}
    if row.events:
        places["events"] = row.events
    if row.alerts:
        places["alerts"] = row.alerts
    if row.troubles:
        places["troubles"] = row.troubles
    return places


class HeldRules:
    """The rows of rules that cannot be read, and of those that can be again.

    `over`: rows that can be deleted.
    """

    def __init__(self) -> None:
        self.over: list[SubscriptionRow] = []
        self._rows: dict[str, SubscriptionRow] = {}
        self._unsaved: dict[str, SubscriptionRow] = {}
        self._handed_over: list[tuple[SubscriptionRow, set[str]]] = []

    @property
    def unsaved(self) -> list[SubscriptionRow]:
        """The rows that have to be written, since they do not reach far enough back."""
        return list(self._unsaved.values())

    def forget(self) -> None:
        """The rows have to be read again."""
        self.over, self._rows, self._unsaved, self._handed_over = [], {}, {}, []

    def knows(self, row: SubscriptionRow) -> bool:
        """Whether the row was read already."""
        rows = [*self._rows.values(), *self.over, *(one for one, _ in self._handed_over)]
        return any(one.id == row.id for one in rows)

    def keep(self, row: SubscriptionRow) -> None:
        """Take over the row of a rule that cannot be read."""
        self._rows[row.rule_id] = row

    def hand_over(self, row: SubscriptionRow, subscriptions: Iterable[str]) -> None:
        """The rule can be read: the row is over once the rows of these reach as far back."""
        self._handed_over.append((row, set(subscriptions)))
        self._end()

    def offer(self, entries: Sequence[Entry], rule_ids: Collection[str]) -> None:
        """Let notices wait for the rules with these ids, which cannot be read."""
        if not rule_ids or not entries:
            return
        first = lowest(*({one.source: one.place} for one in entries))
        first_at = min(one.notice.at_ms for one in entries)
        for rule_id in rule_ids:
            known = self._unsaved.get(rule_id) or self._rows.get(rule_id) or _row_of(rule_id)
            places = lowest(places_of(known), first)
            if places != places_of(known):
                self._unsaved[rule_id] = replace(
                    known,
                    events=places.get("events", ""),
                    alerts=places.get("alerts", ""),
                    troubles=places.get("troubles", ""),
                    first_at=min(known.first_at or first_at, first_at),
                )

    def saved(self, rows: Iterable[SubscriptionRow]) -> None:
        """Note that rows of `unsaved` are stored."""
        for row in rows:
            self._rows[row.rule_id] = row
            written = self._unsaved.get(row.rule_id)
            if written is not None and places_of(written) == places_of(row):
                del self._unsaved[row.rule_id]
            elif written is not None:
                self._unsaved[row.rule_id] = replace(written, version=row.version)

    def reaches(self, subscription: str) -> None:
        """Note that the row of a subscription reaches far enough back, or nothing waits for it."""
        for _, missing in self._handed_over:
            missing.discard(subscription)
        self._end()

    def _end(self) -> None:
        self.over += [row for row, missing in self._handed_over if not missing]
        self._handed_over = [one for one in self._handed_over if one[1]]


def _row_of(rule_id: str) -> SubscriptionRow:
    return SubscriptionRow(
        id=subscription_id(rule_id, HELD),
        rule_id=rule_id,
        recipient_id=HELD,
        channel="",
        address="",
        why="slow",
    )
