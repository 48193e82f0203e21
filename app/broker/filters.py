"""A filter is a value: subscribers with equal filters share one, and one evaluation an event."""

from dataclasses import dataclass

from app.core.events import ChangeEvent, Kind


@dataclass(frozen=True, slots=True)
class Topic:
    """What filters look at in an event; kept in the ring instead of the event and its images."""

    kind: Kind
    product_id: str
    category: str | None
    actor: str | None
    delta: int | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Events that a subscriber wants; what is not set admits everything.

    `min_delta` is compared with the size of the stock change, whichever way it went.
    """

    kinds: frozenset[Kind] = frozenset()
    product_id: str | None = None
    category: str | None = None
    actor: str | None = None
    min_delta: int | None = None

    def admits(self, topic: Topic) -> bool:
        """Whether the subscriber wants an event of this topic."""
        return (
            (not self.kinds or topic.kind in self.kinds)
            and self.product_id in {None, topic.product_id}
            and self.category in {None, topic.category}
            and self.actor in {None, topic.actor}
            and (self.min_delta is None or abs(topic.delta or 0) >= self.min_delta)
        )


EVERYTHING = Filter()


def topic_of(event: ChangeEvent) -> Topic:
    """The event as filters see it."""
    return Topic(event.kind, event.product_id, event.category, event.actor, event.delta)
