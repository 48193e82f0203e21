"""An example request for every page of notifications; `n` is 1 with few rows and 2 with many."""

from collections.abc import Callable, Mapping

from app.config.signing import audit_keys
from app.core.rules.rule import Recipient, Rule, What
from app.notifications.unsubscribe import token
from tests.integration.growth.asking import Ask, ask
from tests.integration.growth.kit import Shop
from tests.support.http.routes import Route

_HOOK = Recipient("webhook", "https://shop.example/hook")


def a_rule(shop: Shop) -> Rule:
    """A new rule to two recipients."""
    people = (Recipient("browser", "*"), _HOOK)
    return shop.services.store.rules.create(Rule("", "Watched", What(), people), "t")


def of_rule(shop: Shop, path: str, **fields: str) -> list[Ask]:
    """A form that names a new rule."""
    return [ask(f"/notifications{path}", data={"id": a_rule(shop).id, **fields})]


def list_of_rules(shop: Shop) -> Ask:
    """A page of 25 rules; by key, what waits for their recipients, and their last deliveries."""
    a_rule(shop)
    return ask("/notifications", rows=25)


def unsubscribe(shop: Shop) -> Ask:
    rule = a_rule(shop)
    keys = audit_keys(shop.services.settings)
    return ask(f"/unsubscribe?token={token(keys, rule.id, rule.recipients[0].id)}")


def new_rule(n: int) -> dict[str, str]:
    return {"name": f"R{n}", "mode": "at_once", "channel_1": "none", "address_1": "ann"}


RULE_PAGES: Mapping[Route, Callable[[Shop, int], list[Ask]]] = {
    ("GET", "/notifications"): lambda shop, n: [list_of_rules(shop)],
    ("GET", "/notifications/rule"): lambda shop, n: [
        ask(f"/notifications/rule?id={a_rule(shop).id}")
    ],
    ("GET", "/notifications/new"): lambda shop, n: [ask("/notifications/new?product=P")],
    ("POST", "/notifications/new"): lambda shop, n: [
        ask("/notifications/new", data=new_rule(n)),
        ask("/notifications/new", data=new_rule(n) | {"preview": "yes"}),
    ],
    ("GET", "/notifications/edit"): lambda shop, n: [
        ask(f"/notifications/edit?id={a_rule(shop).id}")
    ],
    ("POST", "/notifications/edit"): lambda shop, n: [
        ask(f"/notifications/edit?id={a_rule(shop).id}", data=new_rule(n) | {"version": "1"})
    ],
    ("GET", "/notifications/delete"): lambda shop, n: [
        ask(f"/notifications/delete?id={a_rule(shop).id}")
    ],
    ("POST", "/notifications/delete"): lambda shop, n: of_rule(shop, "/delete"),
    ("POST", "/notifications/pause"): lambda shop, n: of_rule(shop, "/pause"),
    ("POST", "/notifications/resume"): lambda shop, n: of_rule(shop, "/resume"),
    ("POST", "/notifications/enable"): lambda shop, n: of_rule(shop, "/enable", recipient=_HOOK.id),
    ("POST", "/notifications/secret"): lambda shop, n: of_rule(shop, "/secret", recipient=_HOOK.id),
    ("POST", "/notifications/rotate"): lambda shop, n: of_rule(shop, "/rotate", recipient=_HOOK.id),
    ("POST", "/notifications/test"): lambda shop, n: [
        ask("/notifications/test", data={"id": "nothing"}, is_error=True)
    ],
    ("POST", "/notifications/resend"): lambda shop, n: [
        ask("/notifications/resend", data={"id": "nothing"}, is_error=True)
    ],
    ("GET", "/notifications/inbox"): lambda shop, n: [ask("/notifications/inbox")],
    # The rules, up to 2,000 in two calls, are read once in 10 s if one was written.
    ("GET", "/notifications/inbox/news"): lambda shop, n: [
        ask("/notifications/inbox/news", more_calls=1, rows=2_000)
    ],
    ("GET", "/unsubscribe"): lambda shop, n: [unsubscribe(shop)],
    ("POST", "/unsubscribe"): lambda shop, n: [unsubscribe(shop)],
}
