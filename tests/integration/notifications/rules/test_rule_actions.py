"""Secrets, previews, deliveries and recipients of rules, with real requests to a real receiver."""

import time
from datetime import datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.core.json_text import loads
from app.notifications.desk import preview as previews
from app.store.notifications.delivery_log import Delivery
from tests.integration.notifications.rules.kit import RULES, create, patch, trail
from tests.support.http.receiver import Receiver
from tests.support.processes.running import App
from tests.support.waiting import until


def received(receiver: Receiver, kind: str) -> list[Any]:
    """The bodies of this type that the receiver got."""
    found = [loads(one.body) for one in receiver.received]
    return [one for one in found if one["type"] == f"stockpulse.{kind}"]


def test_two_rules_with_one_address_have_a_secret_each(app: App, receiver: Receiver) -> None:
    secrets = []
    for _ in range(2):
        rule = create(app, receiver)
        at = f"{RULES}/{rule['id']}/recipients/{rule['recipients'][0]['id']}/secret"
        secrets.append(app.http.get(at).json()["secret"])
        app.http.post(f"{RULES}/{rule['id']}/test")
        sent = receiver.received[-1]
        Webhook(secrets[-1]).verify(sent.body, dict(sent.headers))
    assert secrets[0] != secrets[1]
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(sent.body, dict(sent.headers))


def test_a_secret_signs_and_after_a_rotation_both_do(app: App, receiver: Receiver) -> None:
    rule = create(app, receiver)
    at = f"{RULES}/{rule['id']}/recipients/{rule['recipients'][0]['id']}"
    first = app.http.get(f"{at}/secret").json()
    rotated = app.http.post(f"{at}/rotate-secret").json()
    second = app.http.get(f"{at}/secret").json()
    assert [first["generation"], second["generation"]] == [1, 2]
    assert rotated["recipients"][0]["rotated_at"] is not None
    assert first["secret"] != second["secret"]
    app.http.post(f"{RULES}/{rule['id']}/test")
    sent = receiver.received[-1]
    for secret in (first["secret"], second["secret"]):
        Webhook(secret).verify(sent.body, dict(sent.headers))  # raises if no signature fits
    assert trail(app)[:2] == [("rule.tested", rule["id"]), ("rule.secret_rotated", rule["id"])]
    stored = app.tables.scan(TableName=app.services.settings.table_names.settings)
    assert second["secret"] not in str(stored)


def test_a_disabled_recipient_is_shown_and_enabled(app: App, receiver: Receiver) -> None:
    rule = create(app, receiver)
    recipient = rule["recipients"][0]["id"]
    rules = app.services.store.rules
    for reason in ("It answered 410.", "Again."):
        rules.disable(rule["id"], recipient, reason, "stockpulse")
    (shown,) = app.http.get(f"{RULES}/{rule['id']}").json()["recipients"]
    assert (shown["state"], shown["why"]) == ("disabled", "It answered 410.")
    assert [name for name, rule_id in trail(app) if rule_id == rule["id"]] == [
        "rule.recipient_disabled",  # once
        "rule.created",
    ]
    before = len(receiver.received)
    (outcome,) = app.http.post(f"{RULES}/{rule['id']}/test").json()["items"]
    assert (outcome["accepted"], "410" in outcome["answer"]) == (False, True)
    assert len(receiver.received) == before
    enabled = app.http.post(f"{RULES}/{rule['id']}/recipients/{recipient}/enable").json()
    assert enabled["recipients"][0]["state"] == "active"
    unknown = app.http.post(f"{RULES}/{rule['id']}/recipients/none/enable")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "recipient-not-found")


def test_a_rule_whose_channel_is_gone_is_broken_but_can_be_changed(
    app: App, receiver: Receiver
) -> None:
    rule = create(app, receiver)
    stored = app.services.store.rules.get(rule["id"])
    table = app.services.settings.table_names.settings
    key = {"Kind": {"S": "rule"}, "ID": {"S": rule["id"]}}
    text = app.tables.get_item(TableName=table, Key=key)["Item"]["Rule"]["S"]
    app.tables.update_item(  # as if it was stored where there was such a channel
        TableName=table,
        Key=key,
        UpdateExpression="SET #rule = :rule",
        ExpressionAttributeNames={"#rule": "Rule"},
        ExpressionAttributeValues={":rule": {"S": text.replace('"webhook"', '"pigeon"')}},
    )
    (shown,) = app.http.get(f"{RULES}/{rule['id']}").json()["recipients"]
    assert (shown["state"], shown["channel"]) == ("broken", "pigeon")
    renamed = patch(app, rule, {"name": "Pigeons"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Pigeons")
    (outcome,) = app.http.post(f"{RULES}/{rule['id']}/test").json()["items"]
    assert (outcome["accepted"], "pigeon" in outcome["answer"]) == (False, True)
    assert stored.recipients[0].channel == "webhook"


def test_a_preview_has_what_the_rule_would_have_sent(
    app: App, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.create("PV1", 20, category="Tea", reorder_point=5)
    app.create("PV2", 20, category="Garden")
    for product_id, delta in (("PV1", -3), ("PV1", -1), ("PV2", -9), ("PV1", -12)):
        app.adjust(product_id, delta)
    rule = create(
        app,
        receiver,
        what={
            "kinds": ["stock_changed"],
            "alerts": ["low"],
            "categories": ["Tea"],
            "min_delta": 3,
            "search": "q=pv1",
        },
    )
    path = f"{RULES}/{rule['id']}/preview"

    def full() -> Any:
        answer = app.http.get(path)
        return answer.status_code == 200 and answer.json()["total"] == 3 and answer.json()

    preview = until(full)
    kinds = ["low", "stock_changed", "stock_changed"]
    assert sorted(one["kind"] for one in preview["items"]) == kinds
    assert {one["product_id"] for one in preview["items"]} == {"PV1"}
    assert preview["messages"] == 3
    monkeypatch.setattr(previews, "_EVENTS", 1)
    monkeypatch.setattr(previews, "_PAGE", 1)
    newest = app.http.get(path).json()
    since, before = (datetime.fromisoformat(one["since"]) for one in (newest, preview))
    assert since > before, "it says from when on it is complete"
    assert newest["total"] < preview["total"]
    monkeypatch.undo()
    patch(app, rule, {"when": {"mode": "daily"}})
    assert app.http.get(path).json()["messages"] == 1
    assert patch(app, rule, {"what": None}, etag="*").status_code == 200
    assert patch(app, rule, {"what": {"trouble": True}}, etag="*").status_code == 200
    app.services.store.troubles.happened("worker w1", "A worker has been silent")
    troubles = app.http.get(path).json()
    (trouble,) = [one for one in troubles["items"] if one["text"] == "A worker has been silent"]
    assert (trouble["kind"], trouble["product_id"]) == ("trouble", None)


def test_a_delivery_is_listed_and_sent_again(app: App, receiver: Receiver) -> None:
    rule = create(app, receiver)
    app.create("RS1", 20)
    app.adjust("RS1", -2)
    wanted = {"product_id": "RS1", "kind": "stock_changed"}
    (event,) = until(lambda: app.http.get("/v1/events", params=wanted).json()["items"])
    line = Delivery(
        rule_id=rule["id"],
        recipient_id=rule["recipients"][0]["id"],
        channel="webhook",
        address=receiver.url,
        message_id=event["id"],
        at=int(time.time() * 1000) - 5_000,
        outcome="rejected",
        answer="400 Bad Request",
        notices=((event["id"], "stock_changed"),),
    )
    lost = Delivery(
        rule_id=rule["id"],
        recipient_id=line.recipient_id,
        channel="webhook",
        address=receiver.url,
        message_id="gone",
        at=line.at - 1,
        outcome="failed",
        notices=(("gone", "trouble"),),
    )
    app.services.store.deliveries.add([line, lost])
    path = f"{RULES}/{rule['id']}/deliveries"
    listed = app.http.get(path, params={"limit": 1}).json()
    assert [one["outcome"] for one in listed["items"]] == ["rejected"]
    assert listed["items"][0]["told"] == [{"id": event["id"], "kind": "stock_changed"}]
    assert listed["next_cursor"]

    again = app.http.post(f"{path}/{line.id}/resend")
    assert again.status_code == 200, again.text
    assert (again.json()["outcome"], again.json()["tries"]) == ("delivered", 2)
    (sent,) = [
        one for one in received(receiver, "product.stock_changed") if one["id"] == event["id"]
    ][-1:]
    assert sent["data"]["delta"] == -2
    newest = app.http.get(path, params={"limit": 1}).json()["items"][0]
    assert newest == again.json()
    assert trail(app)[0] == ("rule.resent", rule["id"])

    refused = app.http.post(f"{path}/{lost.id}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-to-resend")
    rules = app.services.store.rules
    rules.disable(rule["id"], line.recipient_id, "It unsubscribed.", "stockpulse")
    unwanted = app.http.post(f"{path}/{line.id}/resend")
    assert (unwanted.status_code, unwanted.json()["code"]) == (409, "recipient-disabled")
    unknown = app.http.post(f"{path}/nothing/resend")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "delivery-not-found")


def test_a_sale_is_told_and_listed(app: App, receiver: Receiver) -> None:
    app.create("TOLD1", 20)
    what = {"kinds": ["stock_changed"], "product_ids": ["TOLD1"]}
    rule = create(app, receiver, what=what, enabled=True)
    app.adjust("TOLD1", -4)

    def told() -> list[Any]:
        sent = received(receiver, "product.stock_changed")
        return [one for one in sent if one["data"]["product_id"] == "TOLD1"]

    (sale,) = until(told)
    path = f"{RULES}/{rule['id']}/deliveries"
    (line,) = until(lambda: app.http.get(path).json()["items"])
    assert (line["outcome"], line["message_id"]) == ("delivered", sale["id"])
    assert line["told"] == [{"id": sale["id"], "kind": "stock_changed"}]
