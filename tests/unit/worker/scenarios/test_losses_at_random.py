"""A stream loses records, oldest first, while no worker runs: each change is audited or in a gap.

And each gap stands for a real loss. The real worker runs over the state machine's fake stream.
"""

import os
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fakes.fake_shards import FakeShard
from tests.unit.worker.machine.scene import Scene
from tests.unit.worker.machine.world import PRODUCTS_KNOWN

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


@dataclass(frozen=True)
class Night:
    """What happens while no worker runs."""

    parts: list[tuple[int, bool]]  # which open shard ends, and whether it splits
    writes: list[str]  # products, written before and after each of these
    vanish: int  # how many of the oldest ended shards vanish
    trim: int  # how many records the next shard loses
    late_child: bool  # before the night, a shard was read to its end whose child was not listed yet


nights = st.builds(
    Night,
    st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=4),
    st.lists(st.sampled_from(PRODUCTS_KNOWN), max_size=6),
    st.integers(0, 8),
    st.integers(0, 4),
    st.booleans(),
)


def pass_(scene: Scene, night: Night) -> set[str]:
    """Apply a night; return the names of the shards that lost records."""
    for choose, split in [*night.parts, (-1, False)]:
        for product in night.writes:
            scene.world.write(product)
        if choose >= 0:
            scene.world.part(choose, split=split, listed=True)
    there = [shard for shard in scene.world.stream.shards.values() if not shard.gone]
    vanishing = there[: night.vanish]
    gone = [shard for shard in vanishing if not shard.open]
    lose(scene, gone)
    left = [shard for shard in there if not shard.gone]
    scene.world.trim(scene.world.stream.arn, left[0], left[0].trimmed + night.trim)
    return {shard.id for shard in [*gone, left[0]] if shard.gone or shard.trimmed}


def lose(scene: Scene, shards: list[FakeShard]) -> None:
    for shard in shards:
        scene.world.trim(scene.world.stream.arn, shard, 0, forget=True)


@settings(
    max_examples=settings().max_examples if LONG else 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixture may be shared
)
@given(st.lists(nights, min_size=1, max_size=3))
def test_every_loss_is_reported_and_every_report_is_a_loss(
    quiet: None, nights: list[Night]
) -> None:
    scene, lossy = Scene(), set[str]()
    try:
        scene.start()
        scene.world.write("P1")
        scene.run_for(90)
        for night in nights:
            if night.late_child:
                scene.world.part(0, split=False, listed=False)
                scene.settled()
            scene.kill_all()
            scene.world.stream.reveal()
            lossy |= pass_(scene, night)
            scene.start()
            scene.settled()
        of_shards = {name for name in scene.gaps() if name not in PRODUCTS_KNOWN}
        assert of_shards <= lossy
    finally:
        scene.close()
