"""The six hops of a change have measured lags, and agree with the condition of all pages."""

import pytest

from app.store.coordination.shard_state import ShardState, WorkerProof
from app.web.system.health_checks import findings
from app.web.system.hops import Hop, hops
from app.web.system.state import SystemState
from tests.unit.web.system.system_states import (
    a_state,
    live,
    reading,
    row,
    stored,
    vitals,
    worker,
)

TIMES = {"arrived": 0.31, "stored": 0.014, "published": 0.002}


def way(state: SystemState) -> dict[str, Hop]:
    return {hop.id: hop for hop in hops(state)}


def lags(state: SystemState) -> list[float | None]:
    return [hop.lag for hop in hops(state)]


def marks(state: SystemState) -> dict[str, str]:
    return {hop.id: hop.mark for hop in hops(state) if hop.mark}


def test_each_arrow_has_what_the_newest_change_took() -> None:
    state = a_state(live=live(shards=[reading(**TIMES)], write_took=0.02, sent_after=0.004))
    assert lags(state) == [None, 0.02, 0.31, 0.014, 0.002, 0.004]
    shown = [hop.took for hop in hops(state)]
    assert shown == ["", "< 0.1 s", "0.3 s", "< 0.1 s", "< 0.1 s", "< 0.1 s"]
    assert [hop.name for hop in hops(state)] == [
        "Write",
        "Table",
        "Worker",
        "Audit",
        "Live feed",
        "Screens",
    ]


def test_the_slowest_shard_counts() -> None:
    slow = ShardState("s2", arrived=2.0, stored=0.001)
    assert way(a_state(live=live(shards=[reading(**TIMES), slow])))["worker"].lag == 2.0
    assert way(a_state(live=live(shards=[slow, reading(**TIMES)])))["audit"].lag == 0.014


def test_an_arrow_without_a_figure_says_why() -> None:
    quiet = way(a_state())
    assert quiet["worker"].why == "no change since the start"
    assert quiet["screens"].why == "no change was sent to a screen yet"
    assert quiet["stream"].why == "no change was made through this server yet"


def test_workers_elsewhere_report_what_they_measured_while_they_are_alive() -> None:
    rows = [row("w1", shards=[reading(**TIMES)]), row("w2", shards=[reading(arrived=99.0)])]
    state = a_state(
        live=live(shards=None, broker_kind="Redis"),
        stored=stored(workers=rows),
        workers=[worker("w1"), worker("w2", silent=40.0)],
    )
    assert way(state)["worker"].lag == 0.31
    assert way(state)["feed"].note == "through Redis"


def test_on_lambda_this_process_measures_what_the_functions_take() -> None:
    seen = vitals(workers=[WorkerProof(age=1.0)], on_lambda=True)
    state = a_state(live=live(vitals=seen, shards=None, delays=(1.2, 0.3), sent_after=0.0))
    assert lags(state) == [None, None, 1.2, None, 0.3, 0.0]
    assert way(state)["worker"].note == "a Lambda function"
    assert way(state)["audit"].why == "measured with the next step"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"parts": {"engine": "does not answer"}}, {"stream": "bad"}),
        ({"parts": {"broker": "Redis is not available"}}, {"feed": "bad"}),
        ({"parts": {"web": "all threads are busy"}}, {"screens": "bad"}),
        ({"parts": {"worker": "it hangs"}}, {"worker": "bad"}),
        ({"workers": []}, {"worker": "bad"}),
        ({"workers": [WorkerProof(behind=40.0)]}, {"worker": "late"}),
        ({}, {}),
    ],
)
def test_the_hop_that_fails_is_marked(given: dict[str, object], expected: dict[str, str]) -> None:
    assert marks(a_state(live=live(vitals=vitals(**given)))) == expected


def test_a_change_that_waits_is_the_lag_of_the_worker() -> None:
    behind = vitals(workers=[WorkerProof(behind=40.0)])
    assert way(a_state(live=live(vitals=behind, shards=[reading(**TIMES)])))["worker"].lag == 40.0


def test_a_throttled_worker_says_to_raise_the_capacity_or_wait() -> None:
    problem = "shard s1 has made no progress for 6 s: DynamoDB is throttling requests: raise the "
    problem += "capacity or wait."
    state = a_state(live=live(vitals=vitals(workers=[WorkerProof(problem=problem)])))
    assert marks(state) == {"worker": "bad"}
    (finding,) = findings(state)
    assert finding.what.endswith("raise the capacity or wait.")
    assert finding.remedy.startswith("Nothing is lost")
