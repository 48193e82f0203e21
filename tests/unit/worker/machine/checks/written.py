"""One change that a writer made, and what has become of it."""

from dataclasses import dataclass

from tests.support.fakes.fake_shards import FakeShard

Ref = tuple[str, str]  # product id, event key


@dataclass(eq=False)
class Written:
    """A change that a writer made, and what has become of it."""

    ref: Ref
    number: int
    place: int  # among the changes of its product
    arn: str
    shard: FakeShard
    audited: bool = False
    published: bool = False
    parked: bool = False
    lost: bool = False  # trimmed before it was audited: only a gap can tell of it
    unbegun: bool = False  # and its shard had no position then: only a comparison can
    under: tuple[str, str] | None = None  # the lease that it was first audited under, if any
    late: bool = False  # went out with a stamp that no resume reads back to

    @property
    def settled(self) -> bool:
        return self.parked or self.lost or (self.audited and self.published)

    @property
    def done(self) -> bool:
        """Whether nothing remains to be done for it in the stream."""
        return self.settled and not self.late

    @property
    def durable(self) -> bool:
        return self.parked or self.lost or self.audited
