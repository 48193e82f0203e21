"""A shard is the worker's who holds its lease; what that worker writes is conditional on it."""

from dataclasses import dataclass
from typing import Any, Protocol


class LeaseLost(Exception):
    """Another worker has the shard now: what is under way here must leave no trace."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A take of a shard: by which worker (`owner`), and which take of this shard it is."""

    consumer: str
    stream_arn: str
    shard_id: str
    owner: str
    counter: int


class Hold(Protocol):
    """What the pipeline needs to know of the lease that a page was read under."""

    def check(self) -> None:
        """Return while the lease is held, by a read of its row.

        Raises:
            LeaseLost: it is another's.
            StoreUnavailable: that cannot be known now.

        """

    def condition(self) -> dict[str, Any] | None:
        """An action of `TransactWriteItems` that fails once it is lost; None for no lease."""


class Unleased:
    """The hold of a host whose shards are given to it by another: Lambda, a past that is told."""

    def check(self) -> None:
        """Nothing can be lost."""

    def condition(self) -> dict[str, Any] | None:
        """Nothing to hold on to."""
        return None
