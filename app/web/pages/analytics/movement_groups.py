"""Movement is shown by reason; new and deleted products are groups of their own. Pure."""

from collections.abc import Mapping

from app.core.events import REASONS
from app.readmodel.trends.series import Sum, Unit, Why
from app.web.pages.audit.query_text import toggled

MOVING = "delta:>=0"  # a search for the events that moved stock
_NEW, _GONE, _NONE = "inserted", "deleted", "none"
_WORDS = {_NEW: "New products", _GONE: "Deleted products", _NONE: "No reason given"}
# The order of the groups. Each has its own colour, whatever else is shown.
GROUPS = (*REASONS, _NONE, _NEW, _GONE)


def group_of(why: Why) -> str:
    """The group of changes of a kind with a reason, which other programs may have made up."""
    kind, reason = why
    if kind == "inserted":
        return _NEW
    if kind in {"deleted", "expired"}:
        return _GONE
    return reason if reason in REASONS else _NONE


def group_word(group: str) -> str:
    """What the group is called."""
    return _WORDS.get(group) or group.capitalize()


def group_search(group: str) -> str:
    """The search for the group's changes."""
    if group == _NEW:
        return f"kind:inserted {MOVING}"
    if group == _GONE:
        return f"kind:deleted kind:expired {MOVING}"
    q = f"kind:stock_changed {MOVING}"
    if group != _NONE:
        return toggled(q, "reason", group, negated=False)
    for reason in REASONS:
        q = toggled(q, "reason", reason, negated=True)
    return q


def of_unit(sums: Mapping[Why, Mapping[Unit, Sum]], unit: Unit) -> dict[str, Sum]:
    """The sums of one unit by group."""
    found: dict[str, Sum] = {}
    for why, by_unit in sums.items():
        if (one := by_unit.get(unit)) is not None:
            known = found.setdefault(group_of(why), Sum())
            known.add(one.changes, one.units_in, one.units_out)
    return found


def by_unit(sums: Mapping[Why, Mapping[Unit, Sum]]) -> dict[Unit, Sum]:
    """All movement of each unit; the unit with the most changes is the first."""
    found: dict[Unit, Sum] = {}
    for units in sums.values():
        for unit, one in units.items():
            found.setdefault(unit, Sum()).add(one.changes, one.units_in, one.units_out)
    return dict(sorted(found.items(), key=lambda item: (-item[1].changes, item[0])))
