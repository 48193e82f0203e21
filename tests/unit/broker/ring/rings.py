"""Frames for a ring, a ring with simulated races, and a filter that counts evaluations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.broker.filters import Filter, Topic
from app.broker.frames import Frame, change_frame
from app.broker.ring import Ring
from tests.support.builders import a_cursor, an_event


@dataclass(frozen=True)
class CountingFilter(Filter):
    """A filter that records each evaluation."""

    def admits(self, topic: Any) -> bool:
        asked.append(topic)
        return super().admits(topic)


asked: list[Any] = []


class RacingRing(Ring):
    """A ring that calls a function just before the n-th access, as another thread could."""

    newest: "RacingRing"

    def __init__(self, *limits: int, **named: int) -> None:
        self._accesses_left, self._race = 0, None
        super().__init__(*limits, **named)
        RacingRing.newest = self

    def before_access(self, number: int, race: Callable[[], object]) -> None:
        """Call `race` before this access; 0 for none."""
        self._accesses_left, self._race = number, race

    def _access(self) -> None:
        self._accesses_left -= 1
        if self._accesses_left == 0 and self._race is not None:
            self._race()

    @property
    def start(self) -> int:  # type: ignore[override]
        self._access()
        return self._start

    @start.setter
    def start(self, value: int) -> None:
        self._start = value

    @property
    def end(self) -> int:  # type: ignore[override]
        self._access()
        return self._end

    @end.setter
    def end(self, value: int) -> None:
        self._end = value

    def get(self, position: int) -> Frame | None:
        self._access()
        return super().get(position)

    def position_of(self, cursor: str) -> int | None:
        self._access()
        return super().position_of(cursor)

    def cursor_before(self, position: int) -> str | None:
        self._access()
        return super().cursor_before(position)


def a_frame(number: int, cursor: str | None = None, **fields: Any) -> Frame:
    """The frame of event `number`."""
    return change_frame(cursor or str(a_cursor(number)), an_event(number, **fields), "Products")


def a_blob(number: int, size: int, cursor: str | None = None, category: str = "Kitchen") -> Frame:
    """A frame of so many bytes, for code that does not parse them."""
    topic = Topic("updated", "P1", category, None, None)
    data = b"%d;" % number
    return Frame(cursor or str(a_cursor(number)), f"e{number}", topic, data.ljust(size, b"."))


TOYS = Filter(category="Toys")


def ring_with(*categories: str, **limits: int) -> Ring:
    ring = Ring(**limits)
    add(ring, *categories)
    return ring


def add(ring: Ring, *categories: str) -> None:
    for category in categories:
        ring.append(a_blob(ring.end, 0, category=category))


def numbers(data: bytes) -> list[int]:
    return [int(word) for word in data.replace(b".", b"").split(b";")[:-1]]
