"""Records lost before a worker read them are a gap; records lost before the first start are not.

The real worker runs over the state machine's fake stream.
"""

from tests.support.fakes.fake_shards import FakeShard
from tests.unit.worker.machine.scene import Scene
from worker.leasing.assignment import LEASE_TIME
from worker.sharing.cleanup import FORGET_AFTER

# Steps of a started worker after which it has discovered the shards and finished none.
UNTIL_DISCOVERED = 25
# Steps after which a first start is killed, one run each.
KILLED_AFTER = range(20, 150, 9)


def lose(scene: Scene, *shards: FakeShard) -> None:
    """Make shards vanish with all their records."""
    for shard in shards:
        scene.world.trim(scene.world.stream.arn, shard, 0, forget=True)


def rotate(scene: Scene, *products: str) -> FakeShard:
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
    rotate(scene, "P3")
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
    rotate(scene, "P3")
    lose(scene, scene.root, child)
    for _ in range(3):
        scene.start()
        scene.run_for(FORGET_AFTER + 100)  # the rows of vanished shards are removed in this time
        scene.kill_all()
    assert scene.gaps() == [child.id]


def test_several_lost_generations_are_one_gap(scene: Scene) -> None:
    scene.start()
    scene.world.part(0, split=False, listed=False)
    down(scene)
    scene.world.stream.reveal()
    child = scene.newest
    grandchild = rotate(scene, "P1")
    last_lost = rotate(scene, "P2")
    rotate(scene, "P3")
    lose(scene, scene.root, child, grandchild, last_lost)
    scene.start()
    scene.settled()
    assert scene.gaps() == [last_lost.id]  # no remaining shard names the others


def test_a_known_child_that_vanished_before_the_next_start_is_a_gap(scene: Scene) -> None:
    for _ in range(3):
        scene.world.write("P1")
    child = rotate(scene, "P2")
    scene.start()
    scene.run(UNTIL_DISCOVERED)
    scene.kill_all()
    rotate(scene, "P3")
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
    child = rotate(scene, "P2", "P3")
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
    rotate(scene, "P4")
    scene.start(0)
    scene.start(1)
    scene.run_for(200)
    assert scene.gaps() == []


def test_a_first_start_that_is_killed_and_repeated_is_no_gap(scene: Scene) -> None:
    old_stream(scene)
    for steps in KILLED_AFTER:
        scene.start()
        scene.run(steps)
        scene.kill_all()
        scene.run_for(LEASE_TIME + 5)  # until its lease is dead
    assert scene.gaps() == []


def test_records_lost_after_the_first_start_are_a_gap_even_if_nothing_was_read(
    scene: Scene,
) -> None:
    child = old_stream(scene)
    late = rotate(scene, "P4")
    rotate(scene, "P5")
    scene.start()
    scene.run(UNTIL_DISCOVERED)
    scene.kill_all()
    lose(scene, child, late)
    scene.start()
    scene.run_for(60)
    assert late.id in scene.gaps()
