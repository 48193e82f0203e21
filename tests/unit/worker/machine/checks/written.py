"""One change by a writer, and what the workers have done with it."""

from dataclasses import dataclass, field

from tests.support.fakes.fake_shards import FakeShard

Ref = tuple[str, str]  # product id, event key


@dataclass(eq=False)
class Written:
    """A change by a writer, and what the workers have done with it."""

    ref: Ref
    number: int
    place: int  # index among the changes of its product
    arn: str
    shard: FakeShard
    audited: bool = False
    published: bool = False
    parked: bool = False  # a dead letter of the audit
    lost: bool = False  # trimmed before it was audited: only a gap can cover it
    unbegun: bool = False  # lost before its shard had a position: only a comparison can find it
    under: tuple[str, str] | None = None  # the lease under which it was first audited, if any
    # Earlier changes of the product in the same batch that were not audited yet when this one was.
    ahead_of: "list[Written]" = field(default_factory=list)
    late: bool = False  # published with a stamp that a resume does not reach back to

    @property
    def settled(self) -> bool:
        return self.parked or self.lost or (self.audited and self.published)

    @property
    def done(self) -> bool:
        """Whether the stream worker has nothing left to do for it.

        A record that was trimmed can come late, from a worker that slept in its publish call.
        Nobody can publish it again; web processes have found its feed row by then.
        """
        return self.settled and (self.lost or not self.late)

    @property
    def durable(self) -> bool:
        return self.parked or self.lost or self.audited
