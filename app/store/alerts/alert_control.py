"""What a person does about an alert is one transaction with its entry in the admin trail."""

from functools import partial
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.store.access.admin_log import AdminLog
from app.store.alerts import alert as alerts
from app.store.alerts.alert import (
    AlertState,
    Order,
    ProductAlerts,
    alert_id,
    split_alert_id,
)
from app.store.alerts.alert_errors import AlertNotFound, AlertResolved
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

    Each action raises AlertNotFound, AlertResolved, Replayed (the request has already been applied)
    and StoreUnavailable. A repeat changes nothing.
    """

    def __init__(self, client: "DynamoDBClient", table: str, log: AdminLog) -> None:
        super().__init__(client, table)
        self._log = log

    def view(self, identifier: str) -> AlertView:
        """One alert.

        Raises:
            AlertNotFound: there is none with this id, or it has opened again under another one.

        """
        known, kind, number = self._find(identifier)
        alert = known.alerts[kind]
        if alert.number != number:
            again = alert_id(known.product_id, alert)
            raise AlertNotFound(f"This alert was resolved. It has opened again as {again}.")
        return AlertView(known.product_id, alert, known.levels)

    def acknowledge(
        self, identifier: str, actor: str, once: Once[AlertView] | None = None
    ) -> AlertView:
        """Record that somebody takes care of it."""
        return self._act(identifier, "acknowledged", actor, once)

    def snooze(
        self, identifier: str, until: int, actor: str, once: Once[AlertView] | None = None
    ) -> AlertView:
        """Keep it quiet until a time, in ms since 1970."""
        return self._act(identifier, "snoozed", actor, once, until=until)

    def order(
        self, identifier: str, order: Order, actor: str, once: Once[AlertView] | None = None
    ) -> AlertView:
        """Keep it quiet until the order is received or overdue."""
        return self._act(identifier, "ordered", actor, once, order=order)

    def reopen(self, identifier: str, actor: str, once: Once[AlertView] | None = None) -> AlertView:
        """Undo any of these."""
        return self._act(identifier, "open", actor, once)

    def _act(
        self,
        identifier: str,
        state: AlertState,
        actor: str,
        once: Once[AlertView] | None,
        **given: Any,
    ) -> AlertView:
        for _ in range(_TRIES):
            if once is not None:
                once.recall()
            known, kind, number = self._find(identifier)
            found = known.alerts[kind]
            if found.is_over or found.number != number:
                raise AlertResolved("The alert is resolved, so nothing needs to be done about it.")
            decided = acted(known, kind, state, actor, self.now_ms(), **given)
            view = AlertView(known.product_id, decided.after.alerts[kind], known.levels)
            more = [] if once is None else once.actions(view)
            if decided.transitions:
                trail = partial(self._log.entry, actor, f"alert.{_DONE[state]}")
                before = AlertView(known.product_id, found, known.levels)
                more.append(trail(before=_shown(before), after=_shown(view)))
            elif not more:
                return view
            try:
                self.save(known, decided, more)
            except ConditionFailed:
                continue
            return view
        raise busy(identifier)

    def _find(self, identifier: str) -> tuple[ProductAlerts, AlertKind, int]:
        """The product's alerts, and the kind and number in the id."""
        parts = split_alert_id(identifier)
        if parts is not None:
            product_id, kind, number = parts
            known = self.get(product_id)
            if kind in known.alerts and 1 <= number <= known.alerts[kind].number:
                return known, kind, number
        raise AlertNotFound("No alert has this id. Look it up in the list of alerts.")


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
