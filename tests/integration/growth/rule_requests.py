"""An example request for every route of rules; `n` is 1 with few rows and 2 with many."""

from collections.abc import Callable, Mapping

from tests.integration.growth.asking import Ask, ask
from tests.integration.growth.kit import Shop
from tests.integration.growth.rule_rows import RECIPIENT, delivery, rule_id
from tests.support.http.routes import Route

_ONE = f"/v1/rules/{rule_id(1)}"
_RECIPIENT = f"{_ONE}/recipients/{RECIPIENT.id}"
_TRANSITIONS = 1_000  # changes of alerts that a preview looks at

RULES: Mapping[Route, Callable[[Shop, int], list[Ask]]] = {
    ("GET", "/v1/rules"): lambda shop, n: [ask("/v1/rules?limit=2")],
    ("POST", "/v1/rules"): lambda shop, n: [
        ask(
            "/v1/rules",
            json={"name": "New", "recipients": [{"channel": "none", "address": f"{n}"}]},
            headers={"Idempotency-Key": f"rule-{n}"},
        )
    ],
    ("GET", "/v1/rules/{rule_id}"): lambda shop, n: [ask(_ONE)],
    ("PATCH", "/v1/rules/{rule_id}"): lambda shop, n: [
        ask(
            _ONE,
            json={"name": f"Renamed {n}"},
            headers={"If-Match": "*", "Content-Type": "application/merge-patch+json"},
        )
    ],
    ("DELETE", "/v1/rules/{rule_id}"): lambda shop, n: [
        ask(f"/v1/rules/{rule_id(10 + n)}", headers={"If-Match": "*"})
    ],
    ("POST", "/v1/rules/{rule_id}/test"): lambda shop, n: [ask(f"{_ONE}/test")],
    ("GET", "/v1/rules/{rule_id}/preview"): lambda shop, n: [
        ask(f"{_ONE}/preview", rows=_TRANSITIONS)
    ],
    ("GET", "/v1/rules/{rule_id}/deliveries"): lambda shop, n: [ask(f"{_ONE}/deliveries?limit=2")],
    ("POST", "/v1/rules/{rule_id}/deliveries/{delivery_id}/resend"): lambda shop, n: [
        ask(f"{_ONE}/deliveries/{delivery(n, shop.events[0]).id}/resend")
    ],
    ("POST", "/v1/rules/{rule_id}/recipients/{recipient_id}/enable"): lambda shop, n: [
        ask(f"{_RECIPIENT}/enable")
    ],
    ("POST", "/v1/rules/{rule_id}/recipients/{recipient_id}/rotate-secret"): lambda shop, n: [
        ask(f"{_RECIPIENT}/rotate-secret")
    ],
    ("GET", "/v1/rules/{rule_id}/recipients/{recipient_id}/secret"): lambda shop, n: [
        ask(f"{_RECIPIENT}/secret")
    ],
}
