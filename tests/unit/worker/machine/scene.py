"""A stage for stories of one stream, with words for what its checkpoints and gaps say."""

from tests.support.fakes.fake_shards import FakeShard
from tests.unit.worker.machine.checks.ledger import CHECKPOINTS
from tests.unit.worker.machine.stage import Stage


class Scene(Stage):
    """A stage with words for one stream and what its checkpoints and gaps say."""

    def settled(self) -> None:
        """Every change is audited and published, parked, or told of as a gap."""
        self.run_for(40)
        assert self.world.ledger.unsettled() == []

    def kill_all(self) -> None:
        """Every worker is killed."""
        for life in self.lives:
            self.world.hub.kill(life.process)

    @property
    def root(self) -> FakeShard:
        """The stream's first shard."""
        return next(iter(self.world.stream.shards.values()))

    @property
    def newest(self) -> FakeShard:
        """The stream's last shard."""
        return list(self.world.stream.shards.values())[-1]

    def row(self, shard: FakeShard) -> dict[str, dict[str, object]]:
        """The shard's checkpoint."""
        return self.world.tables.rows[CHECKPOINTS][
            "stockpulse", f"{self.world.stream.arn} {shard.id}"
        ]

    def gaps(self) -> list[str]:
        """What gaps are about."""
        return [about.removeprefix("\0shard#") for about, _ in self.world.ledger.notes.gaps()]
