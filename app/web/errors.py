"""What only the web side can object to; the store's errors are in `app.core.errors`."""

from app.core.errors import StockpulseError


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


class UnknownParameter(StockpulseError):
    """The query has a parameter that this address does not know; `errors` names each."""

    status = 422
    code = "unknown-parameter"
    title = "Unknown query parameter"


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


class TooManyOfYourStreams(StockpulseError):
    """One key or person follows as many live streams as they may."""

    status = 429
    code = "too-many-of-your-streams"
    title = "Too many live streams of yours"


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


class Unauthenticated(StockpulseError):
    """The request carries no credentials, or none that are good."""

    status = 401
    code = "unauthenticated"
    title = "Credentials are needed"

    def __init__(self, detail: str, *, refused: bool = False) -> None:
        """`refused`: there was a key, and it does not let in (RFC 6750)."""
        fault = ', error="invalid_token"' if refused else ""
        super().__init__(detail, headers={"WWW-Authenticate": f'Bearer realm="stockpulse"{fault}'})


class RoleNeeded(StockpulseError):
    """Whoever asks may not do this."""

    status = 403
    code = "role-needed"
    title = "Your role does not allow this"


class TokenNeeded(StockpulseError):
    """A form came from a session without the token that its page carries."""

    status = 403
    code = "csrf-token-needed"
    title = "The form's token is missing or old"
