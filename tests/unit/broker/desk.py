"""A desk is a ring, a view and a pulse without a broker, and clients that subscribe to them."""

from typing import Any

from app.broker.backfill import Portion
from app.broker.filters import EVERYTHING, Filter
from app.broker.frames import Frame, signal
from app.broker.ring import Ring
from app.broker.subscription import Pulse, Subscription
from app.broker.views import View
from tests.support.builders import a_cursor
from tests.unit.broker.kit import Client, messages


class Desk:
    """A ring, a view and a pulse, and subscriptions to them."""

    def __init__(self, wanted: Filter = EVERYTHING, ring: type[Ring] = Ring, **limits: int) -> None:
        self.ring = ring(**limits)
        self.view = View(self.ring, wanted, 0)
        self.pulse = Pulse()
        self.fallen = 0

    def add(self, *frames: Frame) -> None:
        for frame in frames:
            self.ring.append(frame)
        if self.view.advance():
            self.view.wake()

    def race(self, access: int, *frames: Frame) -> None:
        """Append these just before the n-th access to the ring, as another thread could."""
        self.ring.before_access(access, lambda: [self.ring.append(frame) for frame in frames])  # type: ignore[attr-defined]

    @property
    def in_ring(self) -> set[int]:
        """The numbers of the events that the ring holds."""
        held = (self.ring.get(place) for place in range(self.ring.start, self.ring.end))
        return {message.number for frame in held if frame for message in messages(frame.data)}

    def beat(self, count: int = 1) -> None:
        self.pulse.beats += count
        self.view.wake()

    def subscription(self, **fields: Any) -> Subscription:
        def fell_out() -> None:
            self.fallen += 1

        values: dict[str, Any] = {
            "ring": self.ring,
            "view": self.view,
            "pulse": self.pulse,
            "position": self.ring.end,
            "opening": [signal("hello", str(a_cursor(0)), {})],
            "wanted": EVERYTHING,
            "missed": None,
            "more": _no_more,
            "heartbeat": lambda cursor: signal("heartbeat", cursor, {}),
            "fell_out": fell_out,
            "cursor": str(a_cursor(0)),
            "max_beats": 1_000,
        }
        return Subscription(**values | fields)

    def missed(self, *frames: Frame) -> Portion:
        """The only portion of what a client missed, read before anything else happens."""
        return Portion(frames, None, self.ring.end)

    def client(self, **fields: Any) -> Client:
        return client_of(self.subscription(**fields))


async def _no_more(_: Portion) -> None:
    return None


opened: list[Client] = []


def client_of(subscription: Subscription) -> Client:
    """A client; the fixture `leaving` closes it at the end of the test."""
    opened.append(Client(subscription.chunks()))  # type: ignore[arg-type]
    return opened[-1]
