"""Watch buttons fill in a rule, what it sends waits in browsers, and a link in e-mails ends it."""

import re
from html import unescape

import pytest

from app.config.signing import audit_keys
from app.notifications.unsubscribe import token
from app.store.notifications.delivery_log import Delivery
from tests.integration.notifications.page_forms import (
    made,
    newest,
    news,
    page,
    post,
    row_of,
    shown_fields,
)
from tests.support.house import HTML
from tests.support.processes.running import App
from tests.support.waiting import until


def watch(app: App, path: str) -> dict[str, str]:
    """The fields of the form to which a page's Watch button leads."""
    (link,) = re.findall(r'href="([^"]*/notifications/new\?[^"]*)"[^>]*>Watch<', page(app, path))
    text = page(app, unescape(link))
    assert 'class="sheet' in text
    return {name: value for name, value in shown_fields(text).items() if value}


def test_product_category_search_and_saved_search_are_watched(filled: App) -> None:
    filled.create("WP", name="Blue mug", category="Cups & more")
    until(lambda: "Blue mug" in page(filled, "/products?q=WP"))
    on_stock = {"alert_low": "yes", "alert_out": "yes", "alert_back_in_stock": "yes"}
    mine = {"channel_1": "browser", "address_1": "local"}
    product = watch(filled, "/products/history?id=WP")
    assert product.items() >= (on_stock | mine | {"product_ids": "WP", "name": "Blue mug"}).items()
    category = watch(filled, "/products?category=Cups+%26+more&sort=-stock")
    assert category.items() >= (on_stock | {"categories": "Cups & more"}).items()
    search = watch(filled, "/products?q=blue+mug&category=Cups+%26+more&sort=name")
    assert search.items() >= {"search": "q=blue+mug&category=Cups+%26+more"}.items()
    assert search["name"] == "“blue mug”, category Cups & more"
    q = 'kind:deleted reason:sold actor:ann category:"Cups & more" delta:>=10 -kind:gap broken'
    filled.http.put("/v1/views/Losses", json={"q": q})
    view = watch(filled, "/audit?view=Losses")
    wanted = {
        "name": "Losses",
        "kind_deleted": "yes",
        "reason_sold": "yes",
        "actors": "ann",
        "categories": "Cups & more",
        "min_delta": "10",
    }
    assert view.items() >= wanted.items()
    assert "alert_low" not in view
    text = page(filled, "/notifications/new?view=Losses")
    assert "<code>-kind:gap</code>" in text
    assert "<code>broken</code>" in text
    answer = post(filled, "/new", **product)
    assert answer.status_code == 303
    back = re.search(r'href="([^"]*)">Back to where', page(filled, answer.headers["Location"]))
    assert back is not None
    assert back[1].startswith("/products/history?id=WP")
    assert newest(filled, "Blue mug").what.product_ids == ("WP",)


def test_list_of_low_out_or_deleted_products_is_watched_by_what_enters_it(filled: App) -> None:
    filled.create("WQ", name="Low mug", category="Low & out", stock=1, reorder_point=5)
    until(lambda: "Low mug" in page(filled, "/products?q=WQ"))
    low = watch(filled, "/products?low=true&category=Low+%26+out")
    told = {name for name in low if name.startswith(("alert_", "kind_"))}
    assert told == {"alert_low", "alert_out"}
    assert low["categories"] == "Low & out"
    assert "search" not in low
    out = watch(filled, "/products?out=true&q=mug&min_price=2")
    told = {name for name in out if name.startswith(("alert_", "kind_"))}
    assert told == {"alert_out", "alert_negative"}
    assert out["search"] == "q=mug&min_price=2"
    deleted = watch(filled, "/products?deleted=true&category=Low+%26+out")
    assert deleted.items() >= {"kind_deleted": "yes", "categories": "Low & out"}.items()
    assert "alert_low" not in deleted
    assert post(filled, "/new", **deleted).status_code == 303
    text = page(filled, "/notifications/new?search=q%3Dmug%26supplier%3DAcme%26sort%3Dname")
    assert "<code>supplier=Acme</code>" in text
    assert "sort=" not in text
    assert shown_fields(text)["search"] == "q=mug"


def test_saved_search_of_products_is_watched_under_its_name(filled: App) -> None:
    filled.create("WV", name="Green mug", category="Cups", stock=9, reorder_point=5)
    until(lambda: "Green mug" in page(filled, "/products?q=WV"))
    q = "q=green&category=Cups&sort=-stock"
    body = {"kind": "products", "q": q}
    filled.http.put("/v1/views/Green cups", json=body).raise_for_status()
    form = watch(filled, f"/products?{q}")
    assert form.items() >= {"name": "Green cups", "search": "q=green&category=Cups"}.items()
    assert {name for name in form if name.startswith("alert_")} == {
        "alert_low",
        "alert_out",
        "alert_back_in_stock",
    }
    changed = {**form, "kind_stock_changed": "yes", "address_1": "*"}
    assert post(filled, "/new", **changed).status_code == 303
    filled.create("WX", name="Green tray", category="Trays")
    filled.adjust("WX", -1)
    filled.adjust("WV", -1)
    wanted = "Green mug (WV)"
    until(lambda: any(wanted in one["title"] for one in news(filled)["items"]), 40)
    assert not any("Green tray" in one["title"] for one in news(filled)["items"])
    filled.http.delete("/v1/views/Green cups").raise_for_status()


def test_plain_list_cannot_be_watched(filled: App) -> None:
    for path in ("/products", "/products?sort=-stock"):
        assert ">Watch<" not in page(filled, path)


def test_test_message_waits_in_the_browser_of_its_recipient_only(shared: App) -> None:
    rule = made(shared, "Mine <b>", address_1="local", channel_2="browser", address_2="bob")
    answer = post(shared, "/test", id=rule.id)
    assert answer.status_code == 200
    assert "bob: Waits in the browser of bob." in answer.text
    found = until(lambda: [one for one in news(shared)["items"] if "Mine" in one["title"]])
    assert news(shared)["wanted"] is True
    assert [one["title"] for one in found] == ["Test of “Mine <b>”"]
    inbox = shared.http.get("/notifications/inbox", headers=HTML).text
    assert inbox.count("Test of “Mine &lt;b&gt;”") == 1


def test_message_of_the_log_is_sent_again(shared: App) -> None:
    shared.create("WR", name="Resent")
    event = until(lambda: shared.http.get("/v1/products/WR/events").json().get("items"))[0]
    rule = made(shared, "Again", kind_inserted="yes")
    (everyone,) = rule.recipients
    log = shared.services.store.deliveries
    failed = Delivery(
        rule_id=rule.id,
        recipient_id=everyone.id,
        channel="browser",
        address="*",
        message_id=event["id"],
        at=1_700_000_000_000,
        outcome="rejected",
        answer="it was full",
        notices=((event["id"], "inserted"),),
    )
    log.add([failed])
    text = page(shared, f"/notifications/rule?id={rule.id}")
    assert "Refused" in text
    assert f'href="/audit/{event["id"]}"' in text
    assert f'name="delivery" value="{failed.id}"' in text
    again = post(shared, "/resend", id=rule.id, delivery=failed.id)
    assert "Waits in the browser of everyone." in again.text
    newest_line = log.of_rule(rule.id, 1).items[0]
    assert (newest_line.outcome, newest_line.message_id) == ("delivered", event["id"])
    found = until(lambda: [one for one in news(shared)["items"] if "Resent" in one["title"]])
    assert found[0]["path"] == "/products/history?id=WR"
    assert "Resent" in page(shared, found[0]["path"])
    lost = post(shared, "/resend", id=rule.id, delivery="nothing")
    assert lost.status_code == 404
    assert "No delivery of this rule has this id." in lost.text


def test_unsubscribe_link_asks_and_then_ends_the_messages(shared: App) -> None:
    rule = made(shared, "News", channel_2="browser", address_2="ann")
    _, ann = rule.recipients
    keys = audit_keys(shared.services.settings)
    path = f"/unsubscribe?token={token(keys, rule.id, ann.id)}"
    asked = page(shared, path)
    assert "<bdi>ann</bdi> gets nothing more of <bdi>“News”</bdi>" in asked
    assert shared.services.store.rules.get(rule.id).disabled == (), "a preview ends nothing"
    # As RFC 8058 has it: a mail program's server, without cookies and origin.
    body = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):
        answer = shared.http.post(path, data=body, headers=HTML)
        assert (answer.status_code, "Unsubscribed" in answer.text) == (200, True)
    ((disabled, reason),) = shared.services.store.rules.get(rule.id).disabled
    assert (disabled, reason) == (ann.id, "they unsubscribed.")
    assert "Unsubscribed" in page(shared, path)
    shared.services.store.rules.delete(rule.id, None, "t")
    assert "gets none of these messages" in shared.http.post(path, headers=HTML).text


@pytest.mark.parametrize("given", ["", "x", "a" * 100])
def test_link_that_is_not_ours_is_refused(shared: App, given: str) -> None:
    answer = shared.http.get(f"/unsubscribe?token={given}", headers=HTML)
    assert answer.status_code == 400
    assert "This link is not complete" in answer.text


def test_change_and_alert_reach_the_browser_and_the_log(filled: App) -> None:
    filled.create("WE", stock=9, reorder_point=5, name="End to end")
    until(lambda: "End to end" in page(filled, "/products?q=WE"))
    rule = made(filled, "Both ways", alert_low="yes", kind_deleted="yes", product_ids="WE")
    filled.adjust("WE", -6)
    wanted = {"End to end (WE) is low: 3 in stock, to reorder at 5"}
    until(lambda: wanted <= {one["title"] for one in news(filled)["items"]}, 40)
    filled.http.delete("/v1/products/WE", headers={"If-Match": "*"})
    wanted.add("End to end (WE) was deleted: last stock 3")
    until(lambda: wanted <= {one["title"] for one in news(filled)["items"]}, 40)
    log = filled.services.store.deliveries
    kinds = until(
        lambda: (
            len(found := [kind for one in log.of_rule(rule.id, 9).items for _, kind in one.notices])
            >= 2
            and found
        )
    )
    assert sorted(kinds) == ["deleted", "low"]
    text = page(filled, f"/notifications/rule?id={rule.id}")
    assert text.count("Waits in the browser of everyone.") == 2
    assert "stock changed" not in text
    assert "–" not in row_of(page(filled, "/notifications"), "Both ways"), "it was sent lately"
