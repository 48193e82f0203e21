"""A JSON body is read exactly; what two readers could take differently is refused.

That is text that is not UTF-8, a name that comes twice, and nesting beyond all sense.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

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
