"""Which authors a record may show, from who really made the changes.

A change of ours shows its author. Anything else shows nobody, with two exceptions, because no image
differs from what one of our changes left:

- another program repeats a change of ours within its time: the same state before and after;
- another program deletes an item within the time of a delete mark of ours, as it was marked.
"""

from typing import Any

from app.core.events import ChangeEvent
from app.core.item import AttributeNames
from tests.unit.worker.attribution.world import NOBODY, Author, Item, World, Written

IN_TIME = 63.0  # seconds: 61, and a second for each of both clocks
PROMPT = 50.0  # seconds: a write that takes longer from stamp to record may stay without its author


def check(world: World, number: int, event: ChangeEvent) -> None:
    """Check what the record with this number shows."""
    written = world.written[number]
    shown = Author(
        event.actor, event.reason, event.note, event.reference, event.request_id, event.reverses
    )
    story = f"{written}\nshows {shown}"
    if written.own_step:
        assert (event.kind, shown) == ("internal", NOBODY), story
    elif written.by is not None:
        author = _as_shown(written.by, written)
        assert shown in {author, NOBODY}, f"another's change\n{story}"
        assert shown == author or not _must_be_believed(written), f"disbelieved\n{story}"
    elif shown != NOBODY:
        earlier = world.written[:number]
        assert any(
            _as_shown(one.by, written) == shown
            and (_is_repeated(one, written, world.names) or _is_deleted(one, written, world.names))
            for one in earlier
            if one.by is not None
        ), f"made by another program\n{story}"
    if written.change.by_ttl:
        assert (event.kind, shown) == ("expired", NOBODY), story


def _as_shown(author: Author, written: Written) -> Author:
    """A delete mark has no reference."""
    return author._replace(reference=None) if written.change.after is None else author


def _must_be_believed(written: Written) -> bool:
    if written.delay > PROMPT:
        return False
    match written.change.view, written.change.event_name:
        case "NEW_AND_OLD_IMAGES", "REMOVE":
            return written.marked  # if there was no room for the mark, the delete has no author
        case ("NEW_AND_OLD_IMAGES", _) | ("NEW_IMAGE", "INSERT"):
            return True
    return False


def _is_repeated(ours: Written, other: Written, names: AttributeNames) -> bool:
    """Whether the other change is ours once more, and nothing besides.

    Ours changes attributes of other programs only if it restores an item.
    """
    was, now = (_sides(one, names) for one in (ours, other))
    same = ours.table == other.table and not ours.own_step and was[0] == now[0]
    return same and (now[1][0] == now[1][1] or was[1] == now[1]) and _is_in_time(ours, other)


def _is_deleted(mark: Written, other: Written, names: AttributeNames) -> bool:
    """Whether the other change deletes what our mark left."""
    if not mark.own_step or other.change.after is not None or other.change.by_ttl:
        return False
    left, found = (_split(item, names)[0] for item in (mark.change.after, other.change.before))
    return mark.table == other.table and left == found and _is_in_time(mark, other)


def _is_in_time(ours: Written, other: Written) -> bool:
    stamped = ours.time - ours.delay
    return abs(other.change.at.timestamp() - stamped) <= IN_TIME


def _sides(written: Written, names: AttributeNames) -> tuple[Any, Any]:
    """The stamped parts before and after, and the other parts (of an absent item: as after it)."""
    before, after = (_split(item, names) for item in (written.change.before, written.change.after))
    if written.change.before is None:
        before = None, {}
    if written.change.after is None:
        after = None, before[1]
    return (before[0], after[0]), (before[1], after[1])


def _split(item: Item | None, names: AttributeNames) -> tuple[Any, Any]:
    """What a stamp is made for: key, known attributes, metadata without signatures; and the rest.

    A map that held known attributes alone counts as absent.
    """
    if item is None:
        return None, {}
    rest = dict(item)
    stamped: Item = {"key": rest.pop("ProductID")}
    for name in names.known:
        first, _, inner = name.partition(".")
        if not inner:
            stamped[name] = rest.pop(name, None)
        elif "M" in rest.get(first, {}):
            members = dict(rest.pop(first)["M"])
            stamped[name] = members.pop(inner, None)
            rest |= {first: {"M": members}} if members else {}
        else:
            stamped[name] = None
    stamped["metadata"] = _unsigned(rest.pop(names.metadata, None))
    return stamped, {name: value for name, value in rest.items() if name != "aws:rep:time"}


def _unsigned(value: Any) -> Any:
    if value is None or "M" not in value:
        return value
    members = {name: _unsigned(inner) for name, inner in value["M"].items() if name != "signature"}
    return {"M": members}
