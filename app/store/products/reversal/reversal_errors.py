"""Why an event cannot be taken back."""

from app.core.errors import StockpulseError


class NotReversible(StockpulseError):
    """The event shows too little to be taken back, or is not a change. `detail` says which."""

    status = 409
    code = "not-reversible"
    title = "The event cannot be reversed"


class Superseded(StockpulseError):
    """A later change touched the same attributes.

    `conflicts` has each as it was before the event, after it, and is now.
    """

    status = 409
    code = "superseded"
    title = "A later change touched the same attributes"


class CountedSince(StockpulseError):
    """The stock was counted after the event, at `counted_at`. Adjust it instead."""

    status = 409
    code = "counted-since"
    title = "The stock was counted since"


class AlreadyReversed(StockpulseError):
    """The event was taken back before, by the request and event in `reversed_by`."""

    status = 409
    code = "already-reversed"
    title = "The event was already reversed"
