"""A route of the API takes nothing that it does not know: a filter that is misspelt would lie.

Its query parameters are those of its own signature, and its JSON body is read exactly
(`app.web.requests.strict_route`).
"""

import json
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from app.web.errors import UnknownParameter

_MAX_DIGITS = 100  # of an integer; every field takes far fewer


def loads(body: bytes) -> Any:
    """The value of a JSON text; numbers with a fraction or an exponent as `Decimal`.

    A number that no field could hold becomes an infinity, so that the field's own check names it.

    Raises:
        json.JSONDecodeError: it is not JSON, or could be read in two ways.

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
            raise json.JSONDecodeError(f"The name {name!r} comes twice", "", 0)
        members[name] = value
    return members


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _decimal(digits: str) -> Decimal | float:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond even a Decimal's
        return float("inf")


_MAX_NAMED = 20  # in one answer: an address can hold thousands


class StrictRoute(APIRoute):
    """For `APIRouter(route_class=)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, over a request that was looked at, and reads its body our way."""
        handle = super().get_route_handler()
        known = sorted(
            field.alias
            for field in get_flat_params(self.dependant)
            if isinstance(field.field_info, Query)
        )

        async def handle_exactly(request: Request) -> Response:
            if request.scope["query_string"]:
                refuse_unknown(request.query_params, known)
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_exactly


class _StrictRequest(Request):
    async def json(self) -> Any:
        return loads(await self.body())


def refuse_unknown(sent: Iterable[str], known: list[str]) -> None:
    """Let only known names pass.

    Raises:
        UnknownParameter: others were sent; it names them, and those that are known.

    """
    unknown = sorted(set(sent).difference(known))[:_MAX_NAMED]
    if not unknown:
        return
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    raise UnknownParameter(
        f"This address does not know {', '.join(unknown)}: {takes}.",
        extra={"errors": [{"pointer": f"?{name}", "detail": "unknown"} for name in unknown]},
    )
