"""What only the web side can object to; the store's errors are in `app.store.errors`."""

from app.store.errors import StockpulseError


class PreconditionRequired(StockpulseError):
    """A write came without saying which state of the product it means."""

    status = 428
    code = "precondition-required"
    title = "If-Match is required"


class UnsupportedMediaType(StockpulseError):
    """The body is of a type that the route does not read."""

    status = 415
    code = "unsupported-media-type"
    title = "Unsupported content type"


class MalformedJSON(StockpulseError):
    """The body is not JSON, or could be read in two ways."""

    status = 400
    code = "malformed-json"
    title = "The body is not JSON"


class InvalidRequest(StockpulseError):
    """A part of the request is not what the route takes; `errors` names each."""

    status = 422
    code = "invalid-request"
    title = "The request is not valid"


class ReadOnly(StockpulseError):
    """This deployment never writes to the products table."""

    status = 403
    code = "read-only"
    title = "Stockpulse is read-only here"


class BodyTooLarge(StockpulseError):
    """The body exceeds the limit."""

    status = 413
    code = "body-too-large"
    title = "The request body is too large"


class RateLimited(StockpulseError):
    """More requests than a minute may bring."""

    status = 429
    code = "rate-limited"
    title = "Too many requests"


class HostNotAllowed(StockpulseError):
    """The Host header names a machine that we are not."""

    status = 421
    code = "host-not-allowed"
    title = "Unknown host"


class CrossOrigin(StockpulseError):
    """A page of another origin tried to write."""

    status = 403
    code = "cross-origin"
    title = "Writes from other origins are refused"
