"""A shard that is taken from a worker without a sign of life is counted, and told in the log."""

import logging
from collections.abc import Iterator

import pytest

from app.metrics import REGISTRY
from tests.unit.worker.machine.stage import Stage

LEASES = "app.store.leases"


@pytest.fixture
def stage(quiet: None) -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def moves() -> float:
    return REGISTRY.get_sample_value("stockpulse_lease_moves_total") or 0.0


def test_a_dead_worker_s_shard_is_taken_over_and_that_is_told(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.world.write("P1")
    first = stage.start()
    stage.run_for(20)
    before = moves()
    with caplog.at_level(logging.WARNING, LEASES):
        stage.kill(first)
        stage.start()
        stage.run_for(40)
    assert moves() == before + 1
    told = [record.getMessage() for record in caplog.records if record.name == LEASES]
    assert len(told) == 1
    assert told[0].endswith("over from worker worker-001: no sign of life")
