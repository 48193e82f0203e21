"""A filter is compiled once; matching an event reads only the fields that the filter names.

Syntax and meaning are those of filter patterns in Lambda's event source mappings: members of an
object are ANDed, values in a list are ORed, and fields that the pattern does not name are ignored.
A list in the document matches if any of its elements does; an object in a list must match as a
whole. If a member is given twice, both must match, as in an example in Lambda's documentation.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from app.filters.errors import FilterError
from app.filters.rules import Members, Number, Path, Rule, exactly, operator

# Lambda's documented limits: characters of a pattern, and filters of an event source mapping.
MAX_CHARACTERS = 4096
MAX_FILTERS = 5
# Enough for five patterns as JSON strings, with escapes and spaces.
_MAX_TEXT = 64 * 1024
# DynamoDB nests attributes up to 32 levels deep; in typed form each takes two levels of JSON.
MAX_DEPTH = 70

_NOTHING: Mapping[str, Any] = {}
_MISSING = object()


class _Whole:
    """The whole document, for `{"exists": false}`; each path is looked up only once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._known: dict[Path, bool] = {}

    def lacks(self, names: Path) -> bool:
        """Whether no leaf has this path anywhere in the document."""
        if names not in self._known:
            self._known[names] = _lacks(self._document, names)
        return self._known[names]


# Returns whether a value matches, in the document that it is part of.
_Node = Callable[[Any, _Whole], bool]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled filter: up to five patterns, at least one of which must match."""

    _filters: tuple[_Node, ...]

    def matches(self, document: Mapping[str, Any]) -> bool:
        """Whether the JSON object matches. The document is not changed."""
        whole = _Whole(document)
        return any(matches(document, whole) for matches in self._filters)


def parse_filter(text: str) -> Pattern:
    r"""The filter in `text`: a pattern, or `{"Filters": [{"Pattern": "{\"…\": …}"}]}`.

    Raises:
        FilterError: the text is neither of these, or is too long.

    """
    if len(text) > _MAX_TEXT:
        raise FilterError((), f"a filter must have at most {_MAX_TEXT} characters")
    top = _parse(text, ())
    if not any(name == "Filters" for name, _ in top.pairs):
        return Pattern((_pattern(text, ()),))
    return Pattern(tuple(_filters(top)))


def _filters(criteria: Members) -> Iterator[_Node]:
    """The patterns in a `FilterCriteria` object."""
    match criteria.pairs:
        case (("Filters", [*filters]),) if 1 <= len(filters) <= MAX_FILTERS:
            pass
        case _:
            raise FilterError(
                (), f'must have "Filters" as its only member, a list of 1 to {MAX_FILTERS} filters'
            )
    for number, given in enumerate(filters):
        path = (f"Filters[{number}]",)
        match given:
            case Members(pairs=(("Pattern", str(pattern)),)):
                yield _pattern(pattern, path)
            case _:
                raise FilterError(path, 'must be {"Pattern": "…"} with the pattern as a string')


def _pattern(text: str, path: Path) -> _Node:
    if len(text) > MAX_CHARACTERS:
        raise FilterError(path, f"a pattern must have at most {MAX_CHARACTERS} characters")
    return _object(_parse(text, path), path, path)


def _parse(text: str, path: Path) -> Members:
    def refuse(constant: str) -> NoReturn:
        raise FilterError(path, f"{constant} is not valid JSON")

    try:
        parsed = json.loads(
            text,
            parse_int=Number,
            parse_float=Number,
            parse_constant=refuse,
            object_pairs_hook=lambda pairs: Members(tuple(pairs)),
        )
    except json.JSONDecodeError as error:
        raise FilterError(
            path, f"is not valid JSON at character {error.pos + 1}: {error.msg}"
        ) from None
    except RecursionError:
        raise FilterError(path, f"is nested deeper than {MAX_DEPTH} levels") from None
    if not isinstance(parsed, Members):
        raise FilterError(path, 'must be a JSON object such as {"data": {"kind": ["updated"]}}')
    return parsed


def _object(members: Members, path: Path, root: Path) -> _Node:
    if not members.pairs:
        raise FilterError(path, "an empty object matches nothing; name at least one field")
    if len(path) - len(root) >= MAX_DEPTH:
        raise FilterError(root, f"is nested deeper than {MAX_DEPTH} levels")
    fields: list[tuple[str, _Node]] = []
    alternatives: list[_Node] = []
    for name, value in members.pairs:
        if name == "$or":
            alternatives.append(_either(value, path, root))
        else:
            fields.append((name, _field(value, (*path, name), root)))

    def matches(value: Any, whole: _Whole) -> bool:
        return any(
            all(field(found.get(name, _MISSING), whole) for name, field in fields)
            and all(either(found, whole) for either in alternatives)
            for found in _objects(value)
        )

    return matches


def _field(value: Any, path: Path, root: Path) -> _Node:
    match value:
        case Members():
            return _object(value, path, root)
        case [_, *_]:
            return _leaf(value, path, root)
        case []:
            raise FilterError(path, "an empty list matches nothing; give at least one value")
        case _:
            raise FilterError(path, "values must be in a list, even a single value")


def _either(value: Any, path: Path, root: Path) -> _Node:
    match value:
        case [Members(), Members(), *rest] if all(isinstance(one, Members) for one in rest):
            nodes = [_object(one, (*path, "$or"), root) for one in value]
            return lambda found, whole: any(node(found, whole) for node in nodes)
        case _:
            raise FilterError((*path, "$or"), "must be a list of two or more objects")


def _leaf(values: Sequence[Any], path: Path, root: Path) -> _Node:
    rules = [_rule(value, path) for value in values]
    present = [rule for rule in rules if rule is not None]
    if len(present) == len(rules):
        return lambda value, _: any(rule(one) for one in _scalars(value) for rule in present)
    names = tuple(name for name in path[len(root) :] if name != "$or")
    return lambda value, whole: (
        any(rule(one) for one in _scalars(value) for rule in present) or whole.lacks(names)
    )


def _rule(value: Any, path: Path) -> Rule | None:
    """The rule of one value in a list; None for `{"exists": false}`."""
    match value:
        case Members(pairs=(("exists", bool(wanted)),)):
            return (lambda _: True) if wanted else None
        case Members(pairs=(("exists", _),)):
            raise FilterError(path, '"exists" must be true or false')
        case Members(pairs=((name, operand),)):
            return operator(name, operand, path)
        case Members():
            raise FilterError(path, 'an object must have exactly one operator: {"prefix": "A"}')
        case list():
            raise FilterError(path, "a list cannot contain a list")
        case _:
            return exactly(value)


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Objects that an object pattern may match: the value, or those in a list, at any depth.

    If the value is not an object, an empty object too, so that `{"exists": false}` matches.
    """
    if isinstance(value, Mapping):
        yield value
        return
    if isinstance(value, list):
        for element in value:
            yield from _objects(element)
    yield _NOTHING


def _scalars(value: Any) -> Iterator[Any]:
    """Scalars that a rule may match: the value, or those in a list. An object is not a leaf."""
    if isinstance(value, list):
        for element in value:
            yield from _scalars(element)
    elif value is not _MISSING and not isinstance(value, Mapping):
        yield value


def _lacks(value: Any, names: Path) -> bool:
    if not names:
        return next(_scalars(value), _MISSING) is _MISSING
    return all(_lacks(found.get(names[0], _MISSING), names[1:]) for found in _objects(value))
