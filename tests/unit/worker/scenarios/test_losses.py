"""Records lost before a worker read them are a gap; records lost before the first start are not.

The real worker runs over the state machine's fake stream.
"""

from tests.support.fakes.fake_shards import FakeShard
from tests.unit.worker.machine.scene import Scene


def lose(scene: Scene, *shards: FakeShard) -> None:
    """Make shards vanish with all their records."""
    for shard in shards:
        scene.world.trim(scene.world.stream.arn, shard, 0, forget=True)


def rotated(scene: Scene, *products: str) -> FakeShard:
    """End the open shard; its child receives a change of each product."""
    parent = scene.newest
    scene.world.part(0, split=False, listed=True)
    for product in products:
        scene.world.write(product)
    assert scene.newest.parent == parent.id
    return scene.newest


def down(scene: Scene) -> None:
    """Wait until all changes are audited and ended shards finished, then stop all workers."""
    scene.settled()
    scene.kill_all()


def test_a_child_that_opened_and_vanished_while_no_worker_ran_is_a_gap(scene: Scene) -> None:
    scene.start()
    scene.world.write("P1")
    scene.world.part(0, split=False, listed=False)
    down(scene)  # the root was read to its end, its child not listed yet
    assert scene.row(scene.root)["Finished"] == {"BOOL": True}
    child = scene.newest
    scene.world.write("P2")
    scene.world.stream.reveal()
    rotated(scene, "P3")
    lose(scene, scene.root, child)
    scene.start()
    scene.settled()
    assert scene.gaps() == [child.id]


def test_the_gap_is_written_once_however_often_a_worker_starts(scene: Scene) -> None:
    scene.start()
    scene.world.part(0, split=False, listed=False)
    down(scene)
    child = scene.newest
    scene.world.stream.reveal()
    rotated(scene, "P3")
    lose(scene, scene.root, child)
    for _ in range(3):
        scene.start()
        scene.run_for(700)  # the rows of vanished shards are removed in this time
        scene.kill_all()
    assert scene.gaps() == [child.id]


def test_several_lost_generations_are_one_gap(scene: Scene) -> None:
    scene.start()
    scene.world.part(0, split=False, listed=False)
    down(scene)
    scene.world.stream.reveal()
    gone = [scene.root, scene.newest, rotated(scene, "P1"), rotated(scene, "P2")]
    rotated(scene, "P3")
    lose(scene, *gone)
    scene.start()
    scene.settled()
    assert scene.gaps() == [gone[-1].id]  # no remaining shard names the others


def test_a_known_child_that_vanished_before_the_next_start_is_a_gap(scene: Scene) -> None:
    for _ in range(3):
        scene.world.write("P1")
    child = rotated(scene, "P2")
    scene.start()
    scene.run(25)  # it has discovered the shards, and the parent is not finished
    scene.kill_all()
    rotated(scene, "P3")
    lose(scene, scene.root, child)
    scene.start()
    scene.settled()
    assert child.id in scene.gaps()


def test_a_child_that_lost_its_oldest_records_unread_is_a_gap(scene: Scene) -> None:
    scene.start()
    scene.world.part(0, split=False, listed=False)
    down(scene)
    child = scene.newest
    for product in ("P1", "P2", "P3"):
        scene.world.write(product)
    scene.world.stream.reveal()
    scene.world.trim(scene.world.stream.arn, child, 2)
    for _ in range(2):
        scene.start()
        scene.settled()
        scene.kill_all()
    assert scene.gaps() == [child.id]


def test_a_child_that_lost_nothing_is_no_gap(scene: Scene) -> None:
    scene.start()
    scene.world.part(0, split=True, listed=False)
    down(scene)
    for product in ("P1", "P2", "P3"):
        scene.world.write(product)
    scene.world.stream.reveal()
    lose(scene, scene.root)  # it was read long ago
    scene.start()
    scene.settled()
    assert scene.gaps() == []


def old_stream(scene: Scene) -> FakeShard:
    """A stream that lost a shard, and part of the next, before anyone read it."""
    scene.world.write("P1")
    child = rotated(scene, "P2", "P3")
    lose(scene, scene.root)
    scene.world.trim(scene.world.stream.arn, child, 1)
    return child


def test_the_first_start_on_an_old_stream_is_no_gap(scene: Scene) -> None:
    old_stream(scene)
    scene.start()
    scene.run_for(100)
    assert scene.gaps() == []


def test_two_first_starts_together_are_no_gap(scene: Scene) -> None:
    old_stream(scene)
    rotated(scene, "P4")
    scene.start(0)
    scene.start(1)
    scene.run_for(200)
    assert scene.gaps() == []


def test_a_first_start_that_is_killed_and_repeated_is_no_gap(scene: Scene) -> None:
    old_stream(scene)
    for steps in range(20, 150, 9):
        scene.start()
        scene.run(steps)
        scene.kill_all()
        scene.run_for(15)  # until its lease is dead
    assert scene.gaps() == []


def test_records_lost_after_the_first_start_are_a_gap_even_if_nothing_was_read(
    scene: Scene,
) -> None:
    child = old_stream(scene)
    late = rotated(scene, "P4")
    rotated(scene, "P5")
    scene.start()
    scene.run(25)
    scene.kill_all()
    lose(scene, child, late)
    scene.start()
    scene.run_for(60)
    assert late.id in scene.gaps()
