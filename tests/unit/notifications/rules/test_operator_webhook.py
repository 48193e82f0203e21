"""The webhook of the settings is told in a rule's words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import Request

from app.core.roles import Role
from app.core.rules.rule import OPERATOR
from app.notifications.desk.operator_webhook import operator_rule
from app.store.coordination.sink_row import Health, LastCalls, SinkRow
from app.store.notifications.rule_rows import is_rule_id
from app.store.sinks.sink_lag import SinkView
from app.web.auth.identity import Identity
from app.web.errors import RoleNeeded
from app.web.pages.notifications.recipient_lines import RuleLine, rule_line
from app.web.requests.rules.may_test import check_may_test

URL = "https://shop.example/hook"
NOW = 1_795_000_000_000


def line(lag: tuple[float, int] = (0.0, 0), **fields: Any) -> RuleLine:
    view = SinkView(SinkRow("webhook", **fields), *lag)
    found = operator_rule(URL, None, view, NOW)
    now = datetime.fromtimestamp(NOW / 1000, UTC)
    return rule_line(found.rule, found.waiting, {"webhook": "Webhook"}, now, found.last)


def test_it_tells_of_every_change_at_once_and_has_an_id_that_no_stored_rule_gets() -> None:
    found = operator_rule(URL, '{"data": {}}', None, NOW)
    shown = rule_line(found.rule, found.waiting, {"webhook": "Webhook"}, datetime.now(UTC), ())
    assert (shown.what, shown.when, found.filter) == ("Every change", "At once", '{"data": {}}')
    assert [one.address for one in shown.recipients] == [URL]
    assert (found.rule.id, found.is_built_in, is_rule_id(OPERATOR)) == (OPERATOR, True, True)
    assert not set(OPERATOR) <= set("0123456789abcdef")


def test_a_lag_is_behind_only_if_it_lasts_or_the_receiver_fails() -> None:
    assert [line(lag).is_behind for lag in ((0, 0), (3, 20), (30, 20))] == [False, False, True]
    failing = line((3, 20), health=Health(error="answered 503"))
    assert (failing.is_behind, failing.recipients[0].error) == (True, "answered 503")
    assert line((7200, 5)).recipients[0].said == "5 wait, for 2 h"


def test_a_pause_by_an_admin_is_one_and_that_of_the_receiver_sends_to_nobody() -> None:
    assert not line(state="paused", paused_by="ann", why="paused by ann").rule.enabled
    gone = line(state="paused", why="the webhook answered 410 Gone")
    assert (gone.rule.enabled, gone.is_off) == (True, True)
    assert gone.recipients[0].said == "Gets nothing more: the webhook answered 410 Gone"
    assert line(state="stopped", why="events may have expired").is_off


def test_the_last_delivery_and_the_last_failure_are_told_as_far_as_known() -> None:
    assert (line().sent, line().failed) == (None, None)
    last = LastCalls(accepted_at=NOW - 5, failed_at=NOW - 9, failure="answered 503")
    shown = line(health=Health(last=last))
    assert shown.sent is not None
    assert shown.failed is not None
    assert (shown.sent.at, shown.failed.at, shown.failure) == (NOW - 5, NOW - 9, "answered 503")


def test_only_admins_send_a_test_of_it() -> None:
    def asked(role: Role, rule_id: str) -> None:
        identity = Identity("ann", role, "key")
        request = Request({"type": "http", "state": {"identity": identity}})
        check_may_test(request, rule_id)

    asked(Role.ADMIN, OPERATOR)
    asked(Role.EDITOR, "19ab7c0d3fe9a41c2")
    with pytest.raises(RoleNeeded):
        asked(Role.EDITOR, OPERATOR)
