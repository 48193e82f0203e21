"""What is stored of an import becomes a picture of it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.web.imports.import_state import Import, Options, State


def snapshot_of(
    import_id: str, saved: Mapping[str, Any], found: Iterable[tuple[str, str, int]], *, read: int
) -> Import:
    """The import; `found` has how many rows have which action and outcome.

    `read` is the number of rows that were read so far.
    """
    counts: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    for action, outcome, count in found:
        counts[action] = counts.get(action, 0) + count
        if action in {"create", "change"}:
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    state: State = saved["state"]
    done, total = sum(counts.values()) or read, saved.get("rows", 0)
    if state == "running":
        total = sum(outcomes.values())
        done = total - outcomes.get("", 0)
    elif state == "undoing":
        total = sum(outcomes.get(name, 0) for name in ("written", "undone", "kept"))
        done = total - outcomes.get("written", 0)
    began = saved.get("began_at")
    return Import(
        id=import_id,
        filename=saved["filename"],
        actor=saved["actor"],
        state=state,
        created_at=datetime.fromisoformat(saved["created_at"]),
        options=options_of(saved["options"]),
        about=saved.get("about", ""),
        header=saved.get("header", ()),
        columns=saved.get("columns", ()),
        mark=saved.get("mark"),
        sheets=saved.get("sheets", ()),
        sheet=saved.get("sheet"),
        counts=counts,
        outcomes=outcomes,
        fields=saved.get("fields", {}),
        done=done,
        total=total,
        trouble=saved.get("trouble"),
        began_at=None if began is None else datetime.fromisoformat(began),
    )


def options_of(saved: Mapping[str, Any]) -> Options:
    """The options as they were stored."""
    columns = saved["columns"]
    return Options(**{**saved, "columns": None if columns is None else tuple(columns)})
