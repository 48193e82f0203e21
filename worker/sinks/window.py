"""What a sink has yet to take: one product in order, different ones at once, so many and no more.

Pure: no threads, no clock. A product's records form a chain; at most one turn at a chain is
under way, be it a delivery or a parking.
"""

import heapq
from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Chain(Generic[T]):
    """One product's records, the oldest first."""

    items: deque[T] = field(default_factory=deque)
    delivering: bool = False  # the first item
    parking: bool = False
    claim: str | None = None  # the first item is parked though its delivery goes on


class Window(Generic[T]):
    """Chains by product, and whose turn it is."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._chains: dict[Hashable, Chain[T]] = {}
        self._turns: list[tuple[float, int, Hashable]] = []
        self._number = count()
        self.held = 0

    def add(self, product: Hashable, item: T, now: float) -> bool:
        """Take an item in; False where there is no room."""
        if self.held >= self._size:
            return False
        chain = self._chains.get(product)
        if chain is None:
            chain = self._chains[product] = Chain()
            self._ready(product, now)
        chain.items.append(item)
        self.held += 1
        return True

    def next(self, now: float) -> tuple[Hashable, T] | None:
        """The first item of a chain whose turn has come; the chain is busy until told otherwise."""
        while self._turns and self._turns[0][0] <= now:
            _, _, product = heapq.heappop(self._turns)
            chain = self._chains.get(product)
            if chain is not None and chain.items and not (chain.delivering or chain.parking):
                chain.delivering = True
                return product, chain.items[0]
        return None

    def wait(self, now: float) -> float | None:
        """Seconds until the next turn; None where there is none."""
        return max(0.0, self._turns[0][0] - now) if self._turns else None

    def is_parking(self, products: Iterable[Hashable]) -> bool:
        """Whether a parking of one of these is under way."""
        return any(p in self._chains and self._chains[p].parking for p in products)

    def again(self, product: Hashable, when: float) -> None:
        """The delivery failed; its chain has its next turn then."""
        if product in self._chains:
            self._chains[product].delivering = False
            self._ready(product, when)

    def done(self, product: Hashable, now: float) -> None:
        """The first item is dealt with."""
        chain = self._chains[product]
        chain.delivering, chain.claim = False, None
        chain.items.popleft()
        self.held -= 1
        self._go_on(product, chain, now)

    def claim_of(self, product: Hashable) -> str | None:
        """The claim under which the item that is being delivered was parked, if it was."""
        return self._chains[product].claim

    def park(self, product: Hashable) -> list[T]:
        """Begin to park all of a chain, whose turn it is."""
        chain = self._chains[product]
        chain.parking = True
        return list(chain.items)

    def overtake(self, product: Hashable, claim: str) -> tuple[list[T], bool]:
        """Begin to park all of a chain from outside, and whether its first is being delivered.

        If it is, it stays the chain's first item, under the claim, until its delivery ends.
        """
        chain = self._chains.setdefault(product, Chain())
        chain.parking = True
        items = list(chain.items)
        if not chain.delivering:
            return items, False
        if chain.claim is not None:  # parked before: the lane is claimed already
            return items[1:], False
        chain.claim = claim
        return items, True

    def parked(self, product: Hashable, count: int, now: float) -> None:
        """So many items are parked, the one in delivery aside, and the chain goes on."""
        chain = self._chains[product]
        chain.parking = False
        kept = [chain.items.popleft()] if chain.claim is not None else []
        for _ in range(count):
            chain.items.popleft()
        self.held -= count
        chain.items.extendleft(kept)
        if chain.claim is None:
            chain.delivering = False
            self._go_on(product, chain, now)

    def not_parked(self, product: Hashable, claim: str | None = None) -> None:
        """The parking failed: the chain is as before, but for what `claim` was for."""
        chain = self._chains[product]
        chain.parking = False
        if claim is not None and chain.claim == claim:
            chain.claim = None

    def _go_on(self, product: Hashable, chain: Chain[T], now: float) -> None:
        if chain.items:
            self._ready(product, now)
        elif not chain.parking:
            del self._chains[product]

    def _ready(self, product: Hashable, when: float) -> None:
        heapq.heappush(self._turns, (when, next(self._number), product))
