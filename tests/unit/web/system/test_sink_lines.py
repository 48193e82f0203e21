"""A sink that needs attention is a finding with a remedy; a sink paused by a person is not."""

import json

import pytest

from app.store.coordination.sink_row import Health
from app.store.sinks.sink_lag import SinkView
from app.web.system.health_checks import findings, headline
from app.web.system.readiness import MOST, details_of
from app.web.system.sink_lines import LATE, sink_findings, sink_lines
from tests.unit.web.system.system_states import a_state, letters, sink, stored, worker


def finding_text(view: SinkView, **fields: object) -> str:
    """The text and remedy of the sink's one finding; empty if there is none."""
    texts = [
        f"{found.what} {found.remedy} {found.command}".strip()
        for found in sink_findings(a_state(stored=stored(sinks=[view]), **fields))
    ]
    assert len(texts) <= 1
    return "".join(texts)


def test_running_sink_without_lag_has_no_finding() -> None:
    assert finding_text(sink()) == ""


def test_sink_is_late_after_five_minutes() -> None:
    assert finding_text(sink(lag_seconds=LATE, lag_events=3)) == ""
    late = finding_text(sink(lag_seconds=LATE + 1, lag_events=3))
    assert late.startswith("Connection archive is 5 min behind. It catches up by itself")


def test_late_sink_without_a_worker_suggests_starting_one() -> None:
    late = finding_text(sink(lag_seconds=7200, owner=None))
    assert late.startswith("Connection archive is 2 h behind. No worker runs it.")
    assert late.endswith("stockpulse sinks pause archive")


def test_late_sink_on_lambda_suggests_the_scheduled_function() -> None:
    late = sink(lag_seconds=7200, owner=None)
    (found,) = sink_findings(a_state(stored=stored(sinks=[late], host="lambda")))
    assert "the scheduled sinks function" in found.remedy


def test_late_sink_of_a_dead_worker_reports_the_missing_heartbeat() -> None:
    late = finding_text(sink(lag_seconds=7200), workers=[worker("w1", silent=600), worker("w2")])
    assert "Its worker has sent no heartbeat for 10 min" in late


def test_stopped_sink_suggests_the_rewind_command() -> None:
    stopped = finding_text(sink(state="stopped", why="events may have expired"))
    assert stopped.startswith("Connection archive has stopped: events may have expired.")
    assert stopped.endswith("stockpulse sinks rewind archive --to beginning")


def test_sink_that_paused_itself_suggests_the_resume_command() -> None:
    paused = finding_text(sink(state="paused", why="shop.example answered 410 Gone"))
    assert paused.startswith("Connection archive paused itself: shop.example answered 410 Gone.")
    assert paused.endswith("stockpulse sinks resume archive")


def test_sink_paused_by_an_administrator_has_no_finding() -> None:
    view = sink(state="paused", why="paused by ada", paused_by="ada", lag_seconds=1e6)
    assert finding_text(view) == ""


def test_failing_sink_shows_its_error_and_suggests_the_test_command() -> None:
    health = Health(error="shop.example answered 503")
    failing = finding_text(sink(health=health))
    assert failing.startswith("Connection archive is failing: shop.example answered 503.")
    assert failing.endswith("stockpulse sinks test archive")
    late = finding_text(sink(health=health, lag_seconds=3600))
    assert late.startswith(
        "Connection archive is failing, and 60 min behind: shop.example answered 503."
    )


def test_sink_findings_are_never_bad() -> None:
    state = a_state(stored=stored(sinks=[sink(state="stopped", why="expired")]))
    found = findings(state)
    assert headline(state, found) == "Working, but something needs attention."
    assert not any(finding.bad for finding in found)


def test_credentials_in_errors_are_masked() -> None:
    view = sink(health=Health(error="http://u:secret@host refused"), why="Bearer abcdefgh12345678")
    (line,) = sink_lines(a_state(stored=stored(sinks=[view])))
    assert (line.last_error, line.why) == ("http://***@host refused", "Bearer ***")


def test_sink_details_are_bounded_json() -> None:
    views = [sink(f"s{n}", lag_seconds=1.5, lag_events=2) for n in range(80)]
    state = a_state(stored=stored(sinks=views, dead_letters=letters(3)))
    details = json.loads(json.dumps(details_of(state, is_admin=True)))["sinks"]
    assert len(details) == MOST
    assert details[0]["delivered_to"] == "2026-11-21T11:00:00Z"
    assert (details[0]["lag_seconds"], details[0]["owner"]) == (1.5, "w1")


def test_sink_counts_its_own_dead_letters() -> None:
    views = [sink("archive"), sink("notify")]
    state = a_state(stored=stored(sinks=views, dead_letters=letters(3)))
    assert [line.letters for line in sink_lines(state)] == [0, 3]


@pytest.mark.parametrize(("silent", "shown"), [(0.0, None), (40.0, 40.0)])
def test_missing_heartbeat_of_the_owner_is_shown(silent: float, shown: float | None) -> None:
    state = a_state(stored=stored(sinks=[sink()]), workers=[worker("w1", silent=silent)])
    assert [line.silent for line in sink_lines(state)] == [shown]


def test_rules_that_do_not_reach_a_recipient_are_findings_and_other_troubles_are_not_twice() -> (
    None
):
    troubles = {f"recipient r{n} x": f"The rule {n} does not send" for n in range(7)}
    state = a_state(stored=stored(troubles=troubles | {"sink-lag webhook": "late"}))
    found = [finding.what for finding in findings(state)]
    assert found[:1] == ["The rule 0 does not send."]
    assert found[5:] == ["2 more recipients of rules are not told."]
