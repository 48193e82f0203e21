"""Path, query and header parameters are declared and validated here, for all routes.

The functions are `async` although they do not wait: FastAPI runs every other dependency in a
thread, which would be five threads per write (docs/results/performance.md).
"""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote, unquote_to_bytes

from fastapi import Depends, Path, Query, Request
from pydantic import TypeAdapter, ValidationError

from app.core.errors import EventNotFound
from app.core.events import Reason, split_event_id
from app.core.keys import ID_BYTES
from app.store.products.model import Stamp
from app.web.errors import InvalidRequest, ReadOnly, UnsupportedMediaType
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.fields import Moment, Note, ProductID, Reference
from app.web.schemas.product_ids import IDCase, check_standard
from app.web.services import Services, services_of

MERGE_PATCH = "application/merge-patch+json"
_NEW_ID: TypeAdapter[str] = TypeAdapter(ProductID)


async def _services(request: Request) -> Services:
    return services_of(request)


ServicesDep = Annotated[Services, Depends(_services)]
Limit = Annotated[
    int,
    Query(
        ge=1,
        le=200,
        description="The maximum number of items to return, 1 to 200. A page of large items ends "
        "after about 4 MiB: follow `next_cursor`.",
    ),
]
ListLimit = Annotated[
    int | None,
    Query(
        ge=1,
        le=200,
        description="The maximum number of items to return, 1 to 200; 50 by default. A page of "
        "large items ends after about 4 MiB: follow `next_cursor`. CSV and NDJSON have all items "
        "by default.",
    ),
]
PageCursor = Annotated[
    str | None,
    Query(description="The `next_cursor` of the previous page. Omit it to get the first page."),
]


RawProductID = Annotated[
    str, Path(description="The product's id, percent-encoded: `/` is written `%2F`.")
]


def decoded_id(product_id: str) -> str:
    """The product id from a path, which `RequestGuard` left percent-encoded.

    Raises:
        InvalidRequest: it is not UTF-8, or too long for a key.

    """
    try:
        decoded = unquote_to_bytes(product_id).decode()
    except UnicodeDecodeError:
        raise _bad_id("must be UTF-8") from None
    if not 1 <= len(decoded.encode()) <= ID_BYTES:
        raise _bad_id(f"must be 1 to {ID_BYTES} bytes long")
    return decoded


EventID = Annotated[str, Path(description="The event's id.")]


def checked_new_id(product_id: str, case: IDCase) -> str:
    """A new product's id from the path; the same rules apply as for an id in a body.

    Raises:
        InvalidRequest: the id breaks one of them.

    """
    try:
        return in_case(_NEW_ID.validate_python(product_id), case, "path:product_id")
    except ValidationError as error:
        reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise _bad_id(reason) from None


def in_case(product_id: str, case: IDCase, pointer: str = "/product_id") -> str:
    """A new product's id, in the letter case of this deployment.

    Raises:
        InvalidRequest: it is in another one.

    """
    try:
        return check_standard(product_id, case)
    except ValueError as error:
        raise _bad_id(str(error), pointer) from None


def event_ref(event_id: str) -> tuple[str, str]:
    """The product id and event key that an event id in the path encodes.

    Raises:
        EventNotFound: the path does not contain an event id.

    """
    ref = split_event_id(unquote(event_id))
    if ref is None or len(ref[0].encode()) > ID_BYTES:
        raise EventNotFound("This is not an event id.")
    return ref


def _bad_id(reason: str, pointer: str = "path:product_id") -> InvalidRequest:
    return InvalidRequest(
        f"product_id: {reason}.", extra={"errors": [{"pointer": pointer, "detail": reason}]}
    )


async def _product_id(product_id: RawProductID) -> str:
    return decoded_id(product_id)


PathProductID = Annotated[str, Depends(_product_id)]

AsOf = Annotated[
    Moment | None,
    Query(
        description="Return the product as it was at this time, reconstructed from its audit "
        "history. An RFC 3339 time that is not in the future.",
        examples=["2026-11-21T08:30:00Z"],
    ),
]


AsOfList = Annotated[
    Moment | None,
    Query(
        description="List the products as they were at this time, deleted ones included that "
        "existed then. An RFC 3339 time that is not in the future.",
        examples=["2026-11-21T08:30:00Z"],
    ),
]


def past(as_of: datetime) -> datetime:
    """The time itself.

    Raises:
        InvalidRequest: it is in the future.

    """
    if as_of > datetime.now(UTC):
        detail = "must not be in the future"
        raise InvalidRequest(
            f"as_of {detail}.", extra={"errors": [{"pointer": "?as_of", "detail": detail}]}
        )
    return as_of


async def _stamp(
    request: Request,
    reason: Annotated[
        Reason | None, Query(description="Why the product changes. Recorded with the event.")
    ] = None,
    note: Annotated[
        Note | None, Query(description="A comment, up to 500 characters. Recorded with the event.")
    ] = None,
    reference: Annotated[
        Reference | None,
        Query(description="An order number, URI or similar. Recorded with the event."),
    ] = None,
) -> Stamp:
    return stamp_for(request, reason=reason, note=note, reference=reference)


WriteStamp = Annotated[Stamp, Depends(_stamp)]


async def writable(request: Request) -> None:
    """Reject writes in a read-only deployment (for `needs`)."""
    if services_of(request).settings.read_only:
        raise ReadOnly("STOCKPULSE_READ_ONLY is set, so products cannot be changed here.")


async def administrable(request: Request) -> None:
    """Reject the pages' forms of administration in a read-only deployment (for `needs`)."""
    if services_of(request).settings.read_only:
        raise ReadOnly(
            "STOCKPULSE_READ_ONLY is set, so the pages change nothing. Use the command line: "
            "`stockpulse sinks` and `stockpulse key`."
        )


async def json_body(request: Request) -> None:
    """Reject bodies that are not JSON (for `needs`)."""
    _refuse_encoded(request)
    if _media_type(request) != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")


async def merge_patch_body(request: Request) -> None:
    """Reject bodies that are not merge patches (for `needs`)."""
    _refuse_encoded(request)
    if _media_type(request) != MERGE_PATCH:
        raise UnsupportedMediaType(
            f"Send the body as {MERGE_PATCH} (RFC 7396).", headers={"Accept-Patch": MERGE_PATCH}
        )


def _refuse_encoded(request: Request) -> None:
    """Content-Encoding is not supported: a proxy that decodes it would see a different body."""
    if any(coding.lower() != "identity" for coding in request.headers.getlist("content-encoding")):
        raise UnsupportedMediaType(
            "Send the body without Content-Encoding.", headers={"Accept-Encoding": "identity"}
        )


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
