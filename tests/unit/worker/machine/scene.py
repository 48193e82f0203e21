"""A stage for scenarios on one stream, with shorthands for its shards, checkpoints and gaps."""

from tests.support.fakes.fake_shards import FakeShard
from tests.unit.worker.machine.checks.ledger import CHECKPOINTS
from tests.unit.worker.machine.stage import Stage


class Scene(Stage):
    """A stage with shorthands for one stream's shards, checkpoints and gaps."""

    def settled(self) -> None:
        """Assert that each change is audited and published, dead-lettered, or covered by a gap."""
        self.run_for(40)
        assert self.world.ledger.unsettled() == []

    def kill_all(self) -> None:
        """Kill every worker."""
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
        """The shard or product id of each gap."""
        return [about.removeprefix("\0shard#") for about, _ in self.world.ledger.notes.gaps()]
