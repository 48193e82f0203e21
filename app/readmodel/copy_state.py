"""How complete the copy is."""

from dataclasses import dataclass

from app.core.errors import StockpulseError

LATE = 15.0  # seconds of lag from which a list says that it may be old


@dataclass(frozen=True, slots=True)
class Filling:
    """Whether all is copied, and how much of about how much (None: not known) this process read."""

    filled: bool
    scanned: int
    expected: int | None


@dataclass(frozen=True, slots=True)
class CopyState:
    """How complete the copy is.

    `filled`: it has every product, and has had every event since the process started. `scanned` and
    `expected` (None: not known): the items that this process has read for it, and the table's.
    `events`: the same of the events. `lag`: for how many seconds it may have lacked an event.
    `trouble`: why it does not follow now, empty if it does.
    """

    filled: bool
    scanned: int
    expected: int | None
    events: Filling
    lag: float
    trouble: str

    @property
    def is_late(self) -> bool:
        """Whether a list may lack changes that a reader would expect in it."""
        return self.filled and self.lag > LATE


class ReadModelFilling(StockpulseError):
    """The read model is not filled yet; lists with filters have to wait."""

    status = 503
    code = "read-model-filling"
    title = "The read model is still being filled"


def filling(what: str, scanned: int, expected: int | None) -> ReadModelFilling:
    """The error that says how far the fill is."""
    of_about = f" of about {expected}" if expected else ""
    return ReadModelFilling(
        f"The server is still reading the {what}: {scanned}{of_about} since it started. Try "
        "again in a moment.",
        headers={"Retry-After": "5"},
    )
