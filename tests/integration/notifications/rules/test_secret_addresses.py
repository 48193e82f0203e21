"""A URL that ends in a secret is refused; one that an older version stored is shown nowhere."""

import pytest

from app.core.rules.rule import Recipient, Rule, What, subscription_id
from app.store.notifications.delivery_log import Delivery
from app.store.notifications.subscriptions import SubscriptionRow
from tests.integration.notifications.page_forms import page, post, shown_fields
from tests.integration.notifications.rules.kit import RULES
from tests.support.processes.running import App
from worker.notifications.troubles import FAILS, of_rules, of_waiting

URL, SHOWN = "https://hooks.example/T000/B000/XXXX", "https://hooks.example/…"
HOOK = Recipient("webhook", URL)


@pytest.fixture
def old(shared: App) -> Rule:
    """A rule of a version that accepted the URL."""
    rule = Rule("", "Old hook", What(), (HOOK, Recipient("browser", "ann")))
    return shared.services.store.rules.create(rule, "ann")


def test_a_url_that_ends_in_a_secret_is_refused(shared: App) -> None:
    body = {"name": "Hook", "recipients": [{"channel": "webhook", "address": URL}]}
    answer = shared.http.post(RULES, json=body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/recipients/0/address"
    assert "looks like a secret" in error["detail"]
    assert "XXXX" not in answer.text
    form = {"name": "Hook", "mode": "at_once", "channel_1": "webhook", "address_1": URL}
    assert "looks like a secret" in post(shared, "/new", **form).text


def test_a_stored_secret_is_shown_nowhere(shared: App, old: Rule) -> None:
    shared.services.store.deliveries.add(
        [
            Delivery(
                rule_id=old.id,
                recipient_id=HOOK.id,
                channel="webhook",
                address=URL,
                message_id="m",
                at=1_700_000_000_000,
                outcome="failed",
                answer="it did not answer",
            )
        ]
    )
    texts = [
        shared.http.get(path).text
        for path in (f"{RULES}/{old.id}", RULES, f"{RULES}/{old.id}/deliveries", "/v1/admin/log")
    ]
    texts += [
        page(shared, path)
        for path in (
            "/notifications",
            f"/notifications/rule?id={old.id}",
            f"/notifications/edit?id={old.id}",
        )
    ]
    row = SubscriptionRow(
        id=subscription_id(old.id, HOOK.id),
        rule_id=old.id,
        recipient_id=HOOK.id,
        channel="webhook",
        address=URL,
        why="failing",
        failing_since=1,
    )
    gone = Rule(old.id, "Old hook", What(), (HOOK,), disabled=((HOOK.id, "410"),))
    texts += of_waiting([row], {old.id: old}, FAILS + 1).values()
    texts += of_rules([gone], ["webhook"]).values()
    for text in texts:
        assert SHOWN in text
        assert "T000" not in text
        assert "XXXX" not in text


def test_a_rule_is_edited_without_typing_its_secret_again(shared: App, old: Rule) -> None:
    form = shown_fields(page(shared, f"/notifications/edit?id={old.id}"))
    assert form["address_1"] == SHOWN
    answer = post(shared, f"/edit?id={old.id}", **{**form, "name": "Renamed"})
    assert answer.status_code == 303, answer.text
    stored = shared.services.store.rules.get(old.id)
    assert (stored.name, stored.recipients) == ("Renamed", old.recipients)
    listed = shared.http.get(f"{RULES}/{old.id}").json()["recipients"]
    given = [{"channel": one["channel"], "address": one["address"]} for one in listed]
    headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    patched = shared.http.patch(
        f"{RULES}/{old.id}", json={"name": "Again", "recipients": given}, headers=headers
    )
    assert patched.status_code == 200, patched.text
    stored = shared.services.store.rules.get(old.id)
    assert (stored.name, stored.recipients) == ("Again", old.recipients)
