"""A rule tests one scalar of a document, exactly or with a comparison operator.

Strings are compared character by character, without normalization. Exact numbers are compared as
text, as Lambda documents: 300, 300.0 and 3.0e2 are three different values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from app.filters.errors import FilterError

Path = tuple[str, ...]
Rule = Callable[[Any], bool]

# EventBridge compares only numbers from -5.0e9 to 5.0e9.
_LARGEST = Decimal("5.0e9")

_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written in the pattern."""

    text: str


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON object's members in order; a name can occur more than once."""

    pairs: tuple[tuple[str, Any], ...]


def is_number(value: Any) -> bool:
    """Whether a value of the document is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def exactly(wanted: Any) -> Rule:
    """The rule for a string, number, true, false or null in a pattern."""
    if isinstance(wanted, Number):
        digits = wanted.text
        return lambda value: is_number(value) and str(value) == digits
    if isinstance(wanted, str):
        return lambda value: isinstance(value, str) and value == wanted
    return lambda value: value is wanted


def operator(name: str, operand: Any, path: Path) -> Rule:
    """The rule for `{name: operand}`, except `exists`.

    Raises:
        FilterError: the operator does not exist, or the operand is not valid for it.

    """
    match name:
        case "prefix" | "suffix" | "equals-ignore-case":
            return _text_rule(name, operand, path)
        case "numeric":
            return _numeric(operand, path)
        case "anything-but":
            excluded = _excluded(operand, path)
            return lambda value: not any(rule(value) for rule in excluded)
        case _:
            raise FilterError(
                path,
                f'there is no operator "{name}"; use anything-but, equals-ignore-case, exists, '
                "numeric, prefix or suffix",
            )


def _text_rule(name: str, operand: Any, path: Path) -> Rule:
    if isinstance(operand, Members) and name != "equals-ignore-case":
        match operand.pairs:
            case (("equals-ignore-case", str(inner)),):
                folded = inner.lower()
                test = str.startswith if name == "prefix" else str.endswith
                return lambda value: isinstance(value, str) and test(value.lower(), folded)
    if not isinstance(operand, str):
        raise FilterError(path, f'"{name}" needs a string')
    if name == "prefix":
        return lambda value: isinstance(value, str) and value.startswith(operand)
    if name == "suffix":
        return lambda value: isinstance(value, str) and value.endswith(operand)
    folded_operand = operand.lower()
    return lambda value: isinstance(value, str) and value.lower() == folded_operand


def _excluded(operand: Any, path: Path) -> list[Rule]:
    """What `anything-but` excludes: values, or what one of three operators matches."""
    if isinstance(operand, Members) and len(operand.pairs) == 1:
        ((name, inner),) = operand.pairs
        if name in {"prefix", "suffix", "equals-ignore-case"}:
            texts = inner if isinstance(inner, list) and inner else [inner]
            return [_text_rule(name, text, path) for text in texts]
    values = operand if isinstance(operand, list) else [operand]
    for kind in (str, Number):
        if values and all(isinstance(value, kind) for value in values):
            return [exactly(value) for value in values]
    raise FilterError(
        path,
        '"anything-but" needs a string, a number, a list of only strings or only numbers, '
        "or one of prefix, suffix and equals-ignore-case",
    )


def _numeric(operand: Any, path: Path) -> Rule:
    match operand:
        case ["=" | "<" | "<=" | ">" | ">=" as sign, Number() as bound]:
            compare, limit = _COMPARISONS[sign], _bound(bound, path)
            return lambda value: is_number(value) and compare(_exact(value), limit)
        case [">" | ">=" as low, Number() as bottom, "<" | "<=" as high, Number() as top]:
            above, below = _COMPARISONS[low], _COMPARISONS[high]
            least, greatest = _bound(bottom, path), _bound(top, path)
            if least < greatest:
                return lambda value: (
                    is_number(value)
                    and above(_exact(value), least)
                    and below(_exact(value), greatest)
                )
            raise FilterError(path, f"no number is between {bottom.text} and {top.text}")
        case _:
            raise FilterError(
                path,
                '"numeric" needs a comparison such as ["=", 100] or [">", 10], '
                'or a range such as [">", 10, "<=", 20]',
            )


def _bound(number: Number, path: Path) -> Decimal:
    try:
        value = Decimal(number.text)
    except InvalidOperation:  # an exponent of more than 18 digits
        value = Decimal("Infinity")
    if abs(value) > _LARGEST:
        raise FilterError(path, f"{number.text} is not between -5.0e9 and 5.0e9")
    return value


def _exact(value: float) -> Decimal:
    """The number as written in JSON (301.8), not the nearest binary fraction."""
    return Decimal(value if isinstance(value, int) else repr(value))
