"""What counts as trouble, and when it is over."""

from dataclasses import replace

from app.core.rules.rule import Rule, What
from app.store.coordination.sink_row import SinkRow
from app.store.notifications.subscriptions import SubscriptionRow
from app.store.sinks.sink_lag import SinkView
from tests.unit.worker.notifications.noticing import ANN
from worker.notifications import troubles


def a_sink(lag: float = 0.0, **fields: object) -> SinkView:
    row = SinkRow("webhook", **fields)  # type: ignore[arg-type]
    return SinkView(row, lag, 1)


def test_a_sink_that_stopped_paused_itself_or_lags_is_trouble() -> None:
    assert troubles.of_sinks([a_sink()], {}) == {}
    assert "has stopped: gone" in str(troubles.of_sinks([a_sink(state="stopped", why="gone")], {}))
    assert list(troubles.of_sinks([a_sink(state="paused")], {})) == ["sink-paused webhook"]
    assert troubles.of_sinks([a_sink(state="paused", paused_by="ann")], {}) == {}
    assert list(troubles.of_sinks([a_sink(301.0)], {})) == ["sink-lag webhook"]


def test_a_lag_that_goes_up_and_down_is_one_trouble() -> None:
    going_on = {"sink-lag webhook": "…"}
    assert troubles.of_sinks([a_sink(100.0)], {}) == {}
    assert list(troubles.of_sinks([a_sink(100.0)], going_on)) == ["sink-lag webhook"]
    assert troubles.of_sinks([a_sink(50.0)], going_on) == {}


def test_a_recipient_that_is_disabled_and_a_channel_that_is_missing_are_trouble() -> None:
    rule = Rule("r", "Watch", What(), (ANN,), disabled=((ANN.id, "550 no such mailbox"),))
    (text,) = troubles.of_rules([rule], ["mail"]).values()
    assert text == "The rule Watch does not send to mail ann any more: 550 no such mailbox"
    (text,) = troubles.of_rules([replace(rule, disabled=())], []).values()
    assert text == "The rule Watch cannot send: the channel mail is not set up"
    assert troubles.of_rules([replace(rule, enabled=False)], []) == {}


def test_each_begins_once_and_ends_once() -> None:
    begun = troubles.changes({"a": "A", "b": "B"}, {"b": "B", "c": "C"})
    assert [(one.about, one.begins, one.text) for one in begun] == [
        ("a", True, "A"),
        ("c", False, "Over: C"),
    ]


def test_a_silent_worker_is_trouble() -> None:
    assert list(troubles.of_workers({"w1": 61.0, "w2": 3.0})) == ["worker w1"]


def test_a_recipient_that_accepts_nothing_for_a_quarter_of_an_hour_is_trouble() -> None:
    rule = Rule("r", "Watch", What(), (ANN,))
    row = SubscriptionRow(
        id="r-x",
        rule_id="r",
        recipient_id="x",
        channel="mail",
        address="ann",
        error="451 busy",
        failing_since=1_000_000,
    )
    assert troubles.of_waiting([row], {"r": rule}, 1_900.0) == {}
    (text,) = troubles.of_waiting([row], {"r": rule}, 1_901.0).values()
    assert text == "The rule Watch does not reach mail ann: 451 busy"
    assert troubles.of_waiting([row], {}, 1_901.0) == {}
