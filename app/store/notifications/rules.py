"""Each change of a rule is one transaction with its entry in the admin trail."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, StoreUnavailable
from app.core.events import rfc3339
from app.core.rules import recipients
from app.core.rules.rule import Rule, UnreadableRule
from app.core.rules.rule_document import shown
from app.store.access.admin_log import AdminLog
from app.store.dynamodb.transactions import commit
from app.store.feed.arrival_clock import ArrivalClock
from app.store.feed.cursor import wall_ms
from app.store.idempotency import Once, Result
from app.store.notifications import rule_rows
from app.store.notifications.rule_errors import (
    RecipientNotFound,
    RuleChanged,
    TooManyRules,
)
from app.store.notifications.rule_reader import RuleReader, not_found
from app.store.notifications.rule_rows import MOST, Change

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5


class RuleRepository(RuleReader):
    """Reads and changes rules.

    `once` makes a request idempotent: its response is stored in the change's own transaction; then
    a method may raise Replayed, too. All raise StoreUnavailable.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        log: AdminLog,
        on_change: Callable[[], None] = lambda: None,
        arrivals: ArrivalClock = ArrivalClock(),  # noqa: B008 - it is immutable
        store_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`on_change` is called after each change, to notify a worker in this process.

        A rule applies to what arrives after it. `store_now`: the time by the clock of the tables,
        which also says when a change was made.
        """
        super().__init__(client, table)
        self._log = log
        self._on_change = on_change
        self._arrivals = arrivals
        self._store_now = store_now

    def create(self, rule: Rule, actor: str, once: Once[Rule] | None = None) -> Rule:
        """Store a new rule; its id, version, times and maker are set here.

        Raises:
            TooManyRules: there are `MOST` already.

        """
        now = self._arrivals.now_ms()
        rule = replace(
            rule,
            id=rule_rows.new_id(now),
            version=1,
            since=now - self._arrivals.early_ms,
            created_by=actor,
            created_at=rfc3339(self._store_now()),
            disabled=(),
            former=(),
        )
        for _ in range(_TRIES):
            if once is not None:
                once.recall()
            changes = rule_rows.added(rule)
            if self._commit(changes, actor, "rule.created", None, rule, once):
                return rule
            if self.find(rule.id) is not None:  # it was applied, and its answer was lost
                return rule
            if self.count() >= MOST:
                raise TooManyRules(f"There are {MOST:,} rules already. Delete one first.")
        raise _busy()

    def change(self, rule: Rule, actor: str, once: Once[Rule] | None = None) -> Rule:
        """Replace the stored rule of this id and version (0: any); one that is as given stays.

        Raises:
            RuleNotFound: there is none with this id.
            RuleChanged: it has another version.

        """

        def edited(stored: Rule) -> Rule:
            wanted = recipients.edited(stored, rule, self._arrivals.now_ms())
            if wanted != stored and rule.version not in {0, stored.version}:
                raise _changed(stored.version)
            return wanted

        return self._update(rule.id, "rule.changed", edited, actor, once)

    def delete(self, identifier: str, version: int | None, actor: str) -> None:
        """Delete a rule of this version, also one that cannot be read; None: of any.

        Raises:
            RuleNotFound, RuleChanged: as `change`.

        """
        tried = False
        for _ in range(_TRIES):
            rule = self.stored(identifier)
            if rule is None and tried:  # it was applied, and its answer was lost, or by others
                return
            if rule is None:
                raise not_found()
            if version not in {None, rule.version}:
                raise _changed(rule.version)
            tried = True
            if self._commit(rule_rows.removed(rule), actor, "rule.deleted", rule, None):
                return
        raise _busy()

    def disable(self, identifier: str, recipient_id: str, reason: str, actor: str) -> Rule:
        """Send a recipient nothing more, until a person enables it.

        Raises:
            RuleNotFound, RecipientNotFound: there is none with this id.

        """

        def disabled(stored: Rule) -> Rule:
            _check(stored, recipient_id)
            return recipients.disabled(stored, recipient_id, reason)

        return self._update(identifier, "rule.recipient_disabled", disabled, actor)

    def enable(
        self, identifier: str, recipient_id: str, actor: str, once: Once[Rule] | None = None
    ) -> Rule:
        """Send a disabled recipient what comes from now on; raises as `disable`."""

        def enabled(stored: Rule) -> Rule:
            _check(stored, recipient_id)
            return recipients.enabled(stored, recipient_id)

        return self._update(identifier, "rule.recipient_enabled", enabled, actor, once)

    def rotate(
        self, identifier: str, recipient_id: str, actor: str, once: Once[Rule] | None = None
    ) -> Rule:
        """Give a recipient a new signing secret; raises as `disable`."""
        now = wall_ms()

        def rotated(stored: Rule) -> Rule:
            _check(stored, recipient_id)
            return recipients.rotated(stored, recipient_id, now)

        return self._update(identifier, "rule.secret_rotated", rotated, actor, once)

    def note(
        self,
        actor: str,
        action: str,
        document: dict[str, Any],
        result: Result,
        once: Once[Result] | None = None,
    ) -> None:
        """Write what somebody did with a rule to the admin trail, which changed no rule.

        `result` is what the response is made of.
        """
        for _ in range(_TRIES):
            trail = self._log.entry(actor, action, after=document)
            more = [] if once is None else once.actions(result)
            try:
                commit(self._client, [trail, *more])
            except ConditionFailed:  # the same request ran at the same time
                if once is not None:
                    once.recall()
                continue
            return
        raise _busy()

    def _update(
        self,
        identifier: str,
        action: str,
        change: Callable[[Rule], Rule],
        actor: str,
        once: Once[Rule] | None = None,
    ) -> Rule:
        for _ in range(_TRIES):
            if once is not None:
                once.recall()
            stored = self.get(identifier)
            wanted = change(stored)
            if wanted == stored:
                if once is not None:
                    once.record(stored)
                return stored
            wanted = replace(wanted, version=stored.version + 1)
            changes = rule_rows.replaced(stored, wanted)
            if self._commit(changes, actor, action, stored, wanted, once):
                return wanted
        raise _busy()

    def _commit(
        self,
        changes: list[Change],
        actor: str,
        action: str,
        before: Rule | UnreadableRule | None,
        after: Rule | None,
        once: Once[Rule] | None = None,
    ) -> bool:
        """Apply the changes with their entry in the trail; False if a row is not as it was read."""
        was, becomes = (None if one is None else shown(one) for one in (before, after))
        trail = self._log.entry(actor, action, before=was, after=becomes)
        more = [] if once is None or after is None else once.actions(after)
        actions = [{name: {"TableName": self._table, **request}} for name, request in changes]
        try:
            commit(self._client, [*actions, trail, *more])
        except ConditionFailed:
            return False
        self._on_change()
        return True


def _check(rule: Rule, recipient_id: str) -> None:
    if recipients.recipient_of(rule, recipient_id) is None:
        raise RecipientNotFound("This rule has no recipient with this id. Read the rule again.")


def _changed(version: int) -> RuleChanged:
    return RuleChanged(
        "The rule was changed since it was read: nothing was saved. Read it again, and repeat the "
        "change if it is still right.",
        headers={"ETag": f'"{version}"'},
    )


def _busy() -> StoreUnavailable:
    return StoreUnavailable("Others keep changing this rule. Nothing was saved; try again.")
