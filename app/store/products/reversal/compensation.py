"""What takes an event back is decided from its images and the item as it is now. Pure.

The stock changes by the opposite amount, so later sales and deliveries remain. Every other value is
set back, as long as it is what the event left: `Superseded` otherwise. Values are compared, not
histories, so a value that changed and changed back is no conflict.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from app.core.differences import differing_names, shown_names
from app.core.events import ChangeEvent
from app.core.item import AttributeNames, Item, canonical, plain, stock
from app.core.metadata import NONE, metadata_of
from app.core.numbers import difference, places
from app.core.paths import Path, blocked_at, name_in_events, value_at
from app.store.products.changes import StockRules, adjusting, planned
from app.store.products.field_values import Values
from app.store.products.reversal.reversal_errors import CountedSince, NotReversible, Superseded

_NAMED = 5  # attributes, in a message

_NO_CHANGE = {
    "gap": "It says that changes are missing. Look for the change itself in the product's history.",
    "reconciled": "It says what was found in the table; the change itself was never recorded.",
    "internal": "It is a step of a deletion, or a change of ignored attributes.",
    "expired": "DynamoDB's TTL deleted the product, and would delete it again. Create a new one.",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """The attributes that an event changed: ours by their names in events, and all others."""

    ours: Mapping[str, Path]
    others: tuple[str, ...]


def changed_by(event: ChangeEvent, names: AttributeNames) -> Changed:
    """What the event changed in an item that it neither created nor deleted.

    A reversal leaves attributes as they are that Stockpulse never writes.
    """
    if event.event_name != "MODIFY" or event.before is None or event.after is None:
        return Changed({}, ())
    differing = differing_names(event.before, event.after, names)
    known = _known(names)
    ours = {name: known[name] for name in sorted(differing & known.keys())}
    return Changed(ours, shown_names(differing - known.keys(), names, by_other=False))


def check_reversible(event: ChangeEvent, names: AttributeNames) -> None:
    """Return if the event can be taken back, as far as the event itself shows it.

    Raises:
        NotReversible: says why not.

    """
    if event.kind in _NO_CHANGE:
        raise NotReversible(_NO_CHANGE[event.kind])
    needed = {"inserted": (event.after,), "deleted": (event.before,)}
    if None in needed.get(event.kind, (event.before, event.after)):
        raise NotReversible(
            "The event's images are not stored: they were too large."
            if event.images_omitted
            else f"The stream's view type {event.view_type} leaves out what the product was "
            "before or after the change."
        )
    if event.kind in needed:
        _check_whole_item(event, names)
        return
    changed = changed_by(event, names)
    if not changed.ours:
        others = ", ".join(changed.others[:_NAMED])
        raise NotReversible(
            f"It changed attributes that only other programs write: {others}. Set them back with "
            "the program that wrote them."
            if others
            else "It changed no attribute of the product."
        )


def _check_whole_item(event: ChangeEvent, names: AttributeNames) -> None:
    if event.event_name == "MODIFY":
        raise NotReversible(
            "The item was there before and after: it began or ceased to match "
            "STOCKPULSE_PRODUCTS_FILTER, by attributes that Stockpulse does not write."
        )
    try:
        known = names.key.id_of(event.after or event.before or {}) == event.product_id
    except (KeyError, ValueError):
        known = False
    if not known:
        raise NotReversible("The event is from before the table got another key.")


def values_before(
    event: ChangeEvent, item: Item, names: AttributeNames, rules: StockRules
) -> Values:
    """The values that take back a change of an existing item.

    Raises:
        Superseded: a later change touched the same attributes.
        NotReversible: another program has put something else in the place of a value's map.
        CountedSince: the stock was counted after the event.
        InsufficientStock: the stock would fall below zero.
        StockNotCountable: the stored stock is no number, or would exceed the maximum.

    """
    before, after = event.before or {}, event.after or {}
    ours = changed_by(event, names).ours
    delta = _delta(event, ours, names)
    set_back = {name: path for name, path in ours.items() if delta is None or path != _stock(names)}
    was, now = metadata_of(after, names) or NONE, metadata_of(item, names) or NONE
    # Only a creation through Stockpulse writes the time, but other programs may drop it.
    if now.created_at not in (None, was.created_at):
        raise _superseded(
            "The product was deleted and created again since.", ours, event, item, names
        )
    touched = [name for name, path in set_back.items() if _differ(after, item, path)]
    if touched:
        raise _superseded(
            f"A later change touched the same attributes: {', '.join(touched[:_NAMED])}. Take back "
            "that change first, or edit the product.",
            touched,
            event,
            item,
            names,
        )
    values = {path: value_at(before, path) for path in set_back.values()}
    for name, path in set_back.items():
        blocked = blocked_at(item, path)
        if blocked is not None and values[path] is not None:
            raise NotReversible(
                f"{'.'.join(blocked)} of this item is not a map, so {name} cannot be set in it. "
                "Set it back with the program that wrote it."
            )
    if delta is None:
        return values
    if now.counted_at not in (None, was.counted_at):
        raise CountedSince(
            f"The stock was counted at {now.counted_at}, after this change: the count has replaced "
            "its effect. If the stock is wrong, adjust it or count again.",
            extra={"counted_at": now.counted_at},
        )
    # What was taken from the stock fits into it, whatever decimals a client may send.
    fine = replace(rules, decimals=max(rules.decimals, places(delta)))
    return {**values, **(planned(adjusting(-delta, fine), names)(item) or {})}


def counted_before(event: ChangeEvent, names: AttributeNames) -> str | None:
    """When the stock was last counted before the event, if the event is a count of it.

    Empty: it was not; None: the event is no count.
    """
    was, left = (metadata_of(image, names) or NONE for image in (event.before, event.after))
    changed = changed_by(event, names).ours
    if _delta(event, changed, names) is None or was.counted_at == left.counted_at:
        return None
    return was.counted_at or ""


def check_untouched(event: ChangeEvent, item: Item, names: AttributeNames) -> None:
    """Return if the item has the values that the event created it with, and nobody counted it.

    Raises:
        Superseded: it is not.

    """
    differing = differing_names(event.after or {}, item, names)
    touched = shown_names(differing, names, by_other=False)
    was, now = metadata_of(event.after, names) or NONE, metadata_of(item, names) or NONE
    if touched or (was.created_at, was.counted_at) != (now.created_at, now.counted_at):
        raise _superseded(
            "The product has changed since it was created, so it is not deleted. Delete it "
            "yourself if it is not needed.",
            touched or (names.metadata,),
            event,
            item,
            names,
        )


def exists_again(event: ChangeEvent, item: Item, names: AttributeNames) -> Superseded:
    """The error for a deleted product that exists again."""
    differing = differing_names(event.before or {}, item, names)
    return _superseded(
        "The product was created again since. Compare it with what was deleted, and edit it.",
        shown_names(differing, names, by_other=True),
        event,
        item,
        names,
    )


def _delta(event: ChangeEvent, ours: Mapping[str, Path], names: AttributeNames) -> Decimal | None:
    """By how much the stock changed; None if its values can only be set back."""
    before, after = stock(event.before, names), stock(event.after, names)
    in_another_unit = names.unit is not None and name_in_events(names.unit) in ours
    if before is None or after is None or before == after or in_another_unit:
        return None
    return difference(after, before)


def _stock(names: AttributeNames) -> Path:
    return _known(names)[name_in_events(names.stock)]


def _known(names: AttributeNames) -> dict[str, Path]:
    return dict(zip(map(name_in_events, names.known), names.known_paths, strict=True))


def _differ(one: Item, other: Item, path: Path) -> bool:
    first, second = value_at(one, path), value_at(other, path)
    if first is None or second is None:
        return first is not second
    return canonical({"": first}) != canonical({"": second})


def _superseded(
    detail: str, attributes: Iterable[str], event: ChangeEvent, item: Item, names: AttributeNames
) -> Superseded:
    """The error, with each attribute as it was before the event, after it, and is now."""
    known = _known(names)
    states = {"before": event.before, "after": event.after, "now": item}

    def shown(state: Item | None, name: str) -> Any:
        value = value_at(state, known.get(name, (name,)))
        return None if value is None else plain(value)

    conflicts = [
        {"attribute": name, **{when: shown(state, name) for when, state in states.items()}}
        for name in attributes
    ]
    return Superseded(detail, extra={"conflicts": conflicts})
