"""Test messages of rules reach a real receiver, are logged, and are bounded."""

from app.core.json_text import loads
from tests.integration.notifications.rules.kit import RULES, create, trail
from tests.support.http.receiver import Receiver
from tests.support.processes.running import App


def test_a_test_reaches_each_recipient_and_is_logged(app: App, receiver: Receiver) -> None:
    other = f"{receiver.url}/other"
    both = [{"channel": "webhook", "address": url} for url in (receiver.url, other)]
    rule = create(app, receiver, recipients=both)
    before = len(receiver.received)
    answer = app.http.post(f"{RULES}/{rule['id']}/test")
    assert [one["accepted"] for one in answer.json()["items"]] == [True, True]
    sent = receiver.received[before:]
    assert {one.path for one in sent} == {"/hooks/stock", "/hooks/stock/other"}
    assert {loads(one.body)["type"] for one in sent} == {"stockpulse.test"}
    assert trail(app)[0] == ("rule.tested", rule["id"])
    lines = app.http.get(f"{RULES}/{rule['id']}/deliveries").json()["items"]
    assert [(one["is_test"], one["outcome"], one["told"]) for one in lines] == [
        (True, "delivered", [])
    ] * 2
    assert {one["message_id"] for one in lines} == {sent[0].headers["webhook-id"]}
    health = app.http.get(f"{RULES}/{rule['id']}").json()["health"]
    assert health["last_delivered_at"] is None, "a test is no delivery"
    resent = app.http.post(f"{RULES}/{rule['id']}/deliveries/{lines[0]['id']}/resend")
    assert (resent.status_code, resent.json()["code"]) == (409, "nothing-to-resend")

    second = rule["recipients"][1]["id"]
    one = app.http.post(f"{RULES}/{rule['id']}/test", params={"recipient": second})
    assert [outcome["recipient_id"] for outcome in one.json()["items"]] == [second]
    unknown = app.http.post(f"{RULES}/{rule['id']}/test", params={"recipient": "none"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "recipient-not-found")


def test_a_test_that_fails_says_why(app: App, receiver: Receiver) -> None:
    rule = create(app, receiver)
    receiver.status = 500
    try:
        (outcome,) = app.http.post(f"{RULES}/{rule['id']}/test").json()["items"]
    finally:
        receiver.status = 204
    assert outcome["accepted"] is False
    assert "500" in outcome["answer"]


def test_a_rule_sends_five_tests_a_minute_and_others_are_not_held_up(
    app: App, receiver: Receiver
) -> None:
    rule, other = create(app, receiver), create(app, receiver)
    path = f"{RULES}/{rule['id']}/test"
    answers = [app.http.post(path)]
    while answers[-1].status_code == 200:
        answers.append(app.http.post(path))
    assert 6 <= len(answers) <= 11  # the minute may have ended meanwhile
    refused, before = answers[-1], len(receiver.received)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-tests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert app.http.post(f"{RULES}/{other['id']}/test").status_code == 200
    assert len(receiver.received) == before + 1
