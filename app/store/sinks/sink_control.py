"""Each admin action on a sink is one transaction with its entry in the admin trail."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, StoreUnavailable
from app.store.access.admin_log import AdminLog
from app.store.coordination.sink_row import AUDIT, Health, SinkRow
from app.store.dynamodb.transactions import commit
from app.store.feed.cursor import wall_ms
from app.store.feed.feed import Feed
from app.store.idempotency import Once
from app.store.sinks.rewind_point import RewindTo, rewind_point
from app.store.sinks.sink_lag import SinkView
from app.store.sinks.sink_status import SinkStatuses

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5


class SinkControl(SinkStatuses):
    """Admin actions on sinks.

    `once` makes a request idempotent: its response is stored in the action's own transaction.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        consumer: str,
        feed: Feed,
        log: AdminLog,
        on_change: Callable[[], None] = lambda: None,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        """`on_change` is called after each action, to notify a worker in this process."""
        super().__init__(client, table, consumer, feed, now_ms)
        self._log = log
        self._on_change = on_change

    def pause(self, name: str, actor: str, once: Once[SinkView] | None = None) -> SinkView:
        """Stop deliveries until the sink is resumed.

        Raises:
            SinkNotFound: there is no such sink.
            Replayed: the request has already been applied.

        """

        def paused(row: SinkRow) -> SinkRow:
            return replace(row, state="paused", why=f"paused by {actor}", paused_by=actor)

        return self._act(name, actor, "sink.paused", paused, once)

    def resume(self, name: str, actor: str, once: Once[SinkView] | None = None) -> SinkView:
        """Continue deliveries from the cursor; does nothing if it runs; raises as `pause`."""

        def resumed(row: SinkRow) -> SinkRow:
            if row.state == "running":
                return row
            return replace(row, state="running", why="", paused_by=None)

        return self._act(name, actor, "sink.resumed", resumed, once)

    def rewind(
        self, name: str, to: RewindTo, actor: str, once: Once[SinkView] | None = None
    ) -> SinkView:
        """Move the cursor to a time, to deliver what arrived from then on.

        `now` skips all waiting events; `beginning` repeats everything within retention. A paused
        sink stays paused, a stopped one runs again.

        Raises:
            TimeOutOfRange: the time is before retention or in the future.
            SinkNotFound, Replayed: as `pause`.

        """

        def rewound(row: SinkRow) -> SinkRow:
            if row.state == "stopped":
                row = replace(row, state="running", why="")
            return replace(
                row,
                cursor=rewind_point(self._feed, row.name, to, self._now_ms()),
                taken=b"",
                health=Health(),
                saved_at=None,
            )

        return self._act(name, actor, "sink.rewound", rewound, once)

    def request_redrive(self, name: str, actor: str, once: Once[str] | None = None) -> str:
        """Request redelivery of all dead letters of a sink, or of the audit; returns the name.

        Raises:
            SinkNotFound, Replayed: as `pause`.

        """
        for _ in range(_TRIES):
            if once is not None:
                once.recall()
            if name != AUDIT:
                self.find(name)
            extra = [] if once is None else once.actions(name)
            trail = self._log.entry(actor, "sink.redriven", after={"sink": name})
            try:
                commit(self._client, [self.redrive_request(name, everything=True), trail, *extra])
            except ConditionFailed:  # another transaction conflicts
                continue
            self._on_change()
            return name
        raise _busy(name)

    def note_test(self, name: str, actor: str, answer: str, once: Once[str] | None = None) -> None:
        """Record a test delivery and its result in the admin trail.

        Raises:
            Replayed: the same request ran at the same time and was recorded first.

        """
        self._note("sink.tested", name, actor, answer, once)

    def note_rebuild(
        self, name: str, actor: str, answer: str, once: Once[str] | None = None
    ) -> None:
        """Record in the admin trail that a sink's state is being built again; as `note_test`."""
        self._note("sink.rebuilt", name, actor, answer, once)

    def _note(
        self, action: str, name: str, actor: str, answer: str, once: Once[str] | None = None
    ) -> None:
        for _ in range(_TRIES):
            extra = [] if once is None else once.actions(answer)
            trail = self._log.entry(actor, action, after={"sink": name, "answer": answer})
            try:
                commit(self._client, [trail, *extra])
            except ConditionFailed:
                if once is not None:
                    once.recall()
                continue
            return
        raise _busy(name)

    def redrive_request(self, name: str, *, everything: bool = False) -> dict[str, Any]:
        """The transaction action that makes a worker redrive the sink's dead letters.

        The worker delivers the letters that are due, or with `everything` all of them.
        """
        return {
            "Update": {
                "TableName": self._table,
                "Key": self.key(name),
                "UpdateExpression": "SET Redrive = :request"
                + (", RedriveAll = :request" if everything else ""),
                "ExpressionAttributeValues": {":request": {"S": secrets.token_hex(8)}},
            }
        }

    def _act(
        self,
        name: str,
        actor: str,
        action: str,
        change: Callable[[SinkRow], SinkRow],
        once: Once[SinkView] | None,
    ) -> SinkView:
        for _ in range(_TRIES):
            if once is not None:
                once.recall()
            found = self.find(name)
            changed = change(found)
            if changed is not found:
                changed = replace(changed, version=found.version + 1)
            view = self._view(changed)
            actions = [] if once is None else once.actions(view)
            if changed is not found:
                trail = self._log.entry(actor, action, before=_shown(found), after=_shown(changed))
                actions += [self._update_of(found, changed), trail]
            try:
                if actions:
                    commit(self._client, actions)
            except ConditionFailed:  # it has changed since it was read, or a transaction conflicts
                continue
            self._on_change()
            return view
        raise _busy(name)

    def _update_of(self, found: SinkRow, changed: SinkRow) -> dict[str, Any]:
        """The transaction action that changes the row, if it is unchanged since it was read."""
        sets = {"State": changed.state, "Why": changed.why}
        removed = []
        if changed.paused_by is None:
            removed.append("PausedBy")
        else:
            sets["PausedBy"] = changed.paused_by
        if changed.saved_at is None and changed.cursor is not None:  # it was rewound
            sets["Cursor"] = str(changed.cursor)
            removed += ["Taken", "Head", "LagSeconds", "LagEvents", "LastError", "SavedAt"]
        names = [*sets, *removed, "Shard", "Version"]
        condition = "attribute_exists(#Shard) AND "
        values: dict[str, Any] = {f":{name}": {"S": value} for name, value in sets.items()}
        values[":changed"] = {"N": str(changed.version)}
        if found.version:
            condition += "#Version = :found"
            values[":found"] = {"N": str(found.version)}
        else:
            condition += "attribute_not_exists(#Version)"
        return {
            "Update": {
                "TableName": self._table,
                "Key": self.key(found.name),
                "UpdateExpression": "SET #Version = :changed, "
                + ", ".join(f"#{name} = :{name}" for name in sets)
                + (f" REMOVE {', '.join(f'#{name}' for name in removed)}" if removed else ""),
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {f"#{name}": name for name in names},
                "ExpressionAttributeValues": values,
            }
        }


def _shown(row: SinkRow) -> dict[str, Any]:
    """A sink as the admin trail stores it."""
    return {
        "sink": row.name,
        "state": row.state,
        "cursor": None if row.cursor is None else str(row.cursor),
    }


def _busy(name: str) -> StoreUnavailable:
    return StoreUnavailable(f"Other writers keep changing the state of sink {name}. Try again.")
