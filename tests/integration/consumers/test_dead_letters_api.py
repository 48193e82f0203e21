"""Dead letters are read, redriven or deleted over REST and the CLI; only a worker delivers them."""

import argparse
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.commands.common import CommandError
from app.commands.sinks import command
from app.config.signing import audit_keys
from app.core.events import event_id
from app.core.roles import Role
from app.store.access.admin_log import AdminLog
from app.store.access.api_keys import ApiKeys
from app.store.dead_letters.letter import Letter
from app.store.dead_letters.letter_repository import DeadLetters
from tests.integration.consumers.webhooks import LETTERS, Hooked, with_webhook
from tests.support.builders import STREAM_ARN, an_item, as_lambda, inserted
from tests.support.http.receiver import receiving
from tests.support.waiting import until


@pytest.fixture
def shop(endpoint: str, tmp_path: Path) -> Iterator[Hooked]:
    """The application with a webhook whose receiver rejects every event."""
    with receiving() as receiver, with_webhook(endpoint, tmp_path, receiver) as running:
        receiver.status = 422
        yield running


@pytest.fixture
def letter(shop: Hooked) -> dict[str, Any]:
    """One rejected event, of product P1."""
    shop.app.create("P1", stock=7)
    (found,) = until(shop.letters)
    shown: dict[str, Any] = found
    return shown


def repository(shop: Hooked) -> DeadLetters:
    return DeadLetters(shop.app.tables, f"{shop.settings.table_prefix}DeadLetters")


def of_audit(record: Any, key: str = "label#1") -> Letter:
    return Letter(
        sink="audit",
        product_id="P9",
        event_key=key,
        record=record,
        stream_arn=STREAM_ARN,
        error="UndecodableRecord",
    )


def test_a_letter_shows_the_event_the_sink_and_the_error(
    shop: Hooked, letter: dict[str, Any]
) -> None:
    assert (letter["sink"], letter["product_id"], letter["due"]) == ("webhook", "P1", False)
    assert "422" in letter["error"]
    assert (letter["attempts"], letter["record"], letter["stream_arn"]) == (1, None, None)
    event = shop.app.http.get(f"/v1/events/{letter['event_id']}").json()
    assert event["data"]["stock_after"] == 7
    assert shop.app.http.get(f"{LETTERS}/{letter['id']}").json() == letter
    filtered = [
        shop.app.http.get(LETTERS, params=params).json()["items"]
        for params in ({"sink": "webhook"}, {"sink": "other"}, {"product_id": "P2"})
    ]
    assert filtered == [[letter], [], []]


def test_only_admins_see_raw_records(shop: Hooked) -> None:
    """A record that could not be decoded may be of an item that is no product."""
    repository(shop).park([of_audit({"secret": "of another program"})])
    table = f"{shop.settings.table_prefix}Settings"
    keys = ApiKeys(shop.app.tables, table, audit_keys(shop.settings))
    for role in Role:
        _, secret = keys.create(role, role, None, "test")
        shop.app.services.access.authenticator.key_cache.forget()
        headers = {"Authorization": f"Bearer {secret.text}"}
        (listed,) = shop.app.http.get(LETTERS, headers=headers).json()["items"]
        alone = shop.app.http.get(f"{LETTERS}/{listed['id']}", headers=headers).json()
        for shown in (listed, alone):
            is_admin = role is Role.ADMIN
            assert shown["record"] == ({"secret": "of another program"} if is_admin else None)
            assert shown["record_omitted"] == (not is_admin)


def test_pages_contain_every_letter_once(shop: Hooked) -> None:
    repository(shop).park([of_audit({"n": n}, f"label#{n}") for n in range(7)])
    for filters in ({}, {"sink": "audit"}, {"product_id": "P9"}):
        ids: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            parameters = {"limit": 3, **filters, **({"cursor": cursor} if cursor else {})}
            page = shop.app.http.get(LETTERS, params=parameters).json()
            ids += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
        assert len(ids) == len(set(ids)) == 7
    cursor = shop.app.http.get(LETTERS, params={"limit": 1}).json()["next_cursor"]
    for wrong in ({"cursor": "x"}, {"product_id": "P1"}, {"sink": "other"}):
        answer = shop.app.http.get(LETTERS, params={"cursor": cursor} | wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


@pytest.mark.parametrize("identifier", ["x", "UDEAYXVkaXQjbGFiZWwjMQ", "%00", "UDE"])
def test_an_unknown_id_is_not_found(shop: Hooked, identifier: str) -> None:
    for method, path in (("GET", ""), ("POST", "/redrive"), ("DELETE", "")):
        answer = shop.app.http.request(method, f"{LETTERS}/{identifier}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "dead-letter-not-found")


def test_a_redrive_delivers_this_letter_and_no_other(shop: Hooked, letter: dict[str, Any]) -> None:
    shop.app.create("P2")
    until(lambda: len(shop.letters()) == 2)
    shop.receiver.status = 204
    answer = shop.app.http.post(f"{LETTERS}/{letter['id']}/redrive")
    assert (answer.status_code, answer.json()["status"]) == (202, "due")
    until(lambda: [one["product_id"] for one in shop.letters()] == ["P2"])
    assert json.loads(shop.receiver.received[-1].body)["id"] == letter["event_id"]


def test_a_redrive_that_fails_counts_an_attempt(shop: Hooked, letter: dict[str, Any]) -> None:
    shop.app.http.post(f"{LETTERS}/{letter['id']}/redrive")
    until(lambda: shop.letters()[0]["attempts"] == 2)
    (found,) = shop.letters()
    assert not found["due"]
    assert found["first_seen_at"] == letter["first_seen_at"]
    first, last = (
        datetime.fromisoformat(found[name]) for name in ("first_seen_at", "last_seen_at")
    )
    assert last >= first


def test_a_deleted_letter_is_never_delivered_and_is_in_the_admin_trail(
    shop: Hooked, letter: dict[str, Any]
) -> None:
    answer = shop.app.http.delete(f"{LETTERS}/{letter['id']}")
    assert (answer.status_code, answer.json()["product_id"]) == (200, "P1")
    assert shop.letters() == []
    (act,) = shop.app.http.get("/v1/admin/log").json()["items"]
    assert (act["actor"], act["action"]) == ("local", "dead-letter.deleted")
    assert act["before"]["id"] == letter["id"]


def test_the_command_redrives_all_letters_those_of_one_sink_or_single_ones(
    shop: Hooked, letter: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def run(name: str | None = None, ids: list[str] | None = None) -> str:
        arguments = argparse.Namespace(name=name, ids=ids, run=None)
        assert command._redrive(arguments, shop.settings) == 0  # noqa: SLF001
        return capsys.readouterr().out

    for attempts, (name, ids) in enumerate(
        [(None, None), ("webhook", None), (None, [letter["id"]]), ("webhook", [letter["id"]])], 2
    ):
        assert run(name, ids).startswith("A worker delivers the dead letters of webhook")
        if attempts > 2:  # the worker notices the first request by itself, within 10 s
            shop.act("resume")  # changes nothing, but the worker checks the rows at once
        until(lambda: shop.letters()[0]["attempts"] == attempts)  # noqa: B023
    shop.receiver.status = 204
    run()
    shop.act("resume")
    until(lambda: not shop.letters())
    assert run() == run("webhook") == "There are no dead letters to redrive.\n"
    assert {actor.partition(":")[0] for _, actor in shop.trail()} == {"cli"}


def test_the_command_refuses_an_unknown_id_and_a_letter_of_another_sink(
    shop: Hooked, letter: dict[str, Any]
) -> None:
    for name, ids in ((None, ["x"]), ("audit", [letter["id"]])):
        with pytest.raises(CommandError):
            command._redrive(argparse.Namespace(name=name, ids=ids), shop.settings)  # noqa: SLF001
    assert not shop.letters()[0]["due"]


def test_a_record_that_can_be_audited_now_is_audited_and_reaches_the_sinks(shop: Hooked) -> None:
    shop.receiver.status = 204
    letter = of_audit(as_lambda(inserted(an_item("P9", Stock=5))))
    repository(shop).park([letter])
    assert shop.letters()[0]["event_id"] is None, "there is no event yet"
    assert shop.app.http.post(f"{LETTERS}/{letter.id}/redrive").status_code == 202
    until(lambda: not shop.letters())
    (event,) = until(lambda: shop.app.http.get("/v1/events").json()["items"])
    assert event["data"]["stock_after"] == 5
    assert event["id"] == event_id("P9", event["data"]["event_key"])
    until(lambda: shop.received() == 1)


def test_a_record_that_still_cannot_be_audited_keeps_its_error(shop: Hooked) -> None:
    repository(shop).park([of_audit({"eventName": "UPSERT"})])
    answer = shop.app.http.post("/v1/sinks/audit/redrive")
    assert answer.status_code == 202
    until(lambda: shop.letters()[0]["attempts"] == 2)
    assert "not a stream record" in shop.letters()[0]["error"]


def test_the_admin_trail_is_read_newest_first(shop: Hooked) -> None:
    now = [1_000]
    log = AdminLog(shop.app.tables, f"{shop.settings.table_prefix}Settings", lambda: now[0])
    for number in range(3):
        now[0] += 1
        shop.app.tables.transact_write_items(
            TransactItems=[log.entry("ada", f"act {number}", after={"n": number})]
        )
    page = log.page(2)
    assert [act.after["n"] for act in page.items] == [2, 1]
    assert [act.action for act in log.page(2, page.next_cursor).items] == ["act 0"]
