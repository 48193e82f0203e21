"""Subscribers with equal filters share one, so it is evaluated once per event."""

from dataclasses import dataclass
from decimal import Decimal

from app.core.events import ChangeEvent, Kind


@dataclass(frozen=True, slots=True)
class Topic:
    """The fields that filters read; the ring keeps them instead of the event and its images."""

    kind: Kind
    product_id: str
    category: str | None
    actor: str | None
    delta: Decimal | None
    reason: str | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """The events that a subscriber wants; a field that is not set admits every event.

    `min_delta` is compared with the absolute stock change. `outside`: only changes that were made
    outside Stockpulse, or only others. The pages have the same rules in
    static/stream/filter.js; tests/js/filters.json has the cases of both.
    """

    kinds: frozenset[Kind] = frozenset()
    product_id: str | None = None
    category: str | None = None
    actor: str | None = None
    min_delta: Decimal | None = None
    reasons: frozenset[str] = frozenset()
    outside: bool | None = None

    def admits(self, topic: Topic) -> bool:
        """Whether the subscriber wants an event of this topic."""
        return (
            (not self.kinds or topic.kind in self.kinds)
            and self.product_id in {None, topic.product_id}
            and self.category in {None, topic.category}
            and self.actor in {None, topic.actor}
            and (self.min_delta is None or abs(topic.delta or Decimal(0)) >= self.min_delta)
            and (not self.reasons or topic.reason in self.reasons)
            and self.outside in {None, topic.outside}
        )


EVERYTHING = Filter()


def topic_of(event: ChangeEvent) -> Topic:
    """The event's fields that filters read."""
    return Topic(
        event.kind,
        event.product_id,
        event.category,
        event.actor,
        event.delta,
        event.reason,
        event.is_outside,
    )
