"""Rules over REST: made, listed, changed by version, refused by field, deleted, and logged."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from app.store.notifications import rule_rows, rules
from tests.integration.notifications.rules.kit import (
    RULES,
    body,
    create,
    patch,
    pointers,
    trail,
)
from tests.support.http.receiver import Receiver
from tests.support.processes.running import App


def test_a_rule_is_stored_as_it_was_sent(app: App, receiver: Receiver) -> None:
    what = {"alerts": ["low", "out"], "categories": ["Tea"], "search": "q=mug&low=true"}
    when = {"mode": "daily", "at": "07:30", "quiet_from": "22:00", "quiet_to": "07:00"}
    answer = app.http.post(RULES, json=body(receiver, what=what, when=when, enabled=True))
    assert answer.status_code == 201, answer.text
    rule = answer.json()
    assert answer.headers["Location"] == f"{RULES}/{rule['id']}"
    found = app.http.get(answer.headers["Location"])
    assert found.json().items() > rule.items(), "and how it is doing"
    assert found.headers["ETag"] == answer.headers["ETag"]
    assert {name: rule["what"][name] for name in what} == what
    assert {name: rule["when"][name] for name in when} == when
    assert (rule["enabled"], rule["version"], rule["created_by"]) == (True, 1, "local")
    (recipient,) = rule["recipients"]
    assert (recipient["address"], recipient["state"]) == (receiver.url, "active")
    assert trail(app)[0] == ("rule.created", rule["id"])


def test_rules_are_listed_in_pages_the_oldest_first(app: App, receiver: Receiver) -> None:
    made = [create(app, receiver, name=f"n{number}")["id"] for number in range(3)]
    found, cursor = [], None
    while True:
        page = app.http.get(RULES, params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        found += [rule["id"] for rule in page.json()["items"]]
        if (cursor := page.json()["next_cursor"]) is None:
            break
    assert found == sorted(found)
    assert [one for one in found if one in made] == made
    assert app.http.get(RULES, params={"cursor": "bm90aGluZw-"}).status_code == 400


def test_a_patch_changes_only_what_it_names(app: App, receiver: Receiver) -> None:
    rule = create(app, receiver)
    changed = patch(app, rule, {"what": {"reasons": None, "min_delta": "2.5"}, "name": "Large"})
    assert changed.status_code == 200, changed.text
    after = changed.json()
    assert after["what"] == rule["what"] | {"reasons": [], "min_delta": 2.5}
    assert (after["name"], after["version"], after["when"]) == ("Large", 2, rule["when"])
    since, before = (datetime.fromisoformat(one["since"]) for one in (after, rule))
    assert since > before, "what came before follows the former wording"
    assert changed.headers["ETag"] == '"2"'
    stored = app.services.store.rules.get(rule["id"])
    assert [one.what.reasons for one in stored.former] == [("sold",)]
    assert patch(app, after, {"when": None, "name": "x"}).json()["since"] == after["since"]


def test_two_people_cannot_overwrite_each_other(app: App, receiver: Receiver) -> None:
    rule = create(app, receiver)
    assert patch(app, rule, {"name": "First"}).status_code == 200
    late = patch(app, rule, {"name": "Second"})
    assert (late.status_code, late.json()["code"]) == (412, "rule-changed")
    assert late.headers["ETag"] == '"2"'
    assert patch(app, rule, {"name": "First"}).status_code == 200  # it is so already
    assert patch(app, rule, {"name": "Third"}, etag='W/"2"').status_code == 200
    names = [f"any {number}" for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda name: patch(app, rule, {"name": name}, "*"), names))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert app.http.get(f"{RULES}/{rule['id']}").json()["version"] == 7
    no_etag = app.http.delete(f"{RULES}/{rule['id']}")
    assert (no_etag.status_code, no_etag.json()["code"]) == (428, "precondition-required")


def test_a_deleted_rule_is_gone(app: App, receiver: Receiver) -> None:
    rule = create(app, receiver)
    path, counted = f"{RULES}/{rule['id']}", app.services.store.rules.count()
    assert app.http.delete(path, headers={"If-Match": '"9"'}).status_code == 412
    assert app.http.delete(path, headers={"If-Match": '"1"'}).status_code == 204
    assert app.services.store.rules.count() == counted - 1
    assert trail(app)[0] == ("rule.deleted", rule["id"])
    for method in ("GET", "DELETE"):
        answer = app.http.request(method, path, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["code"]) == (404, "rule-not-found")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"colour": "blue"}, "/colour"),
        ({"name": " "}, "/name"),
        ({"what": {"kinds": ["internal"]}}, "/what/kinds/0"),
        ({"what": {"kind": []}}, "/what/kind"),
        ({"what": {"min_delta": "many"}}, "/what/min_delta"),
        ({"what": {"search": "colour=blue"}}, "/what/search"),
        ({"what": {"kinds": [], "alerts": ["low"], "reasons": ["sold"]}}, "/what/reasons"),
        ({"when": {"mode": "digest", "minutes": 0}}, "/when/minutes"),
        ({"when": {"mode": "daily", "at": "25:00"}}, "/when/at"),
        ({"when": {"quiet_from": "22:00"}}, "/when/quiet_to"),
        ({"recipients": []}, "/recipients"),
        ({"recipients": [{"channel": "fax", "address": "1"}]}, "/recipients/0/channel"),
        ({"recipients": [{"channel": "webhook", "address": "nothing"}]}, "/recipients/0/address"),
        ({"enabled": "yes"}, "/enabled"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_the_field_named(
    app: App, receiver: Receiver, changes: dict[str, Any], pointer: str
) -> None:
    counted = app.services.store.rules.count()
    assert pointers(app.http.post(RULES, json=body(receiver, **changes))) == {pointer}
    rule = create(app, receiver)
    assert pointers(patch(app, rule, changes)) == {pointer}
    assert app.http.get(f"{RULES}/{rule['id']}").json().items() > rule.items()
    assert app.services.store.rules.count() == counted + 1


def test_texts_of_users_are_never_syntax(app: App, receiver: Receiver) -> None:
    odd = "<b>\"'; DROP TABLE rules --{{7*7}} ünï 🍵"
    what = {"categories": [odd], "actors": [odd], "product_ids": [odd], "search": f"q={odd}"}
    rule = create(app, receiver, name=odd, what=what)
    assert rule["name"] == odd
    assert {name: rule["what"][name] for name in what} == what
    for odd_id in ("%2e%2e", "a%00b", "é", "x" * 300, rule["id"] + "%20"):
        assert app.http.get(f"{RULES}/{odd_id}").status_code == 404


def test_the_number_of_rules_is_bounded(
    app: App, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = app.services.store.rules.count() + 1
    monkeypatch.setattr(rule_rows, "MOST", most)
    monkeypatch.setattr(rules, "MOST", most)
    with ThreadPoolExecutor(3) as threads:
        sent = list(threads.map(lambda _: app.http.post(RULES, json=body(receiver)), range(3)))
    assert sorted(answer.status_code for answer in sent) == [201, 409, 409]
    assert {a.json().get("code") for a in sent} == {None, "too-many-rules"}


def test_a_row_that_nobody_can_read_hides_no_other(app: App, receiver: Receiver) -> None:
    rule = create(app, receiver)
    table = app.services.settings.table_names.settings
    row = {"Kind": {"S": "rule"}, "ID": {"S": "0broken"}, "Rule": {"S": "{"}}
    app.tables.put_item(TableName=table, Item=row)
    assert rule["id"] in [one["id"] for one in app.http.get(RULES + "?limit=200").json()["items"]]
    listed = app.http.get(RULES + "?limit=200").json()
    assert {"id": "0broken", "name": None} in listed["unreadable"]
    answer = app.http.get(f"{RULES}/0broken")
    assert (answer.status_code, answer.json()["code"]) == (409, "rule-unreadable")
    assert app.http.delete(f"{RULES}/0broken", headers={"If-Match": "*"}).status_code == 204
    assert app.http.get(f"{RULES}/0broken").status_code == 404
