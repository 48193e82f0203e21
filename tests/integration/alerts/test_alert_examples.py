"""Each example of the contract is answered by a running application as the contract says."""

from pathlib import Path
from typing import Any

from app.web.contract.examples.alert_examples import ALERT_EXAMPLES
from tests.integration.alerts.kit import ALERTS, SOON, TOMORROW, opened
from tests.support.http.plain import Client
from tests.support.processes.running import serving, settings_for


def test_each_example_returns_its_documented_response(endpoint: str, tmp_path: Path) -> None:
    with serving(settings_for(endpoint, tmp_path)) as app:
        app.create("TEA-1", 12, name="Earl Grey, 100 g", reorder_point=10)
        app.adjust("TEA-1", -4)
        opened(app, "TEA-1")
        paths = app.http.get("/v1/openapi.json").json()["paths"]
        documented = {
            operation["operationId"]: (method, path)
            for path, methods in paths.items()
            for method, operation in methods.items()
            if path.startswith(ALERTS)
        }
        assert documented.keys() == ALERT_EXAMPLES.keys()
        for name, example in ALERT_EXAMPLES.items():
            answer = sent(app.http, *documented[name], example)
            assert answer.status_code == example.status, answer.text
            assert same(answer.json()) == same(example.response), name


def sent(http: Client, method: str, path: str, example: Any) -> Any:
    """Send an example; its dates become ones in the future."""
    parameters = dict(example.parameters)
    target = path.format_map(parameters)
    query = {} if "{" in path else parameters
    body = example.body and {**example.body, **_later(example.body)}
    content = {} if body is None else {"json": body}
    return http.request(method, target, params=query, **content)


def _later(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in (("until", SOON), ("expected", TOMORROW)) if name in body
    }


def same(value: Any) -> Any:
    """The value without times and event ids."""
    if isinstance(value, list):
        return [same(one) for one in value]
    if not isinstance(value, dict):
        return value
    differs = {"opened_at", "opened_by", "since", "snoozed_until", "expected"}
    return {name: same(one) for name, one in value.items() if name not in differs}
