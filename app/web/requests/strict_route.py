"""An API route rejects unknown query parameters: a misspelt filter would return wrong results.

The known parameters are those of the route's signature. JSON bodies are parsed exactly: numbers
keep all digits, and a name may not occur twice in an object.
"""

import json
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query

from app.web.errors import UnknownParameter
from app.web.requests.queued_route import QueuedRoute

_MAX_DIGITS = 100  # of an integer; the limit of every field is far lower


def loads(body: bytes) -> Any:
    """The value of a JSON text; numbers with a fraction or an exponent become `Decimal`.

    A number too large for any field becomes infinity, so that the field's validation reports it.

    Raises:
        json.JSONDecodeError: it is not JSON, or an object has the same name twice.

    """
    try:
        return json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("It is not UTF-8", "", error.start) from None
    except RecursionError:
        raise json.JSONDecodeError("It is nested too deeply", "", 0) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise json.JSONDecodeError(f"The name {name!r} occurs twice", "", 0)
        members[name] = value
    return members


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _decimal(digits: str) -> Decimal | float:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent too large even for Decimal
        return float("inf")


_MAX_NAMED = 20  # in one response: a URL can contain thousands


class StrictRoute(QueuedRoute):
    """For `APIRouter(route_class=)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with the query checked and the body parsed by `loads`."""
        handle = super().get_route_handler()
        known = sorted(
            field.alias
            for field in get_flat_params(self.dependant)
            if isinstance(field.field_info, Query)
        )

        async def handle_strictly(request: Request) -> Response:
            if request.scope["query_string"]:
                refuse_unknown(request.query_params, known)
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_strictly


class _StrictRequest(Request):
    async def json(self) -> Any:
        return loads(await self.body())


def refuse_unknown(sent: Iterable[str], known: list[str]) -> None:
    """Reject parameters that are not `known`.

    Raises:
        UnknownParameter: lists the unknown parameters and the known ones.

    """
    unknown = sorted(set(sent).difference(known))[:_MAX_NAMED]
    if not unknown:
        return
    raise UnknownParameter(
        f"Unknown query parameters: {', '.join(unknown)}. "
        f"This endpoint accepts: {', '.join(known) or 'none'}.",
        extra={"errors": [{"pointer": f"?{name}", "detail": "unknown"} for name in unknown]},
    )
