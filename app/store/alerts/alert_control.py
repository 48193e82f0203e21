"""What a person does about an alert is one transaction with its entry in the admin trail."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.store.access.admin_log import AdminLog
from app.store.alerts import alert as alerts
from app.store.alerts.alert import (
    Alert,
    AlertState,
    Order,
    ProductAlerts,
    alert_id,
    split_alert_id,
)
from app.store.alerts.alert_errors import AlertChanged, AlertNotFound, AlertResolved
from app.store.alerts.alert_repository import AlertRepository, busy
from app.store.alerts.alert_rows import AlertView
from app.store.alerts.decision import acted
from app.store.alerts.levels import AlertKind
from app.store.idempotency import Once

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5


class AlertControl(AlertRepository):
    """Reads alerts, and applies what people do about them.

    An action is for alerts of one product, in one transaction; those that are resolved are passed
    over. It returns the first that it has changed, else the first, and raises AlertNotFound,
    AlertResolved (all are), Replayed (the request has already been applied) and StoreUnavailable. A
    repeat changes nothing.
    """

    def __init__(self, client: "DynamoDBClient", table: str, log: AdminLog) -> None:
        super().__init__(client, table)
        self._log = log

    def view(self, identifier: str) -> AlertView:
        """One alert.

        Raises:
            AlertNotFound: there is none with this id, or it has opened again under another one.

        """
        known, ((kind, number),) = self._find([identifier])
        alert = known.alerts[kind]
        if alert.number != number:
            again = alert_id(known.product_id, alert)
            raise AlertNotFound(f"This alert was resolved. It has opened again as {again}.")
        return AlertView(known.product_id, alert, known.levels)

    def acknowledge(
        self, identifiers: Sequence[str], actor: str, once: Once[AlertView] | None = None
    ) -> AlertView:
        """Record that somebody takes care of it."""
        return self._act(identifiers, "acknowledged", actor, once)

    def snooze(
        self,
        identifiers: Sequence[str],
        until: int,
        actor: str,
        once: Once[AlertView] | None = None,
    ) -> AlertView:
        """Keep it quiet until a time, in ms since 1970."""
        return self._act(identifiers, "snoozed", actor, once, until=until)

    def order(
        self,
        identifiers: Sequence[str],
        order: Order,
        actor: str,
        once: Once[AlertView] | None = None,
    ) -> AlertView:
        """Keep it quiet until the order is received or overdue."""
        return self._act(identifiers, "ordered", actor, once, order=order)

    def reopen(
        self,
        identifiers: Sequence[str],
        actor: str,
        once: Once[AlertView] | None = None,
        *,
        since: int | None = None,
    ) -> AlertView:
        """Undo any of these; `since`: only what was done at that moment, in ms since 1970.

        Raises:
            AlertChanged: something else was done since.

        """
        return self._act(identifiers, "open", actor, once, since=since)

    def _act(
        self,
        identifiers: Sequence[str],
        state: AlertState,
        actor: str,
        once: Once[AlertView] | None,
        *,
        since: int | None = None,
        **given: Any,
    ) -> AlertView:
        for _ in range(_TRIES):
            if once is not None:
                once.recall()
            known, named = self._find(identifiers)
            kinds = [kind for kind, number in named if _is_now(known.alerts[kind], number)]
            if not kinds:
                raise AlertResolved("The alert is resolved, so nothing needs to be done about it.")
            if since is not None:
                kinds = [kind for kind in kinds if _is_from(known.alerts[kind], since)]
            if not kinds:
                raise AlertChanged("Something else was done about it since: nothing was undone.")
            decided = acted(known, kinds, state, actor, self.now_ms(), **given)
            first = next((one.alert.kind for one in decided.transitions), kinds[0])
            view = AlertView(known.product_id, decided.after.alerts[first], known.levels)
            more = [] if once is None else once.actions(view)
            trail = partial(self._log.entry, actor, f"alert.{_DONE[state]}")
            for transition in decided.transitions:
                before, after = (
                    _shown(AlertView(known.product_id, alert, known.levels))
                    for alert in (known.alerts[transition.alert.kind], transition.alert)
                )
                more.append(trail(before=before, after=after))
            if not more:
                return view
            try:
                self.save(known, decided, more)
            except ConditionFailed:
                continue
            return view
        raise busy(known.product_id)

    def _find(
        self, identifiers: Sequence[str]
    ) -> tuple[ProductAlerts, list[tuple[AlertKind, int]]]:
        """The alerts of the product that all these ids name, and the kind and number in each."""
        named = [split_alert_id(identifier) for identifier in identifiers]
        parts = [part for part in named if part is not None]
        products = {product_id for product_id, _, _ in parts}
        if len(parts) == len(named) and len(products) == 1:
            known = self.get(products.pop())
            found = [(kind, number) for _, kind, number in parts]
            if all(
                kind in known.alerts and 1 <= number <= known.alerts[kind].number
                for kind, number in found
            ):
                return known, found
        raise AlertNotFound("No alert has this id. Look it up in the list of alerts.")


def _is_now(alert: Alert, number: int) -> bool:
    """Whether the alert with this number is the one that is not resolved."""
    return not alert.is_over and alert.number == number


def _is_from(alert: Alert, since: int) -> bool:
    """Whether an action at that moment gave the alert its state, or it is undone already."""
    return alert.since == since or alert.state == "open"


_DONE: dict[AlertState, str] = {
    "acknowledged": "acknowledged",
    "snoozed": "snoozed",
    "ordered": "ordered",
    "open": "reopened",
}


def _shown(view: AlertView) -> dict[str, Any]:
    """An alert as the admin trail stores it."""
    document = alerts.encoded(view.alert)
    shown = ("kind", "state", "snoozed_until", "order")
    return {"alert": view.id, "product_id": view.product_id} | {
        name: document[name] for name in shown
    }
