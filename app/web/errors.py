"""Errors that only the web side raises; the others are in `app.core.errors`."""

from app.core.errors import StockpulseError


class InternalError(StockpulseError):
    """Something went wrong on the server. Its log has the details under this request id."""

    def __init__(self) -> None:
        super().__init__(
            "Something went wrong on the server. Its log has the details under this request id."
        )


class PreconditionRequired(StockpulseError):
    """The write does not name the version of the product that it changes."""

    status = 428
    code = "precondition-required"
    title = "If-Match is required"


class UnsupportedMediaType(StockpulseError):
    """The endpoint does not accept a body of this content type or encoding."""

    status = 415
    code = "unsupported-media-type"
    title = "Unsupported content type"


class MalformedJSON(StockpulseError):
    """The body is not valid JSON, or is ambiguous (a repeated name, for example)."""

    status = 400
    code = "malformed-json"
    title = "The body is not valid JSON"


class InvalidRequest(StockpulseError):
    """The request is not valid. `errors` lists each invalid field."""

    status = 422
    code = "invalid-request"
    title = "The request is not valid"


class UnknownParameter(StockpulseError):
    """The endpoint does not have this query parameter. `errors` lists each unknown one."""

    status = 422
    code = "unknown-parameter"
    title = "Unknown query parameter"


class ChangeNotRecorded(StockpulseError):
    """The change is not in the history yet, or the form changed nothing. Try again in a moment."""

    status = 409
    code = "change-not-recorded"
    title = "There is nothing to undo yet"

    def __init__(self) -> None:
        super().__init__(self.__doc__ or "")


class AccessNotFound(StockpulseError):
    """No key or sign-in link has this id. It may be revoked already: see the list."""

    status = 404
    code = "access-not-found"
    title = "Key or link not found"


class ReadOnly(StockpulseError):
    """This deployment does not write to the products table."""

    status = 403
    code = "read-only"
    title = "This deployment is read-only"


class BodyTooLarge(StockpulseError):
    """The body exceeds the size limit."""

    status = 413
    code = "body-too-large"
    title = "The request body is too large"


class RateLimited(StockpulseError):
    """The rate limit is exceeded. Wait for `Retry-After` seconds."""

    status = 429
    code = "rate-limited"
    title = "Too many requests"


class TooManyOfYourStreams(StockpulseError):
    """This key or person has the maximum number of live streams open."""

    status = 429
    code = "too-many-of-your-streams"
    title = "You have too many live streams open"


class TooManyOfYourWrites(StockpulseError):
    """This key or person has the maximum number of writes waiting. The write was not applied."""

    status = 429
    code = "too-many-of-your-writes"
    title = "You have too many writes waiting"


class TooManyWrites(StockpulseError):
    """The write waited too long for other writes, and was not applied."""

    status = 503
    code = "too-many-writes"
    title = "Too many writes are waiting"


class ExportNotFound(StockpulseError):
    """The caller has no export with this id. Exports are deleted after an hour."""

    status = 404
    code = "export-not-found"
    title = "Export not found"


class ExportNotReady(StockpulseError):
    """The export is still being built, or has failed."""

    status = 409
    code = "export-not-ready"
    title = "The export has no file yet"


class ExportTooLarge(StockpulseError):
    """The query has more rows than a spreadsheet. Narrow it, or export CSV or NDJSON."""

    status = 422
    code = "export-too-large"
    title = "Too many rows for a spreadsheet"


class TooManyOfYourExports(StockpulseError):
    """This key or person has the maximum number of exports. Download or delete one."""

    status = 429
    code = "too-many-of-your-exports"
    title = "You have too many exports"


class TooManyExports(StockpulseError):
    """The server has the maximum number of exports. Try again later."""

    status = 503
    code = "too-many-exports"
    title = "Too many exports are being made"


class HostNotAllowed(StockpulseError):
    """The Host header does not name this server."""

    status = 421
    code = "host-not-allowed"
    title = "Host not allowed"


class CrossOrigin(StockpulseError):
    """A page of another origin tried to write."""

    status = 403
    code = "cross-origin"
    title = "Cross-origin writes are not allowed"


class Unauthenticated(StockpulseError):
    """The request has no credentials, or they are not valid."""

    status = 401
    code = "unauthenticated"
    title = "Authentication is required"

    def __init__(self, detail: str, *, refused: bool = False) -> None:
        """`refused`: the request has a key, but the key is not valid (RFC 6750)."""
        error = ', error="invalid_token"' if refused else ""
        super().__init__(detail, headers={"WWW-Authenticate": f'Bearer realm="stockpulse"{error}'})


class RoleNeeded(StockpulseError):
    """The caller's role does not allow this request."""

    status = 403
    code = "role-needed"
    title = "Your role does not allow this"


class TokenNeeded(StockpulseError):
    """A session sent a write without a valid CSRF token from one of its pages."""

    status = 403
    code = "csrf-token-needed"
    title = "The form has expired"
