"""What a draft and its lines are, and what a line does to the stock. Pure.

A line never sets a stock. It keeps the quantity that was booked when the product was counted, and
adds the difference to whatever is booked when it is committed: what was sold in between stays sold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from app.core.events import Reason
from app.core.numbers import difference, multiplied, quantity, total

Mode = Literal["count", "receive", "sell", "write-off"]
MODES: tuple[Mode, ...] = get_args(Mode)

# open: lines are added · committing, undoing: it has begun, and whoever opens it can go on ·
# discarded: its lines are deleted; its row stays for a while, so that no late scan begins it again
State = Literal["open", "committing", "done", "undoing", "undone", "discarded"]

# The reasons that fit a mode; the first is the default.
REASONS: dict[Mode, tuple[Reason, ...]] = {
    "count": ("counted",),
    "receive": ("received", "returned", "found"),
    "sell": ("sold",),
    "write-off": ("damaged", "lost"),
}

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A stock-take, delivery, sale or write-off, until it is committed and after it.

    `lines` counts its lines. `commit` is the beginning of the request ids of its writes, and `run`
    counts how often a commit or an undo was begun. Times are RFC 3339 in UTC.
    """

    id: str
    name: str
    mode: Mode
    state: State = "open"
    lines: int = 0
    created_by: str = ""
    created_at: str = ""
    changed_by: str = ""
    changed_at: str = ""
    commit: str = ""
    run: int = 0
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether lines can be added and changed."""
        return self.state == "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A product in a draft.

    `book` is the quantity that was booked when it was counted (None: no number), `cursor` the
    feed's newest change then, and `last_count` the time of the product's last recorded count then.
    `late`: it was counted without network, and `book` is from when the count arrived. `request` is
    the id of the write that committed it. `failed` says why run number `failed_run` could not write
    it, or take it back.
    """

    product_id: str
    name: str
    unit: str | None = None
    price: Decimal | None = None
    amount: Decimal
    reason: Reason
    book: Decimal | None
    cursor: str
    last_count: str = ""
    late: bool = False
    actor: str
    at: str
    version: int = 1
    request: str = ""
    failed: str = ""
    failed_run: int = 0
    undone: bool = False

    def changes(self, mode: Mode) -> Decimal:
        """By how much a commit changes the stock."""
        if mode == "count":
            return difference(self.amount, self.book or _ZERO)
        return self.amount if mode == "receive" else -self.amount

    def alters(self, mode: Mode) -> bool:
        """Whether a commit changes the stock."""
        return self.book is None or self.changes(mode) != 0

    def value(self, mode: Mode) -> Decimal | None:
        """What that is worth at the product's price; None without one."""
        return None if self.price is None else multiplied(self.changes(mode), self.price)

    def moved(self, now: Decimal | None) -> Decimal | None:
        """By how much the stock has changed since the line was counted; None if it has not."""
        if self.request or now is None or self.book is None or now == self.book:
            return None
        return difference(now, self.book)

    def note(self, mode: Mode) -> str | None:
        """What the event of the commit says."""
        if mode != "count":
            return None
        counted = quantity(self.amount, self.unit)
        if self.book is None:
            return f"counted {counted}, no number was booked"
        if self.amount == self.book:
            return f"counted {counted}, as booked"
        return f"counted {counted}, booked {quantity(self.book, self.unit)}"


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the lines of a draft; `unpriced` counts the differences without a price."""

    lines: int
    differing: int
    plus: Decimal
    minus: Decimal
    value: Decimal
    unpriced: int
    committed: int
    failed: int


def totals(lines: Sequence[Line], mode: Mode) -> Totals:
    """The sums over these lines."""
    plus = minus = value = _ZERO
    differing = unpriced = 0
    for line in lines:
        change = line.changes(mode)
        if not change:
            continue
        differing += 1
        plus, minus = (total(plus, change), minus) if change > 0 else (plus, total(minus, change))
        worth = line.value(mode)
        unpriced += worth is None
        value = total(value, worth or _ZERO)
    return Totals(
        len(lines),
        differing,
        plus,
        minus,
        value,
        unpriced,
        sum(bool(line.request) for line in lines),
        sum(bool(line.failed) for line in lines),
    )


def to_commit(lines: Sequence[Line], run: int) -> list[Line]:
    """The lines that a run has still to write, oldest first."""
    waiting = [line for line in lines if not line.request and line.failed_run < run]
    return sorted(waiting, key=lambda line: line.at)


def to_undo(lines: Sequence[Line], mode: Mode, run: int) -> list[Line]:
    """The lines that a run has still to take back; what was as booked changed nothing."""
    return [
        line
        for line in lines
        if line.request and line.alters(mode) and not line.undone and line.failed_run < run
    ]
