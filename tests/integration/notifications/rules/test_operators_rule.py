"""The webhook of the settings is listed and tested as a rule, and delivers as a sink."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.core.json_text import loads
from tests.integration.consumers.webhooks import begun
from tests.integration.notifications.page_forms import page, post, row_of
from tests.integration.notifications.rules.kit import RULES, create, patch
from tests.support.http.receiver import SECRET, Receiver
from tests.support.processes.forked import ran
from tests.support.processes.process import with_settings
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

NAME = "Operator's webhook"


@pytest.fixture(scope="module")
def app(
    endpoint: str, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    settings = settings_for(
        endpoint,
        tmp_path_factory.mktemp("operator"),
        webhook_url=receiver.url,
        webhook_secret=SECRET,
        notify_private_addresses=True,
    )
    with serving(settings) as running:
        until(lambda: "webhook" in begun(running))  # it delivers nothing earlier
        yield running


def shown(app: App) -> Any:
    """The rule as the API shows it."""
    return app.http.get(f"{RULES}/webhook").json()


def test_it_comes_first_and_pages_go_on_after_it(app: App, receiver: Receiver) -> None:
    made = [create(app, receiver, name=name)["id"] for name in ("First", "Second")]
    listed = app.http.get(RULES).json()["items"]
    assert [one["id"] for one in listed] == ["webhook", *made]
    assert [one["built_in"] for one in listed] == [True, False, False]
    assert [one["address"] for one in listed[0]["recipients"]] == [receiver.url]
    found, cursor = [], None
    while True:
        given = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        answer = app.http.get(RULES, params=given).json()
        found += [one["id"] for one in answer["items"]]
        if (cursor := answer["next_cursor"]) is None:
            break
    assert found == ["webhook", *made]


def test_deliveries_and_failures_are_shown_beside_it(app: App, receiver: Receiver) -> None:
    receiver.status = 500
    try:
        app.create("OP1", 5)
        failed = until(lambda: (one := shown(app)["health"])["last_failed_at"] and one)
        assert "500" in failed["last_failure"]
        row = until(
            lambda: ">Behind<" in (row := row_of(page(app, "/notifications"), NAME)) and row
        )
        assert "waits" in row
    finally:
        receiver.status = 204
    until(lambda: (one := shown(app)["health"])["last_delivered_at"] and not one["waiting"])
    sent = [loads(one.body) for one in receiver.received]
    assert [one["data"]["product_id"] for one in sent][-1] == "OP1"
    row = row_of(page(app, "/notifications"), NAME)
    assert ("Every change" in row, ">Works<" in row) == (True, True)
    assert row.count("<time") == 2


def test_the_command_lists_and_tests_it(app: App, receiver: Receiver) -> None:
    settings = app.services.settings
    environment = {
        "STOCKPULSE_DYNAMODB": settings.dynamodb,
        "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
        "STOCKPULSE_DATA_DIR": str(settings.data_dir),
        "STOCKPULSE_WEBHOOK_URL": receiver.url,
        "STOCKPULSE_WEBHOOK_SECRET": SECRET,
    }
    _, text, _ = ran("notify", "list", environment=with_settings(environment))
    assert NAME in text.splitlines()[1]
    before = len(receiver.received)
    status, text, _ = ran("notify", "test", "webhook", environment=with_settings(environment))
    assert (status, "accepted" in text, len(receiver.received)) == (0, True, before + 1)


def test_it_is_tested_a_few_times_a_minute_and_changed_by_nobody(
    app: App, receiver: Receiver
) -> None:
    before = len(receiver.received)
    (outcome,) = app.http.post(f"{RULES}/webhook/test").json()["items"]
    assert (outcome["accepted"], len(receiver.received)) == (True, before + 1)
    assert loads(receiver.received[-1].body)["type"] == "stockpulse.test"
    answer = post(app, "/test", id="webhook")
    assert "accepted the event test_" in answer.text
    rule = {"id": "webhook", "version": 1}
    changed = [
        patch(app, rule, {"name": "Mine"}, etag="*"),
        app.http.delete(f"{RULES}/webhook", headers={"If-Match": "*"}),
        app.http.get(f"{RULES}/webhook/preview"),
        app.http.get(f"{RULES}/webhook/deliveries"),
    ]
    assert {(one.status_code, one.json()["code"]) for one in changed} == {(409, "rule-of-settings")}
    refused = until(
        lambda: (one := app.http.post(f"{RULES}/webhook/test")).status_code == 429 and one
    )
    assert refused.json()["code"] == "too-many-tests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    on_page = post(app, "/test", id="webhook")
    assert (on_page.status_code, "Nothing was sent; try again in" in on_page.text) == (429, True)
