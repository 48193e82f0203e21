"""`?as_of=` returns a past state of a product from its history, or an error with the reason."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.processes.running import App
from tests.support.waiting import until

PRODUCT = "/v1/products/A%2F1"


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    return shared


class Audit:
    """The product's entries in the audit table, oldest first."""

    def __init__(self, app: App, count: int) -> None:
        settings = app.services.settings
        self._tables = app.tables
        self._name = settings.table_names.audit
        self.entries: list[Any] = until(lambda: self._found(count))

    def _found(self, count: int) -> list[Any] | None:
        found: list[Any] = self._tables.query(
            TableName=self._name,
            KeyConditionExpression="ProductID = :p",
            ExpressionAttributeValues={":p": {"S": "A/1"}},
        )["Items"]
        return found if len(found) == count else None

    def put(self, entry: dict[str, Any]) -> None:
        self._tables.put_item(TableName=self._name, Item=entry)


def as_of(app: App, moment: str) -> Any:
    return app.http.get(PRODUCT, params={"as_of": moment}, headers={"If-None-Match": "*"})


def test_as_of_returns_each_past_state_of_a_product(app: App) -> None:
    app.create("A/1", 10, price="19.90", tags=["a"])
    created = app.http.get(PRODUCT).json()
    sold = app.adjust("A%2F1", -3).json()
    assert app.http.delete(PRODUCT, headers={"If-Match": "*"}).status_code == 204
    app.create("A/1", 4)
    again = app.http.get(PRODUCT).json()
    audit = Audit(app, 5)
    # Spread the entries over a day; the delete mark and the deletion have the same time.
    clocks = ("08:00:00", "09:00:00", "10:00:00", "10:00:00", "11:00:00")
    for entry, clock in zip(audit.entries, clocks, strict=True):
        audit.put(entry | {"OccurredAt": {"S": f"2025-03-01T{clock}Z"}})

    assert as_of(app, "2025-03-01T07:59:59.999Z").status_code == 404
    for moment, state in {
        "2025-03-01T08:00:00Z": created,
        "2025-03-01T09:59:59+01:00": created,
        "2025-03-01T09:00:00Z": sold,
        "2025-03-01T04:59:59-05:00": sold,
        "2025-03-01T11:00:00Z": again,
        "2025-12-24T18:00:00Z": again,
    }.items():
        answer = as_of(app, moment)
        assert (answer.status_code, answer.json()) == (200, state), moment
        assert "ETag" not in answer.headers
    gone = as_of(app, "2025-03-01T10:59:59Z")
    assert (gone.status_code, gone.json()["code"]) == (410, "product-gone")
    assert app.http.get(gone.json()["history"]).json()["items"][0]["data"]["kind"] == "inserted"

    last = {name: value for name, value in audit.entries[-1].items() if name != "After"}
    audit.put(last | {"ImagesOmitted": {"BOOL": True}})
    lost = as_of(app, last["OccurredAt"]["S"])
    assert (lost.status_code, lost.json()["code"]) == (409, "past-not-kept")
    assert app.http.get(PRODUCT).json() == again


def test_invalid_or_future_time_is_rejected(app: App) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for moment in (tomorrow, "yesterday", "2025-03-01T08:00:00", ""):
        answer = as_of(app, moment)
        assert answer.status_code == 422, moment
        assert [error["pointer"] for error in answer.json()["errors"]] == ["?as_of"], moment


def test_as_of_for_an_unknown_product_is_not_found(app: App) -> None:
    answer = app.http.get("/v1/products/nothing", params={"as_of": "2025-03-01T08:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (404, "product-not-found")
