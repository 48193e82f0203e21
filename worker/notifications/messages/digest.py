"""A digest states the current stock, and leaves out the alerts that are over or taken care of.

It is made just before it is sent, with two calls however many notices it has.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from app.core.item import Item, stock
from app.core.keys import NotAnID
from app.notifications.matching import ALERT_KINDS
from app.notifications.notice import Notice
from app.store.alerts.alert import ProductAlerts
from app.store.alerts.alert_repository import AlertRepository
from app.store.alerts.levels import levels_of
from app.store.deployment import Deployment
from app.store.dynamodb.batches import get_all


class Present:
    """What products and their alerts are now."""

    def __init__(self, deployment: Deployment) -> None:
        self._client = deployment.clients.tables
        self._products, self._names = deployment.tables.products, deployment.names
        self._alerts = AlertRepository(self._client, deployment.tables.settings)

    def items(self, product_ids: set[str]) -> dict[str, Item]:
        """The items of products that exist.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        keys = []
        for product_id in sorted(product_ids):
            with suppress(NotAnID):  # of a table that had another key
                keys.append(self._names.key.key_of(product_id))
        found = get_all(self._client, self._products, keys)
        return {self._names.key.id_of(item): item for item in found}

    def current(self, notices: Sequence[Notice]) -> list[Notice]:
        """The notices that still matter, with the current stock; raises as `items`."""
        items = self.items({one.product_id for one in notices if one.product_id})
        of_alerts = {one.product_id for one in notices if one.kind in ALERT_KINDS}
        alerts = self._alerts.get_all(of_alerts)
        kept = []
        for one in notices:
            if one.kind in ALERT_KINDS and not still_matters(one.kind, alerts[one.product_id]):
                continue
            item = items.get(one.product_id)
            if item is not None:
                point = levels_of(item, self._names).point
                one = replace(one, stock=stock(item, self._names), point=point)
            kept.append(one)
        return kept


def still_matters(kind: str, now: ProductAlerts) -> bool:
    """Whether a notice of an alert still holds: nobody takes care of it, and it is not over."""
    states = {alert.kind: alert.state for alert in now.alerts.values()}
    if kind == "back_in_stock":
        return states.get("out", "resolved") == "resolved"
    return any(state == "open" for name, state in states.items() if name == kind)


def latest_alerts(notices: Sequence[Notice]) -> list[Notice]:
    """The notices, with only the last one of each alert of a product."""
    last = {(one.product_id, one.kind): one.id for one in notices if one.kind in ALERT_KINDS}
    return [one for one in notices if last.get((one.product_id, one.kind), one.id) == one.id]
