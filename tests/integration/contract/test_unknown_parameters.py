"""Each operation accepts the query parameters of the contract, and rejects any other."""

import re

from tests.support.processes.running import App


def test_parameter_that_is_not_in_the_contract_is_rejected(shared: App) -> None:
    tried = 0
    for path, methods in shared.web.openapi()["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for method, operation in methods.items():
            known = sorted(
                parameter["name"]
                for parameter in operation.get("parameters", [])
                if parameter["in"] == "query"
            )
            target = re.sub(r"{\w+}", "nothing", path)
            params = {"nonsense": "1"} | ({known[0]: "x"} if known else {})
            answer = shared.http.request(method, target, params=params)
            case = (method, path, answer.text)
            assert (answer.status_code, answer.json()["code"]) == (422, "unknown-parameter"), case
            assert [error["pointer"] for error in answer.json()["errors"]] == ["?nonsense"], case
            accepted = f"accepts: {', '.join(known) or 'none'}."
            assert answer.json()["detail"].endswith(accepted), case
            tried += 1
    assert tried > 15
