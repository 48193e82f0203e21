"""A shop manager makes and changes rules by forms that work without script."""

from dataclasses import replace
from html import unescape

import pytest

from app.core.rules.rule import Recipient, Rule, What, subscription_id
from app.store.notifications.delivery_log import Delivery
from app.store.notifications.subscriptions import SubscriptionRow
from tests.integration.notifications.page_forms import (
    TO_EVERYONE,
    errors,
    made,
    newest,
    page,
    post,
    row_of,
    shown_fields,
)
from tests.support.house import HTML
from tests.support.processes.running import App


def test_rule_is_made_shown_and_changed(shared: App) -> None:
    answer = post(
        shared,
        "/new",
        name="Kitchen runs out",
        alert_out="yes",
        kind_deleted="yes",
        categories="Kitchen\n\nTea & coffee\nKitchen",
        mode="daily",
        at="07:30",
        channel_1="browser",
        address_1=" everyone ",
        channel_2="webhook",
        address_2="",
        channel_3="browser",
        address_3="ann",
    )
    rule = newest(shared, "Kitchen runs out")
    assert answer.headers["Location"] == f"/notifications/rule?id={rule.id}&done=made"
    wanted = What(kinds=("deleted",), alerts=("out",), categories=("Kitchen", "Tea & coffee"))
    assert (rule.what, rule.when.mode, rule.when.at) == (wanted, "daily", "07:30")
    assert [one.address for one in rule.recipients] == ["*", "ann"]
    assert "The rule is made." in page(shared, answer.headers["Location"])
    row = row_of(page(shared, "/notifications"), rule.name)
    for text in ("Out of stock, deleted", "categories Kitchen, Tea & coffee", "Daily at 07:30"):
        assert text in row
    assert ">everyone<" in row
    form = shown_fields(page(shared, f"/notifications/edit?id={rule.id}"))
    saved = post(shared, f"/edit?id={rule.id}", **form | {"name": "Kitchen", "min_delta": "2.50"})
    assert saved.status_code == 303, saved.text
    changed = shared.services.store.rules.get(rule.id)
    assert changed.what == replace(wanted, min_delta=changed.what.min_delta)
    assert (changed.name, str(changed.what.min_delta)) == ("Kitchen", "2.5")
    assert (changed.recipients, changed.when) == (rule.recipients, rule.when)
    trail = shared.http.get("/v1/admin/log").json()["items"][:2]
    assert [one["action"] for one in trail] == ["rule.changed", "rule.created"]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"name": ""}, "name", "at least 1"),
        ({"min_delta": "many"}, "min_delta", "number"),
        ({"mode": "digest", "minutes": "0"}, "minutes", "greater than or equal to 1"),
        ({"mode": "digest", "minutes": "soon"}, "minutes", "integer"),
        ({"mode": "daily", "at": "25:00"}, "at", "00:00 to 23:59"),
        ({"mode": "never"}, "mode", "'at_once'"),
        ({"quiet_from": "22:00"}, "quiet_to", "missing"),
        ({"search": "colour=red"}, "search", "colour"),
        ({"channel_1": "pigeon"}, "address_1", "channel of this server"),
        ({"channel_3": "webhook", "address_3": "shop"}, "address_3", ""),
        ({"address_1": ""}, "recipients", "at least one address"),
        ({"kind_gap": "yes", "actors": "ann"}, "actors", "Restricts changes only"),
    ],
)
def test_wrong_field_is_named_and_nothing_is_lost(
    shared: App, fields: dict[str, str], field: str, says: str
) -> None:
    before = shared.services.store.rules.count()
    given = {"name": "W", "product_ids": "P1\n<P2>", "mode": "at_once", **TO_EVERYONE, **fields}
    answer = post(shared, "/new", **given)
    text = unescape(answer.text)
    assert answer.status_code == 422
    assert "Nothing was saved." in text
    (message,) = errors(text)
    assert says in message
    marked = f'name="{field}"' if field.startswith("address") else f'id="{field}'
    assert marked in text
    kept = shown_fields(text)
    for name, value in given.items():
        assert name in {"mode", "channel_1"} or kept[name] == value, name
    assert shared.services.store.rules.count() == before


def test_more_rows_and_preview_save_nothing(shared: App) -> None:
    before = shared.services.store.rules.count()
    filled = {"name": "", **TO_EVERYONE, "address_2": "x", "channel_2": "webhook"}
    more = post(shared, "/new", **filled, more="yes")
    assert (more.status_code, more.text.count("data-row")) == (200, 6)
    assert errors(more.text) == []
    refused = post(shared, "/new", **filled, preview="yes")
    assert refused.status_code == 422
    preview = post(shared, "/new", name="N", mode="at_once", **TO_EVERYONE, preview="yes")
    assert preview.status_code == 200
    assert "in the last seven days" in preview.text
    assert shared.services.store.rules.count() == before


def test_edit_of_a_rule_that_others_changed_shows_both_and_can_be_repeated(shared: App) -> None:
    rule = made(shared, "Both", alert_low="yes")
    form = shown_fields(page(shared, f"/notifications/edit?id={rule.id}"))
    shared.services.store.rules.change(replace(rule, name="Theirs"), "bob")
    answer = post(shared, f"/edit?id={rule.id}", **form | {"name": "Mine"})
    assert answer.status_code == 409
    assert "yours differs in its name." in answer.text
    again = shown_fields(answer.text)
    assert again["name"] == "Mine"
    assert post(shared, f"/edit?id={rule.id}", **again).status_code == 303
    assert shared.services.store.rules.get(rule.id).name == "Mine"


def test_rule_is_paused_resumed_and_deleted(shared: App) -> None:
    rule = made(shared, "Pausable")
    paused = post(shared, "/pause", id=rule.id)
    text = page(shared, paused.headers["Location"])
    assert "Paused: nothing is sent" in text
    assert "/notifications/resume" in text
    assert not shared.services.store.rules.get(rule.id).enabled
    form = shown_fields(page(shared, f"/notifications/edit?id={rule.id}"))
    post(shared, f"/edit?id={rule.id}", **form)
    assert not shared.services.store.rules.get(rule.id).enabled, "an edit does not resume it"
    post(shared, "/resume", id=rule.id)
    assert shared.services.store.rules.get(rule.id).enabled
    assert "Delete <bdi" in page(shared, f"/notifications/delete?id={rule.id}")
    assert post(shared, "/delete", id=rule.id).headers["Location"] == "/notifications?done=deleted"
    assert shared.http.get(f"/notifications/rule?id={rule.id}", headers=HTML).status_code == 404


def test_rows_say_who_is_behind_off_or_cannot_be_reached(shared: App) -> None:
    store = shared.services.store
    rule = made(shared, "Troubled", channel_2="browser", address_2="bob")
    everyone, bob = rule.recipients
    row = SubscriptionRow(
        id=subscription_id(rule.id, everyone.id),
        rule_id=rule.id,
        recipient_id=everyone.id,
        channel="browser",
        address="*",
        why="failing",
        first_at=1,
        waiting=12,
        failures=3,
        error="no answer <b>",
    )
    store.subscriptions.save([row])
    last = Delivery(
        rule_id=rule.id,
        recipient_id=everyone.id,
        channel="browser",
        address="*",
        message_id="m",
        at=1_700_000_000_000,
        outcome="failed",
        answer="it was <down>",
    )
    store.deliveries.add([last, replace(last, outcome="delivered", at=last.at - 1000)])
    listed = shared.http.get("/notifications", headers=HTML).text
    line = row_of(listed, "Troubled")
    assert "12 wait" in line
    assert ">Behind<" in line
    assert "it was &lt;down&gt;" in line
    assert line.count("<time") == 2
    store.rules.disable(rule.id, bob.id, "it bounced.", "worker")
    own = shared.http.get(f"/notifications/rule?id={rule.id}", headers=HTML).text
    assert "no answer &lt;b&gt;" in own
    assert "Gets nothing more: it bounced." in own
    post(shared, "/enable", id=rule.id, recipient=bob.id)
    assert store.rules.get(rule.id).disabled == ()
    gone = Recipient("pigeon", "loft 3")
    store.rules.create(Rule("", "Old ways", What(), (gone,)), "t")
    assert ">Broken<" in row_of(page(shared, "/notifications"), "Old ways")
