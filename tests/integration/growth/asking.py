"""What the example requests are made of; `n` is 1 with few rows and 2 with many."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.store.stocktake.draft_store import MOST_DONE, MOST_OPEN
from tests.integration.growth.kit import Shop
from tests.support.waiting import until


@dataclass(frozen=True)
class Ask:
    """A request; with many rows it may make `more_calls`, and read up to `rows` rows."""

    path: str
    sent: Mapping[str, Any] = field(default_factory=dict)
    more_calls: int = 0
    rows: int = 0
    is_error: bool = False


def ask(
    path: str, more_calls: int = 0, rows: int = 0, *, is_error: bool = False, **sent: Any
) -> Ask:
    return Ask(path, sent, more_calls, rows, is_error)


def patch(n: int) -> dict[str, Any]:
    headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    return {"headers": headers, "json": {"barcode": f"{n}", "price": f"{n}"}}


def put(n: int) -> dict[str, Any]:
    return {"headers": {"If-Match": "*"}, "json": {"name": f"Cup {n}", "stock": 900 + n}}


def export(shop: Shop) -> str:
    """The newest export, once it is built."""

    def newest() -> Any:
        found = shop.ask("GET", "/v1/exports").json()["items"][0]
        return found["state"] == "ready" and found["id"]

    identifier: str = until(newest)
    return identifier


FILE = {"headers": {"Content-Type": "text/csv"}, "content": b"sku,name\nP,Pot\n"}


def imported(shop: Shop, n: int) -> str:
    """A new import of a file with a new name for `P`, ready to start."""
    sent = {**FILE, "content": f"sku,name\nP,Pot {n}\n".encode()}
    identifier: str = shop.ask("POST", "/v1/imports", **sent).json()["id"]
    path = f"/v1/imports/{identifier}"
    until(lambda: shop.ask("GET", path).json()["state"] == "ready")
    return identifier


def take(n: int) -> str:
    """The id of a draft."""
    return f"{n:016x}"


def etag(shop: Shop, product_id: str) -> str:
    return shop.ask("GET", f"/v1/products/{product_id}").headers["ETag"]


def key(shop: Shop, n: int) -> str:
    """The id of the key that the example of `POST /admin/keys` has made."""
    keys = shop.authenticator.key_cache.current().keys.values()
    return next(key.id for key in keys if key.name == f"k{n}" and key.revoked_at is None)


def signed_in(shop: Shop) -> dict[str, Any]:
    """The cookie of a new session, and its form token."""
    sessions = shop.authenticator.sessions
    session = sessions.begin(shop.key, shop.authenticator.now())
    cookie = {"Cookie": f"stockpulse_session={sessions.write(session)}", "Authorization": ""}
    return {"headers": cookie, "data": {"csrf_token": sessions.form_token(session.id)}}


# The System page shows a summary of up to 500 letters, 50 gaps and the lag of each sink, counted
# up to 100 rows.
_STATUS = 1000
_FILTERED = 1000  # rows in one scan of the dead letters of one sink
_BARCODES = 4000  # products of a shop that fit into the pages in which a barcode is looked for
_BOARD = 1100  # alerts: up to 1,000 of each kind in each state are sorted
_DRAFTS = 2 * (MOST_OPEN + MOST_DONE)  # rows of all that are listed; without any, a call less
_FOUND = {"action": "adjust", "product_id": "P", "delta": 1, "reason": "found"}
TOMORROW = datetime.now(UTC) + timedelta(days=1)
_HALVINGS = 12  # calls to find a moment among ten times as many events
