"""Alerts of a running application, as REST answers them, and what people do about them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from app.core.events import rfc3339
from tests.support.processes.running import App
from tests.support.waiting import until

ALERTS = "/v1/alerts"
SOON = rfc3339(datetime.now(UTC) + timedelta(hours=1))
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


def scanned(app: App) -> bool:
    """Whether the first scan is done: from then on, events open the alerts."""
    tables = app.services.settings.table_names
    key = {"Kind": {"S": "alert-scan"}, "ID": {"S": tables.products}}
    return "Done" in app.tables.get_item(TableName=tables.settings, Key=key).get("Item", {})


def alerts(app: App, product_id: str, **params: Any) -> list[dict[str, Any]]:
    """The product's alerts in a list."""
    page = app.http.get(ALERTS, params={"limit": 200} | params).json()
    return [one for one in page["items"] if one["product_id"] == product_id]


def opened(app: App, product_id: str, **params: Any) -> dict[str, Any]:
    """The product's open alert, once there is one."""
    (found,) = until(lambda: alerts(app, product_id, **params))
    shown: dict[str, Any] = found
    return shown


def low(app: App, product_id: str) -> dict[str, Any]:
    """A new product with its alert."""
    app.create(product_id, 9, reorder_point=5)
    app.adjust(product_id, -4)
    return opened(app, product_id)


def act(app: App, alert: dict[str, Any], action: str, body: Any = None, **headers: str) -> Any:
    content = {} if body is None else {"json": body}
    return app.http.post(f"{ALERTS}/{quote(alert['id'])}/{action}", headers=headers, **content)


def trail(app: App) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = app.http.get("/v1/admin/log").json()["items"]
    return rows
