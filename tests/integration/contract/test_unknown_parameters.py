"""Each operation takes the query parameters that its contract names, and refuses any other."""

import re

from tests.support.processes.running import App


def test_a_parameter_that_the_contract_does_not_name_is_refused(shared: App) -> None:
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
            assert [fault["pointer"] for fault in answer.json()["errors"]] == ["?nonsense"], case
            takes = f"takes {', '.join(known) or 'none'}."
            assert answer.json()["detail"].endswith(takes), case
            tried += 1
    assert tried > 15
