"""After deliveries a receiver holds each event once, or each product's newest one. Pure.

A receiver that keeps state is described by {product id: event key of the newest event that it
applied}. One that keeps events is described by their ids; a set hides duplicates.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from app.core.events import ChangeEvent

_SHOWN = 5  # differences of one trial


def differences(events: Iterable[ChangeEvent], held: object) -> list[str]:
    """A sentence for each difference between delivered events and what is held, at most five.

    Events of other products than those delivered are ignored: the target may hold more.

    Raises:
        TypeError: what is held is described in neither of the two ways.

    """
    wanted = list(events)
    match held:
        case Mapping():
            found = list(_of_state(wanted, held))
        case list() | tuple() | set() | frozenset():
            found = list(_of_events(wanted, held))
        case _:
            raise TypeError(
                "must return a dict of event keys by product id, or a list or set of event ids, "
                f"not {type(held).__name__}"
            )
    rest = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return found[:_SHOWN] + rest


def _of_state(events: Iterable[ChangeEvent], held: Mapping[str, str]) -> Iterator[str]:
    newest: dict[str, ChangeEvent] = {}
    for event in events:
        known = newest.get(event.product_id)
        if known is None or event.event_key > known.event_key:
            newest[event.product_id] = event
    for product_id, event in newest.items():
        key = held.get(product_id)
        is_gone = event.kind in {"deleted", "expired"}
        if key == event.event_key or (key is None and is_gone):
            continue
        if key is None:
            yield f"it does not hold {product_id}"
        elif key < event.event_key:
            yield f"{product_id} is at {key}, older than the newest event, {event.event_key}"
        else:
            yield f"{product_id} is at {key}, which was never delivered"


def _of_events(events: Iterable[ChangeEvent], held: Iterable[str]) -> Iterator[str]:
    counts = Counter(held)
    for name in dict.fromkeys(event.id for event in events):
        if counts[name] == 0:
            yield f"it lost the event {name}"
        elif counts[name] > 1:
            yield f"it holds the event {name} {counts[name]} times"
