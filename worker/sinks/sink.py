"""A sink is a name and a function: it accepts an event by returning, and refuses it by raising.

A delivery can come more than once, and after a fault an older one once more: a sink that
holds state applies only a greater event key per product.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.events import ChangeEvent
from app.store.leases import Hold, LeaseLost
from app.store.letters import AUDIT, Letter, State

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")

Deliver = Callable[[ChangeEvent], None]

# Seconds since the last look at a shard's lease after which a delivery looks again. Short: a
# worker that lost the shard unawares must not deliver beside the next one for long.
HOLD_LIFE = 1.0


@dataclass(frozen=True, slots=True)
class Sink:
    """An optional sink: whatever it does, audit, feed and broker go on."""

    name: str
    deliver: Deliver

    def __post_init__(self) -> None:
        if self.name == AUDIT or not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be a sink's name")


class Taken(NamedTuple):
    """An event that is audited and published, and the record that told of it."""

    event: ChangeEvent
    record: Any


@dataclass(slots=True)
class Holding:
    """A shard's hold as sinks see it: whether it was lost, and when it was last sure.

    `lost` is set once, by whoever finds it out or lets the shard go: no delivery begins after it.
    """

    hold: Hold
    lost: bool = False
    sure_at: float = field(default_factory=time.monotonic)

    def renew(self, now: float) -> None:
        """Look at the lease again if the last look is long ago.

        Raises:
            LeaseLost: the shard is another's, or nobody's.
            StoreUnavailable: that cannot be known now.

        """
        if not self.lost and now - self.sure_at > HOLD_LIFE:
            self.hold.check()
            self.sure_at = now
        if self.lost:
            raise LeaseLost


def letter_for(
    sink: str,
    taken: Taken,
    stream_arn: str,
    *,
    error: str = "",
    attempts: int = 0,
    state: State = "waiting",
) -> Letter:
    """The letter of a record that a sink does not get now."""
    return Letter(
        sink=sink,
        product_id=taken.event.product_id,
        event_key=taken.event.event_key,
        record=taken.record,
        stream_arn=stream_arn,
        error=error or "waits behind an earlier record of its product",
        attempts=attempts,
        state=state,
    )


def said(error: BaseException) -> str:
    """A failure in words."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
