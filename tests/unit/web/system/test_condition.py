"""Pages are "live" only while every hop has proved itself, and the System page says the same."""

from datetime import timedelta
from typing import Any

import pytest

from app.store.coordination.shard_state import WorkerProof
from app.web.system.condition import condition_of
from app.web.system.health_checks import findings, headline
from app.web.system.state import Vitals
from tests.unit.web.system.system_states import NOW, a_state, live, vitals

EARLIER = NOW - timedelta(minutes=2)
STALE = [
    (vitals(parts={"engine": "the engine does not answer"}), "Engine: the engine does not answer."),
    (vitals(workers=[]), "No worker is running, so changes are not read."),
    (vitals(workers=[WorkerProof(age=6.0)]), "A worker has not been heard of for 6 s."),
    (vitals(workers=[WorkerProof(), WorkerProof(problem="it hangs")]), "Worker: it hangs."),
    (
        vitals(workers=[WorkerProof(age=9.0)], on_lambda=True),
        "Database: DynamoDB has not answered for 9 s.",
    ),
]
OTHERS: list[tuple[Vitals, str, str]] = [
    (vitals(), "live", "All is well"),
    (vitals(workers=[WorkerProof(behind=40.0)]), "behind", "Working, but changes appear 40 s late"),
    (vitals(workers=None), "unproven", "Checking whether a worker is running"),
    (vitals(workers=[WorkerProof(age=4.0)], on_lambda=True), "unproven", "No problem is known"),
]


@pytest.mark.parametrize(("found", "says"), STALE)
def test_hop_without_a_proof_makes_pages_stale_since_they_were_last_fine(
    found: Vitals, says: str
) -> None:
    condition = condition_of(found, NOW, EARLIER)
    assert (condition.state, condition.says, condition.since) == ("stale", says, EARLIER)
    state = a_state(live=live(vitals=found))
    assert headline(state, findings(state)) == "Stockpulse is not working."
    assert findings(state)[0].what == says


@pytest.mark.parametrize(("found", "state", "head"), OTHERS)
def test_headline_agrees_with_the_state(found: Vitals, state: str, head: str) -> None:
    condition = condition_of(found, NOW, EARLIER)
    assert (condition.state, condition.since) == (state, None)
    shown = a_state(live=live(vitals=found))
    assert headline(shown, findings(shown)).startswith(head)
    assert not any(finding.bad for finding in findings(shown))


def test_slow_store_is_lag_and_not_an_outage() -> None:
    condition = condition_of(vitals(workers=[WorkerProof(silent=4.0, answer=1.5)]), NOW, EARLIER)
    assert (condition.state, condition.lag) == ("live", 1.5)


def test_each_hop_has_the_time_of_its_last_proof() -> None:
    workers = [WorkerProof(silent=0.5, age=0.5), WorkerProof(silent=2.0, age=1.0)]
    seen: dict[str, Any] = dict(condition_of(vitals(workers=workers), NOW, EARLIER).seen)
    ago = {hop: (NOW - at).total_seconds() for hop, at in seen.items()}
    assert ago == {"web": 0.0, "store": 1.0, "worker": 3.0}
    unknown = condition_of(vitals(workers=None), NOW, EARLIER).seen
    assert (unknown["store"], unknown["worker"]) == (None, None)
