"""Records that can no longer be read are reported as a gap, by the real worker on a fake stream."""

import pytest

from tests.support.fakes.fake_errors import fault
from tests.unit.worker.machine.scene import Scene


def test_records_trimmed_after_a_position_are_reported_once(scene: Scene) -> None:
    scene.world.write("P1")
    scene.start()
    scene.settled()
    scene.kill_all()
    scene.world.write("P2")
    scene.world.write("P3")
    scene.world.trim(scene.world.stream.arn, scene.root, 2)
    scene.start()
    scene.settled()
    assert set(scene.gaps()) == {scene.root.id}


def test_a_trim_error_without_a_position_is_no_gap(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, claims = scene.world.streams.get_records, iter(range(2))

    def spurious(**request: object) -> object:
        for _ in claims:
            raise fault("TrimmedDataAccessException")
        return right(**request)  # type: ignore[arg-type]

    monkeypatch.setattr(scene.world.streams, "get_records", spurious)
    scene.world.write("P1")
    scene.start()
    scene.settled()
    assert scene.gaps() == []


def test_a_vanished_unfinished_shard_is_a_gap_and_its_child_is_read(scene: Scene) -> None:
    scene.world.write("P1")
    scene.start()
    scene.settled()
    scene.kill_all()
    scene.world.write("P2")
    root = scene.root
    scene.world.part(0, split=False, listed=True)
    scene.world.write("P3")
    scene.world.trim(scene.world.stream.arn, root, 0, forget=True)
    scene.start()
    scene.settled()
    assert set(scene.gaps()) == {root.id}


def test_the_old_stream_is_drained_before_the_new_one_and_a_gap_is_marked(scene: Scene) -> None:
    scene.world.write("P1")
    scene.start()
    scene.settled()
    scene.kill_all()
    scene.world.write("P1")
    scene.world.recreate()
    scene.world.write("P1")
    scene.start()
    scene.settled()
    assert scene.world.ledger.unreported_streams() == []
    assert scene.gaps() == ["stream"]


def test_a_worker_that_stops_while_it_cannot_publish_a_gap_ends_cleanly(
    scene: Scene,
) -> None:
    life = scene.start()
    scene.world.write("P1")
    scene.settled()
    for _ in range(1000):
        life.wire.arm("error", 0, "publish")
    scene.world.recreate()
    scene.run_for(20)
    assert scene.gaps() == ["stream"], "the gap is written, and its publication is retried"
    life.stop()
    scene.run_for(60)
    assert life.over
