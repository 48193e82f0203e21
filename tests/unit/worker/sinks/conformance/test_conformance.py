"""`stockpulse sinks conform`: a good sink passes, and each common fault is found and named."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.core.events import KINDS
from tests.support.processes.forked import FORKING
from tests.unit.worker.sinks.conformance import trial_sinks
from worker.sinks.conformance import child
from worker.sinks.conformance.child import Broken
from worker.sinks.conformance.holding import differences
from worker.sinks.conformance.odd_history import history
from worker.sinks.conformance.trials import Conformance, Trial

SINKS = trial_sinks.__name__


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "receiver"
    monkeypatch.setattr(sys, "argv", ["trial", str(path)])
    # Otherwise each of the sink's processes would import boto3, and pytest before that.
    forking = SimpleNamespace(get_context=lambda _method: FORKING)
    monkeypatch.setattr(child, "multiprocessing", forking)
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    return path


def tried(sink: str, holds: str | None = None, last: str = "crash") -> dict[str, Trial]:
    """The trials of one of the sinks, by name, up to the last one."""
    conformance = Conformance(f"{SINKS}:{sink}", holds and f"{SINKS}:{holds}", "run")
    trials = {}
    for trial in conformance.trials():
        trials[trial.name] = trial
        if trial.name == last:
            break
    return trials


def failed(trials: dict[str, Trial]) -> set[str]:
    return {name for name, trial in trials.items() if trial.faults}


def test_a_guarded_sink_passes_all_trials(receiver: Path) -> None:
    trials = tried("guarded", "newest")
    assert list(trials) == ["delivery", "duplicates", "replay", "order", "crash"]
    assert failed(trials) == set()
    assert trials["crash"].done.startswith("killed ")
    assert trial_sinks.stored(receiver) == 5 * len(trials)


def test_a_sink_object_is_called_in_parallel_with_its_own_batch_size(receiver: Path) -> None:
    trials = tried("threaded", "newest", last="order")
    assert failed(trials) == set()
    assert trials["delivery"].done == "27 events in 9 calls"  # with the internal ones
    assert "at the same time" in trials["order"].done


def test_a_sink_that_a_replay_takes_back_fails(receiver: Path) -> None:
    trials = tried("last_wins", "newest", last="replay")
    assert failed(trials) == {"replay"}
    assert "older than the newest event" in trials["replay"].faults[0]


def test_a_sink_that_keeps_duplicates_fails(receiver: Path) -> None:
    trials = tried("appending", "log", last="replay")
    assert failed(trials) == {"duplicates", "replay"}
    assert trials["duplicates"].faults[0].endswith(" 2 times")


def test_a_sink_that_loses_an_event_in_a_crash_fails(receiver: Path) -> None:
    trials = tried("forgetful", "log")
    assert failed(trials) == {"crash"}
    assert trials["crash"].faults[0].startswith("it lost the event ")


def test_rejected_events_are_not_expected(receiver: Path) -> None:
    assert failed(tried("picky", "newest", last="duplicates")) == set()


def test_a_sink_that_is_down_fails_once(receiver: Path) -> None:
    trials = tried("down")
    assert {name: list(trial.faults) for name, trial in trials.items()} == {
        "delivery": ["Unavailable: the receiver is down"]
    }


def test_what_is_not_there_is_refused_with_the_reason(receiver: Path) -> None:
    with pytest.raises(Broken, match="has no attribute 'nothing'"):
        tried("nothing")


def test_a_description_of_another_type_is_a_fault_that_says_what_to_return() -> None:
    with pytest.raises(TypeError, match="a dict of event keys by product id"):
        differences(history("run"), 5)


def test_the_history_has_every_kind_and_rising_keys() -> None:
    events = history("run", internal=True)
    assert {event.kind for event in events} == set(KINDS)
    newest: dict[str, str] = {}
    for event in events:
        assert event.event_key > newest.get(event.product_id, "")
        newest[event.product_id] = event.event_key
    assert len({event.id for event in events}) == len(events)
