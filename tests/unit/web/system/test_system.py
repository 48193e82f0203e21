"""The state becomes a headline, findings with remedies, and JSON."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.readmodel.copy_state import Filling
from app.store.coordination.reconcile_requests import Outcome
from app.store.coordination.reconcile_requests import State as Comparison
from app.store.coordination.shard_state import ShardState, WorkerProof
from app.store.dead_letters.letter_summary import DeadLetterSummary
from app.web.system.health_checks import findings, headline, span
from app.web.system.readiness import MOST, details_of
from app.web.system.shard_lines import FINISHED_SHOWN, shard_lines
from app.web.system.state import SILENT
from tests.unit.web.system.system_states import (
    COPY,
    NOW,
    a_state,
    gap,
    letters,
    live,
    row,
    saved,
    stored,
    vitals,
    worker,
)
from worker.leasing.assignment import LEASE_TIME


def report(**fields: Any) -> tuple[str, list[str]]:
    """The headline, and each finding's text with its remedy and command."""
    state = a_state(**fields)
    found = findings(state)
    texts = [f"{finding.what} {finding.remedy} {finding.command}".strip() for finding in found]
    return headline(state, found), texts


def test_healthy_state_has_no_findings() -> None:
    assert report() == ("All is well: changes are read without delay.", [])


def test_failing_part_is_named_with_its_error() -> None:
    parts = {"engine": "the embedded engine does not answer", "worker": "ok"}
    head, texts = report(live=live(vitals=vitals(parts=parts)), trouble="DynamoDB did not answer.")
    assert head == "Stockpulse is not working."
    (text,) = texts  # the store's error has the same cause, so it is not listed
    assert text.startswith("Engine: the embedded engine does not answer. If this lasts")


def test_refused_keys_are_a_finding_and_hide_no_other() -> None:
    head, (text,) = report(live=live(refused_keys=2))
    assert head == "Working, but something needs attention."
    assert text.startswith("2 stored API keys are refused")
    _, texts = report(live=live(refused_keys=1), trouble="DynamoDB did not answer.")
    assert texts[1].startswith("The tables cannot be read")


def test_unreadable_tables_are_a_finding_even_if_all_parts_are_ok() -> None:
    head, texts = report(stored=None, read_at=None, trouble="DynamoDB did not answer.")
    assert head == "Working, but something needs attention."
    assert texts[0].startswith("The tables cannot be read: DynamoDB did not answer.")
    assert "recovers by itself" in texts[0]


def test_read_model_that_does_not_follow_is_a_finding_unless_it_is_still_filled() -> None:
    late = replace(COPY, lag=40.0, trouble="database or disk is full")
    _, texts = report(live=live(copy=late))
    assert texts[0].startswith(
        "Lists of products and searches of changes lack the changes of the last 40 s: database or"
    )
    assert report(live=live(copy=replace(late, filled=False)))[1] == []


def test_events_that_cannot_be_read_for_searches_are_a_finding() -> None:
    events = Filling(filled=False, scanned=500, expected=1000)
    _, texts = report(live=live(copy=replace(COPY, events=events, trouble="disk is full")))
    assert "for searches: disk is full. 500 of about 1000 were read so far." in texts[0]
    assert report(live=live(copy=replace(COPY, events=events)))[1] == []


def test_row_of_unexpected_form_has_to_be_repaired() -> None:
    _, texts = report(trouble="a row of the tables has an unexpected form.", needs_repair=True)
    assert "does not recover by itself" in texts[0]


def test_worker_counts_as_dead_two_seconds_after_its_leases() -> None:
    assert SILENT == LEASE_TIME + 2


def test_late_reader_is_a_finding_with_its_lag() -> None:
    head, texts = report(live=live(vitals=vitals(workers=[WorkerProof(behind=300.0)])))
    assert head == "Working, but changes appear 5 min late."
    assert texts[0].startswith("Changes appear late: the reader is 5 min behind.")


def test_comparison_that_died_is_a_finding_with_its_error() -> None:
    died = Comparison(1, 1, outcome=Outcome(error="it failed unexpectedly (TypeError)"))
    head, texts = report(stored=stored(comparison=died))
    assert head == "Working, but something needs attention."
    assert "ended early: it failed unexpectedly (TypeError)." in texts[0]


def test_comparison_that_left_differences_is_a_finding() -> None:
    left = Comparison(1, 1, outcome=Outcome(compared=9, left=2))
    assert "2 products still differ" in report(stored=stored(comparison=left))[1][0]


def test_comparison_that_no_worker_begins_is_a_finding_except_on_lambda() -> None:
    due = Comparison(2, 1, requested_at=NOW - timedelta(minutes=5))
    head, texts = report(stored=stored(comparison=due))
    assert head == "Working, but something needs attention."
    assert "requested 5 min ago, and no worker has begun" in texts[0]
    begun = replace(due, busy=True)
    assert report(stored=stored(comparison=begun))[1] == []
    assert report(stored=stored(comparison=due, host="lambda"))[1] == []


def test_missing_worker_is_a_finding() -> None:
    head, (text,) = report(live=live(vitals=vitals(workers=[])))
    assert head == "Stockpulse is not working."
    assert "stockpulse worker" in text


def test_lag_of_a_dead_worker_s_shard_grows() -> None:
    reported = row("w1", shards=[ShardState("s1", lag=1, last_page=2)])
    elsewhere = {"live": live(shards=None), "stored": stored(workers=[reported])}
    for silent, lag in ((SILENT - 1, 3.0), (40.0, 43.0)):
        (line,) = shard_lines(a_state(workers=[worker(silent=silent)], **elsewhere))
        assert line.lag == lag


def test_report_of_a_live_worker_overrides_reports_of_dead_ones() -> None:
    rows = [row(name, shards=[ShardState("s1", lag=n)]) for n, name in enumerate("abc")]
    seen = [worker("a", silent=99), worker("b"), worker("c", silent=99)]
    state = a_state(live=live(shards=None), stored=stored(workers=rows), workers=seen)
    assert [line.lag for line in shard_lines(state)] == [1.0]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (letters(1), "1 change was not delivered to a connection."),
        (letters(3), "3 changes were not delivered to a connection."),
        (letters(9, more=True), "9 or more changes were not delivered to a connection."),
    ],
)
def test_dead_letters_are_a_finding_with_their_count_and_a_command(
    found: DeadLetterSummary, text: str
) -> None:
    head, texts = report(stored=stored(dead_letters=found))
    assert head == "Working, but something needs attention."
    assert texts[0].startswith(text)
    assert texts[0].endswith("stockpulse sinks redrive")


def test_products_without_stock_are_a_finding_with_the_command_that_helps() -> None:
    (finding,) = findings(a_state(stored=stored(no_stock=True)))
    assert "STOCKPULSE_STOCK_ATTRIBUTE" in finding.what
    assert (finding.bad, finding.command) == (False, "stockpulse inspect TABLE")


def test_gap_is_a_finding_for_a_day() -> None:
    assert "stockpulse reconcile" in report(stored=stored(gaps=[gap()]))[1][0]
    assert report(stored=stored(gaps=[gap(NOW - timedelta(hours=25))]))[1] == []


def test_bad_findings_come_first() -> None:
    _, texts = report(stored=stored(dead_letters=letters(1)), live=live(vitals=vitals(workers=[])))
    assert [text.split(" ")[0] for text in texts] == ["No", "1"]


def test_shard_line_combines_checkpoint_and_reports() -> None:
    reported = [ShardState("s2", lag=4, last_page=1, position="7")]
    state = a_state(
        stored=stored(
            shards=[saved("s1"), saved("s2", owner="w1"), saved("s3")],
            workers=[row("w1", shards=reported)],
        )
    )
    elsewhere, here, unread = shard_lines(state)
    assert (elsewhere.shard_id, here.shard_id, unread.shard_id) == ("s2", "s1", "s3")
    assert (elsewhere.owner, elsewhere.lag, elsewhere.last_page, elsewhere.position) == (
        "w1",
        5.0,
        1.0,
        "7",
    )
    assert (here.here, here.owner, here.position, here.lag) == (True, None, "101", 0.2)
    assert (unread.here, unread.owner, unread.position) == (False, None, "100")


def test_a_few_finished_shards_are_listed_last() -> None:
    many = [saved(f"f{n}", finished=True) for n in range(20)]
    lines = shard_lines(a_state(stored=stored(shards=[*many, saved("open")])))
    assert [line.finished for line in lines] == [False, False] + [True] * FINISHED_SHOWN


def test_details_are_bounded_json() -> None:
    shards = [saved(f"s{n}") for n in range(200)]
    state = a_state(stored=stored(shards=shards, gaps=[gap()] * 200, dead_letters=letters(3)))
    details = json.loads(json.dumps(details_of(state, is_admin=True)))
    assert (len(details["shards"]), len(details["gaps"])) == (MOST, MOST)
    common = {"event_id": "id-1", "occurred_at": "2026-11-21T12:00:00Z", "why": "why"}
    gaps = [gap(why="why"), gap(why="why", about="P1")]
    assert details_of(a_state(stored=stored(gaps=gaps)), is_admin=True)["gaps"] == [
        {"shard_id": "s1", "product_id": None, **common},
        {"shard_id": None, "product_id": "P1", **common},
    ]
    assert details["dead_letters"] == {"notify": 3}
    assert details["broker"]["subscribers"] == 2
    assert details["summary"] == "Working, but something needs attention."
    unread = details_of(a_state(stored=None, read_at=None), is_admin=True)
    assert (unread["gaps"], unread["dead_letters"], unread["read_at"]) == (None, None, None)
    assert unread["sinks"] == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "less than a second"), (3.2, "3 s"), (119, "119 s"), (600, "10 min"), (9e5, "10 d")],
)
def test_duration_is_readable(seconds: float, text: str) -> None:
    assert span(seconds) == text
