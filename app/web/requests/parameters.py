"""What routes take from path, query and headers, checked once for all of them.

All of it is `async`, though nothing waits: FastAPI would take a thread for each that is not, five
a write (docs/results/performance.md).
"""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote, unquote_to_bytes

from fastapi import Depends, Header, Path, Query, Request
from pydantic import TypeAdapter, ValidationError

from app.core.errors import EventNotFound
from app.core.events import split_event_id
from app.store.products.model import Stamp
from app.web.errors import InvalidRequest, PreconditionRequired, ReadOnly, UnsupportedMediaType
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.fields import Moment, Note, ProductID, Reason, Reference
from app.web.services import Services, services_of

MERGE_PATCH = "application/merge-patch+json"
_NEW_ID: TypeAdapter[str] = TypeAdapter(ProductID)
KEY_BYTES = 2048  # DynamoDB's limit of a partition key


async def _services(request: Request) -> Services:
    return services_of(request)


ServicesDep = Annotated[Services, Depends(_services)]
Limit = Annotated[int, Query(ge=1, le=200, description="Most items on the page.")]
PageCursor = Annotated[str | None, Query(description="`next_cursor` of a page.")]


async def _product_id(
    product_id: Annotated[str, Path(description="The id, percent-encoded (`/` as `%2F`).")],
) -> str:
    """The id in the path, which the guards left percent-encoded."""
    try:
        decoded = unquote_to_bytes(product_id).decode()
    except UnicodeDecodeError:
        raise _bad_id("is not UTF-8") from None
    if not 1 <= len(decoded.encode()) <= KEY_BYTES:
        raise _bad_id(f"must be 1 to {KEY_BYTES} bytes long")
    return decoded


def checked_new_id(product_id: str) -> str:
    """A new product's id from the path, held to the same rules as one in a body.

    Raises:
        InvalidRequest: it breaks one.

    """
    try:
        return _NEW_ID.validate_python(product_id)
    except ValidationError as error:
        reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise _bad_id(reason) from None


def event_ref(event_id: str) -> tuple[str, str]:
    """The product and key that an event's id in the path stands for.

    Raises:
        EventNotFound: it is no event's id.

    """
    ref = split_event_id(unquote(event_id))
    if ref is None or len(ref[0].encode()) > KEY_BYTES:
        raise EventNotFound("This is not an event's id.")
    return ref


def _bad_id(reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"product_id: {reason}.",
        extra={"errors": [{"pointer": "path:product_id", "detail": reason}]},
    )


PathProductID = Annotated[str, Depends(_product_id)]


async def _as_of(
    as_of: Annotated[
        Moment | None,
        Query(
            description="The product as it was then, by its audited history: an RFC 3339 time.",
            examples=["2026-11-21T08:30:00Z"],
        ),
    ] = None,
) -> datetime | None:
    if as_of is not None and as_of > datetime.now(UTC):
        detail = "must not be in the future"
        raise InvalidRequest(
            f"as_of {detail}.", extra={"errors": [{"pointer": "?as_of", "detail": detail}]}
        )
    return as_of


AsOf = Annotated[datetime | None, Depends(_as_of)]


async def _if_match(
    if_match: Annotated[str | None, Header(description="ETag of the state you mean.")] = None,
) -> str:
    if not if_match:
        raise PreconditionRequired(
            "Send If-Match with the product's ETag, or `*` if the last write may win."
        )
    return if_match


IfMatch = Annotated[str, Depends(_if_match)]


async def _stamp(
    request: Request,
    reason: Annotated[Reason | None, Query(description="Why; kept with the event.")] = None,
    note: Annotated[Note | None, Query(description="A remark; kept with the event.")] = None,
    reference: Annotated[
        Reference | None, Query(description="Order number or URI; kept with the event.")
    ] = None,
) -> Stamp:
    return stamp_for(request, reason=reason, note=note, reference=reference)


WriteStamp = Annotated[Stamp, Depends(_stamp)]


async def writable(services: ServicesDep) -> None:
    """Let a write pass only where writing is allowed (for `dependencies=`)."""
    if services.settings.read_only:
        raise ReadOnly("STOCKPULSE_READ_ONLY is set: products are changed elsewhere.")


async def json_body(request: Request) -> None:
    """Let only JSON bodies pass (for `dependencies=`)."""
    _refuse_encoded(request)
    if _media_type(request) != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")


async def merge_patch_body(request: Request) -> None:
    """Let only merge patches pass (for `dependencies=`)."""
    _refuse_encoded(request)
    if _media_type(request) != MERGE_PATCH:
        raise UnsupportedMediaType(
            f"Send the body as {MERGE_PATCH} (RFC 7396).", headers={"Accept-Patch": MERGE_PATCH}
        )


def _refuse_encoded(request: Request) -> None:
    """A body is read as it is: what says that it is packed is another body to others."""
    if any(coding.lower() != "identity" for coding in request.headers.getlist("content-encoding")):
        raise UnsupportedMediaType(
            "Send the body without Content-Encoding.", headers={"Accept-Encoding": "identity"}
        )


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
