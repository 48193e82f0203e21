"""A worker that takes a shard raises its clock first, and logs whose shard it was."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from app.observability.metrics import REGISTRY
from tests.unit.worker.machine.checks.ledger import CHECKPOINTS
from tests.unit.worker.machine.stage import Stage

LEASES = "app.store.coordination.leases"


@pytest.fixture
def stage(quiet: None) -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def moves() -> float:
    return REGISTRY.get_sample_value("stockpulse_lease_moves_total") or 0.0


def test_leases_taken_over_from_a_dead_worker_are_counted_and_logged(
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
    logged = [record.getMessage() for record in caplog.records if record.name == LEASES]
    assert moves() == before + len(logged)
    assert all(line.endswith("from worker-001, whose lease expired") for line in logged)
    assert sum(line.startswith("took over shardId-") for line in logged) == 1


def test_a_worker_that_takes_a_shard_raises_the_shared_clock_before_reading_it(
    stage: Stage,
) -> None:
    """So a product's stamps increase from one owner of its shard to the next."""
    seen: list[tuple[str, str]] = []

    def watch(table: str, before: Any, after: Any) -> None:
        if table != CHECKPOINTS or after is None:
            return
        shard, taken = after["Shard"]["S"], after.get("Counter") != (before or {}).get("Counter")
        if shard == "~clock":
            seen.append(("raised the clock", stage.world.ledger.caller()))
        elif shard.startswith("arn:") and taken:
            seen.append(("took a shard", stage.world.ledger.caller()))

    stage.world.tables.watchers.append(watch)
    first = stage.start()
    stage.run_for(200)  # nothing is written, so nothing is stamped
    stage.kill(first)
    second = stage.start()
    stage.run_for(40)
    expected = [(what, life.name) for life in (first, second)
                for what in ("took a shard", "raised the clock")]  # fmt: skip
    assert seen == expected
