"""A letter is delivered as its record would be now: decoded again, by today's rules.

For an optional sink the record is decoded, or the event read from the audit where the record
was too large to be kept. For the audit it is appended, published, and handed to the optional
sinks behind their lanes.
"""

from collections.abc import Callable, Sequence

from app.events import ChangeEvent
from app.item import AttributeNames
from app.store.audit import AuditRepository
from app.store.dead_letters import DeadLetters
from app.store.leases import Unleased
from app.store.letters import Letter
from worker.order import Tell
from worker.sinks.audit import AuditSink
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.sink import Deliver, Taken, letter_for
from worker.stream.decode import decode


class Undeliverable(Exception):
    """The letter holds too little to be delivered; the message says what is missing."""


def for_sink(
    deliver: Deliver, audit: AuditRepository, names: AttributeNames
) -> Callable[[Letter], None]:
    """How letters of an optional sink are delivered."""

    def deliver_letter(letter: Letter) -> None:
        deliver(_event(letter, names) or _audited(letter, audit))

    return deliver_letter


def for_audit(
    audit: AuditSink,
    publish: Tell,
    letters: DeadLetters,
    sinks: Sequence[str],
    known: OpenLanes,
    names: AttributeNames,
) -> Callable[[Letter], None]:
    """How letters of the audit are taken in."""

    def take_in(letter: Letter) -> None:
        event = _event(letter, names)
        if event is None:
            raise Undeliverable("its record was too large to be kept, or is of an older version")
        appended = audit.accept([event])
        publish(appended.arrived, Unleased())  # nothing, perhaps: it closes the stamps taken
        for _, refusal in appended.refused:
            raise Undeliverable(refusal)
        taken = Taken(event, letter.record)
        with known.parking((sink, event.product_id) for sink in sinks):
            letters.park([letter_for(sink, taken, letter.stream_arn) for sink in sinks])

    return take_in


def _event(letter: Letter, names: AttributeNames) -> ChangeEvent | None:
    if letter.record is None or not letter.stream_arn:
        return None
    return decode(letter.record, letter.stream_arn, names)


def _audited(letter: Letter, audit: AuditRepository) -> ChangeEvent:
    event = audit.get((letter.product_id, letter.event_key))
    if event is None:
        raise Undeliverable("neither the letter nor the audit holds the record")
    return event
