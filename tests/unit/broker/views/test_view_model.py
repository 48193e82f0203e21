"""With any frames and any readers, a view behaves as its model."""

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.broker.filters import EVERYTHING, Filter
from app.broker.ring import Ring
from app.broker.views import FrameEvicted, View
from tests.unit.broker.ring.rings import TOYS, add, numbers


@dataclass
class Reader:
    """One subscriber: the positions it should get, and those it got."""

    position: int
    wanted: list[int]
    got: list[int] = field(default_factory=list)
    lost: bool = False

    def read(self, view: View) -> bool:
        """Read a chunk as a subscription does; returns whether there was one."""
        if self.lost:
            return False
        try:
            data, self.position = view.chunk(self.position)
        except FrameEvicted:
            self.lost = True
            return False
        self.got += numbers(data)
        return bool(data)


class Model:
    """A small ring with one view, its readers, and all positions that the filter admits."""

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.ring = Ring(max_events=4)
        self.view = View(self.ring, wanted, 0)
        self.admitted: list[int] = []
        self.readers: list[Reader] = []

    def publish(self, category: str) -> None:
        """Append a frame as another thread does, without advancing the view."""
        if self.wanted in {EVERYTHING, Filter(category=category)}:
            self.admitted.append(self.ring.end)
            for reader in self.readers:
                reader.wanted.append(self.ring.end)
        add(self.ring, category)

    def join(self, start: int) -> None:
        self.view.reach_back(start)
        self.view.advance()
        self.readers.append(Reader(start, [n for n in self.admitted if n >= start]))

    def check(self, reader: Reader) -> None:
        """It got everything it wanted, or the beginning of it and then an error."""
        while reader.read(self.view):
            pass
        if reader.lost:
            assert reader.got == reader.wanted[: len(reader.got)]
            assert reader.position < self.ring.start
        else:
            assert reader.got == reader.wanted


steps = st.lists(
    st.sampled_from(["toys", "pots", "advance", "join", "back", "read"]), min_size=15, max_size=40
)


@pytest.mark.parametrize("wanted", [EVERYTHING, TOYS], ids=["everything", "filtered"])
@given(steps=steps, seed=st.integers())
def test_every_reader_gets_all_its_frames_in_order_or_an_error(
    wanted: Filter, steps: list[str], seed: int
) -> None:
    model, chance = Model(wanted), Random(seed)
    for step in steps:
        match step:
            case "toys" | "pots":
                for _ in range(chance.randint(1, 3)):
                    model.publish("Toys" if step == "toys" else "Kitchen")
            case "advance":
                model.view.advance()
            case "join":
                model.join(model.ring.end)
            case "back":
                model.join(chance.randint(model.ring.start, model.ring.end))
            case "read" if model.readers:
                chance.choice(model.readers).read(model.view)
    model.view.advance()
    for reader in model.readers:
        model.check(reader)
