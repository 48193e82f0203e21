"""Each example of the contract is answered by a running application as the contract says."""

from typing import Any

from app.core import json_text
from app.store.notifications.delivery_log import Delivery
from app.web.contract.examples.rule_examples import ADDRESS, RULE_EXAMPLES
from tests.integration.notifications.rules.kit import RULES
from tests.support.http.receiver import Receiver
from tests.support.processes.running import App
from tests.support.waiting import until

_DIFFERS = {
    *("id", "recipient_id", "message_id", "created_at", "since", "until", "rotated_at", "at"),
    *("answer", "took_ms", "secret"),
}


def test_each_example_returns_its_documented_response(app: App, receiver: Receiver) -> None:
    app.create("TEA-1", 10, name="Earl Grey, 100 g", category="Tea")
    app.adjust("TEA-1", -2)
    found = {"q": "kind:stock_changed"}  # the copy answers this, as it does a preview
    (event,) = until(lambda: app.http.get("/v1/events", params=found).json().get("items"))
    contract = app.http.get("/v1/openapi.json").json()["paths"]
    operations = {
        operation["operationId"]: (method, path, operation)
        for path, methods in contract.items()
        for method, operation in methods.items()
        if path.startswith(RULES)
    }
    assert operations.keys() == RULE_EXAMPLES.keys()
    ids: dict[str, str] = {}
    for name, example in RULE_EXAMPLES.items():
        method, path, operation = operations[name]
        if name == "list_deliveries":
            ids["delivery_id"] = delivered(app, ids, receiver.url, event["id"])
        places = {one["name"]: one["in"] for one in operation.get("parameters", [])}
        given = dict(example.parameters) | ids
        text = json_text.dumps(example.body).replace(ADDRESS.encode(), receiver.url.encode())
        types = list(operation.get("requestBody", {}).get("content", {}))
        answer = app.http.request(
            method,
            path.format_map(given),
            params={n: value for n, value in given.items() if places.get(n) == "query"},
            headers={n: str(value) for n, value in given.items() if places.get(n) == "header"}
            | ({"Content-Type": types[0]} if types else {}),
            content=text if example.body is not None else None,
        )
        assert answer.status_code == example.status, f"{name}: {answer.text}"
        assert set(example.headers) <= {h.title().replace("Etag", "ETag") for h in answer.headers}
        if example.response is None:
            continue
        shown = json_text.loads(answer.text.replace(receiver.url, ADDRESS))
        assert same(shown) == same(example.response), name
        if name == "create_rule":
            ids = {"rule_id": shown["id"], "recipient_id": shown["recipients"][0]["id"]}


def delivered(app: App, ids: dict[str, str], address: str, event_id: str) -> str:
    """Log a delivery of the event; returns its id."""
    line = Delivery(
        rule_id=ids["rule_id"],
        recipient_id=ids["recipient_id"],
        channel="webhook",
        address=address,
        message_id=event_id,
        at=1_795_248_753_004,
        outcome="delivered",
        notices=((event_id, "stock_changed"),),
    )
    app.services.store.deliveries.add([line])
    return line.id


def same(value: Any) -> Any:
    """The value without what differs each time."""
    match value:
        case dict():
            return {name: same(one) for name, one in value.items() if name not in _DIFFERS}
        case list():
            return [same(one) for one in value]
        case _:
            return value
