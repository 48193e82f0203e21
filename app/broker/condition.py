"""Whether pages may be out of date, and when each hop last proved that it works."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# live: each hop has proved itself within seconds. behind: changes are read late. unproven: nothing
# is known to be wrong, but only the next change can show that changes are read (at the start, and
# on Lambda). stale: a hop does not work, so newer changes may be missing.
State = Literal["live", "behind", "unproven", "stale"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What heartbeats and the System page say; `seen`: each hop's last proof of life, if any.

    `since`: while stale, when every hop last worked. `lag`: seconds for which a change waits to be
    read, at least. `part` is what is wrong with a part of this process; empty if nothing is.
    """

    state: State = "live"
    says: str = "All is well."
    since: datetime | None = None
    lag: float = 0.0
    part: str = ""
    seen: Mapping[str, datetime | None] = field(default_factory=dict)
