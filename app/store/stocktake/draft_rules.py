"""What may be done to a draft in which state. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from app.store.stocktake.draft import Draft, Line
from app.store.stocktake.draft_errors import DraftChanged, DraftClosed, InvalidDraft

NAME_LENGTH = 80


def checked_name(name: str) -> str:
    """The name of a draft.

    Raises:
        InvalidDraft: it is not allowed.

    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise InvalidDraft(f"Give the list a name of 1 to {NAME_LENGTH} printable characters.")
    return name


def opened(draft: Draft) -> Draft:
    """The draft itself.

    Raises:
        DraftClosed: its lines cannot be changed.

    """
    if draft.state == "discarded":
        raise DraftClosed(discarded_text(draft))
    if not draft.is_open:
        raise DraftClosed("This list is being committed, or it is committed. Begin another one.")
    return draft


def discarded_text(draft: Draft) -> str:
    """What is said about a draft that was discarded."""
    return f"{draft.changed_by} has discarded this list. Begin another one."


def discarding(draft: Draft, seen: int, lines: Sequence[Line], actor: str) -> Draft:
    """The draft once it is discarded; `seen` is the version that the person has seen.

    Raises:
        DraftChanged: others have changed it since; they would lose what they scanned.
        DraftClosed: it is committed, or a part of it.

    """
    if any(line.request for line in lines):
        raise DraftClosed("A part of this list is committed, so it cannot be discarded.")
    if opened(draft).version != seen:
        raise DraftChanged(
            f"{draft.changed_by} has changed this list, which was not discarded. See what it "
            "has now; then discard it, if it is still not needed."
        )
    return replace(draft, state="discarded", lines=0, changed_by=actor)


def committing(draft: Draft, commit: str, actor: str) -> Draft:
    """The draft whose commit begins, or goes on; `commit` is the id of its writes if it is new.

    Raises:
        InvalidDraft: there is nothing to commit.
        DraftClosed: it is committed.

    """
    if draft.state == "committing":
        return draft
    opened(draft)
    if not draft.lines:
        raise InvalidDraft("There is nothing to commit yet. Scan a product first.")
    return replace(
        draft,
        state="committing",
        run=draft.run + 1,
        commit=draft.commit or commit,
        changed_by=actor,
    )


def undoing(draft: Draft, actor: str) -> Draft:
    """The draft whose commit is taken back from now on, or still.

    Raises:
        DraftClosed: it is not committed, or taken back already.

    """
    if draft.state == "undoing":
        return draft
    if draft.state != "done":
        raise DraftClosed("Only a list that is committed can be undone, and only once.")
    return replace(draft, state="undoing", run=draft.run + 1, changed_by=actor)
