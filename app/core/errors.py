"""Every error that a user can see is a class with a status, a code and a remedy.

Handlers never build HTTP errors: they let these propagate to `app.web.problems`, which renders
them. The API contract shows each class's docstring as the example of its `detail`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class StockpulseError(Exception):
    """An error that is shown to the user.

    `detail` says what happened and what to do; `headers` and `extra` (more members of the
    problem document) are added to the response.
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
    """No product has this id, and no deleted product is known to have had it."""

    status = 404
    code = "product-not-found"
    title = "Product not found"


class ProductGone(StockpulseError):
    """The product was deleted. Its history can still be read."""

    status = 410
    code = "product-gone"
    title = "The product was deleted"


class PastNotKept(StockpulseError):
    """The audit does not have the product's state at that time, or no longer has it."""

    status = 409
    code = "past-not-kept"
    title = "The product's past state is not stored"


class PastOutOfReach(StockpulseError):
    """Too many entries that are not changes, such as gaps, are in the history around that time."""

    status = 409
    code = "past-out-of-reach"
    title = "The product's past state cannot be searched for"


class EventNotFound(StockpulseError):
    """No event has this id."""

    status = 404
    code = "event-not-found"
    title = "Event not found"


class ProductExists(StockpulseError):
    """A product with this id already exists."""

    status = 409
    code = "product-exists"
    title = "The product already exists"


class InsufficientStock(StockpulseError):
    """The adjustment would take the stock below zero."""

    status = 409
    code = "insufficient-stock"
    title = "Not enough stock"


class CountedMeanwhile(StockpulseError):
    """Another count of this product was recorded after this one. Count it again, or remove it."""

    status = 409
    code = "counted-meanwhile"
    title = "Counted by somebody else since"


class InvalidValue(StockpulseError):
    """A value of the request cannot be stored."""

    status = 422
    code = "invalid-request"
    title = "The request is not valid"


class InvalidProductID(InvalidValue):
    """No item of this table can have that product id."""


class NotSelected(InvalidValue):
    """With these values the item would not match STOCKPULSE_PRODUCTS_FILTER."""


class InvalidStock(InvalidValue):
    """The stock has more decimal places than are allowed, or is negative."""


class StockNotCountable(StockpulseError):
    """The stored stock is missing or not a number, so it cannot be adjusted."""

    status = 409
    code = "stock-not-countable"
    title = "The stored stock is not a number"


class AttributeKept(StockpulseError):
    """Another program stores this field as a different type, which is never changed."""

    status = 409
    code = "attribute-kept"
    title = "The attribute belongs to another program"


class UnitNotStored(StockpulseError):
    """The request has a unit, but no attribute is configured to hold it."""

    status = 422
    code = "unit-not-stored"
    title = "This deployment stores no units"


class MetadataTaken(StockpulseError):
    """Another program uses the item's attribute that Stockpulse needs for its own data."""

    status = 409
    code = "metadata-taken"
    title = "The item's metadata attribute is taken"


class IdempotencyKeyReused(StockpulseError):
    """The Idempotency-Key was already used for a different request."""

    status = 422
    code = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another request"


class TooMuchContention(StockpulseError):
    """Other writers changed the product during every attempt. Try again."""

    status = 409
    code = "too-much-contention"
    title = "The product is changing too fast"


class ETagMismatch(StockpulseError):
    """The product has changed since it was read."""

    status = 412
    code = "etag-mismatch"
    title = "The product has changed"


class ItemTooLarge(StockpulseError):
    """The item would exceed DynamoDB's limit of 400 KB."""

    status = 413
    code = "item-too-large"
    title = "The product is too large"


class StoreRefused(StockpulseError):
    """DynamoDB rejected the request as invalid."""

    status = 500
    code = "store-refused"
    title = "DynamoDB rejected the request"


class ServiceUnavailable(StockpulseError):
    """A service that Stockpulse depends on does not respond; a retry may succeed."""

    status = 503
    code = "unavailable"
    title = "A service is unavailable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


class StoreUnavailable(ServiceUnavailable):
    """DynamoDB cannot be reached or is overloaded. The outcome of a write may be unknown."""

    code = "store-unavailable"
    title = "The database is unavailable"


class OutcomeUnknown(StoreUnavailable):
    """The write may or may not have been applied: its answer was lost.

    Before you repeat it, look in the product's history for an event with this request's id. A
    repeat with the same Idempotency-Key needs no check: it is applied once.
    """

    code = "outcome-unknown"
    title = "The outcome of the write is unknown"

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))
        del self.headers["Retry-After"]  # many clients would repeat the write unasked


class InvalidCursor(StockpulseError):
    """The cursor is not one that this API returned."""

    status = 400
    code = "invalid-cursor"
    title = "Invalid cursor"


class ConditionFailed(Exception):
    """The item did not match the condition of a write; never leaves the store.

    `may_be_applied`: an earlier try of this write got no answer, and may have changed the item.
    """

    def __init__(self, *, may_be_applied: bool = False) -> None:
        super().__init__()
        self.may_be_applied = may_be_applied
