"""Every error that a user can meet is a class here, with its status, its code and its remedy.

Handlers never build HTTP errors: they let these through to the one place that renders them.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class StockpulseError(Exception):
    """An error with a meaning outside the code.

    `detail` says what was wrong and what to do; `headers` and `extra` go into the answer.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


class ProductNotFound(StockpulseError):
    """No product has this id, and none is known to have had it."""

    status = 404
    code = "product-not-found"
    title = "No such product"


class ProductGone(StockpulseError):
    """The product was deleted; its history remains."""

    status = 410
    code = "product-gone"
    title = "The product was deleted"


class PastNotKept(StockpulseError):
    """What the product was then is not in the audit, or no more."""

    status = 409
    code = "past-not-kept"
    title = "The product's past is not kept"


class PastOutOfReach(StockpulseError):
    """More happened to the product since than is looked through for one answer."""

    status = 409
    code = "past-out-of-reach"
    title = "The product's past lies too far back"


class EventNotFound(StockpulseError):
    """No event has this id."""

    status = 404
    code = "event-not-found"
    title = "No such event"


class LetterNotFound(StockpulseError):
    """No dead letter has this id, or it was delivered or deleted."""

    status = 404
    code = "dead-letter-not-found"
    title = "No such dead letter"


class SinkNotFound(StockpulseError):
    """No sink has this name."""

    status = 404
    code = "sink-not-found"
    title = "No such sink"


class TimeOutOfRange(StockpulseError):
    """Nothing is kept from that time, or it lies in the future."""

    status = 422
    code = "time-out-of-range"
    title = "The sink cannot be moved to that time"


class SinkNotConfigured(StockpulseError):
    """The settings of this process do not switch the sink on, or it has no test."""

    status = 409
    code = "sink-not-configured"
    title = "The sink cannot be tested here"


class SinkTestFailed(StockpulseError):
    """The receiver of the sink did not accept a test delivery."""

    status = 502
    code = "sink-test-failed"
    title = "The test was not accepted"


class ProductExists(StockpulseError):
    """A create met a product that is there already."""

    status = 409
    code = "product-exists"
    title = "The product exists already"


class InsufficientStock(StockpulseError):
    """An adjustment would take the stock below zero."""

    status = 409
    code = "insufficient-stock"
    title = "Not enough stock"


class StockNotCountable(StockpulseError):
    """The stored stock is missing or no count of goods, so nothing can be added to it."""

    status = 409
    code = "stock-not-countable"
    title = "The stored stock is not a count"


class NotReversible(StockpulseError):
    """The event is no change of stock from one count to another."""

    status = 409
    code = "not-reversible"
    title = "The event cannot be reversed"


class AlreadyReversed(StockpulseError):
    """A later change took the event back."""

    status = 409
    code = "already-reversed"
    title = "The event was reversed before"


class IdempotencyKeyReused(StockpulseError):
    """A key came again with another request."""

    status = 422
    code = "idempotency-key-reused"
    title = "The Idempotency-Key belongs to another request"


class TooMuchContention(StockpulseError):
    """Others changed the product at each of our tries."""

    status = 409
    code = "too-much-contention"
    title = "The product is changing too fast"


class ETagMismatch(StockpulseError):
    """The product is not as the client last saw it."""

    status = 412
    code = "etag-mismatch"
    title = "The product has changed"


class ItemTooLarge(StockpulseError):
    """The item would exceed what DynamoDB holds."""

    status = 413
    code = "item-too-large"
    title = "The product is too large"


class StoreRefused(StockpulseError):
    """DynamoDB judged the request invalid."""

    status = 500
    code = "store-refused"
    title = "The store refused the request"


class Unavailable(StockpulseError):
    """A service that we stand on does not answer; the same call again may succeed."""

    status = 503
    code = "unavailable"
    title = "A part is not available"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


class StoreUnavailable(Unavailable):
    """DynamoDB cannot be reached or is overloaded; a write's outcome may be unknown."""

    code = "store-unavailable"
    title = "The store is not available"


class InvalidCursor(StockpulseError):
    """A paging or stream cursor is not one that we gave out."""

    status = 400
    code = "invalid-cursor"
    title = "Unknown cursor"


class ConditionFailed(Exception):
    """A conditional write found the item otherwise; never leaves the store."""
