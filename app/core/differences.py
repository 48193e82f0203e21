"""Which attributes of an item a change has changed. Pure."""

from app.core.item import AttributeNames, Item, canonical
from app.core.paths import path_of, value_at, without


def changed_names(
    before: Item | None, after: Item | None, names: AttributeNames
) -> tuple[str, ...]:
    """Names of attributes that differ, as an event shows them; empty if an image is absent."""
    if before is None or after is None:
        return ()
    return shown_names(differing_names(before, after, names), names, by_other=True)


def shown_names(differing: set[str], names: AttributeNames, *, by_other: bool) -> tuple[str, ...]:
    """Names of changed attributes; the metadata is named where another program changed it alone.

    A known attribute inside a map is named by its path.
    """
    shown = {name for name in differing - {names.metadata} if not names.is_ignored(name)}
    if not shown and by_other and names.metadata in differing:
        shown = {names.metadata}
    return tuple(sorted(shown))


def differing_names(before: Item, after: Item, attributes: AttributeNames) -> set[str]:
    """Names whose values differ in meaning: sets are unordered, and `1.50` equals `1.5`."""
    before, after = _flat(before, attributes), _flat(after, attributes)
    names = before.keys() | after.keys()
    unequal = {name for name in names if before.get(name) != after.get(name)}
    return {
        name
        for name in unequal
        if name not in before
        or name not in after
        or canonical({name: before[name]}) != canonical({name: after[name]})
    }


def _flat(image: Item, names: AttributeNames) -> Item:
    """The image with each known attribute that lies inside a map beside that map's rest."""
    if not names.inside_maps:
        return image
    values = {name: value_at(image, path_of(name)) for name in names.inside_maps}
    rest = without(image, map(path_of, names.inside_maps))
    return rest | {name: value for name, value in values.items() if value is not None}
