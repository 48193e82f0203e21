"""What can go wrong with a draft, and what to do."""

from app.core.errors import StockpulseError


class DraftNotFound(StockpulseError):
    """There is no such draft: it was discarded, or committed more than 90 days ago."""

    status = 404
    code = "draft-not-found"
    title = "List not found"


class DraftClosed(StockpulseError):
    """The draft is being committed, committed or discarded: its lines cannot be changed."""

    status = 409
    code = "draft-closed"
    title = "Not possible in this state of the list"


class DraftChanged(StockpulseError):
    """Somebody has changed the draft since the page that the form is on was shown."""

    status = 409
    code = "draft-changed"
    title = "The list has changed"


class DraftFull(StockpulseError):
    """The draft has the maximum number of lines. Commit it, and begin another one."""

    status = 409
    code = "draft-full"
    title = "The list is full"


class TooManyDrafts(StockpulseError):
    """There is the maximum number of open drafts. Commit or discard one first."""

    status = 409
    code = "too-many-drafts"
    title = "Too many open lists"


class DraftBusy(StockpulseError):
    """Others keep changing the draft. Nothing was saved; try again."""

    status = 503
    code = "draft-busy"
    title = "Somebody else is saving"


class InvalidDraft(StockpulseError):
    """A field of the draft is not valid."""

    status = 422
    code = "invalid-draft"
    title = "This cannot be saved"


def busy() -> DraftBusy:
    """The error for a change that failed at every try."""
    return DraftBusy(
        "Others keep changing this list. Nothing was saved; try again.",
        headers={"Retry-After": "1"},
    )
