"""DynamoDB expressions over an item, as far as the store uses them; paths lead through maps."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tests.support.fakes.fake_errors import fault
from tests.support.fakes.fake_parser import Node, parse_update

Item = dict[str, Any]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Scope:
    """An expression's names and values over one item."""

    def __init__(self, item: Item, names: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self.item = item
        self._names = names
        self._values = values

    def name(self, node: Node) -> str:
        """The name of a top-level attribute."""
        (name,) = self.path(node)
        return name

    def path(self, node: Node) -> list[str]:
        """The names from the attribute to the value in its maps."""
        parts = str(node[1]).split(".")
        return [self._names[part] if part.startswith("#") else part for part in parts]

    def value(self, node: Node) -> Any:
        """An operand in typed form; None where the attribute is missing."""
        match node[0]:
            case "value":
                return self._values[node[1]]
            case "name":
                return _found(self.item, self.path(node))
            case "if_not_exists":
                found = self.value(node[1])
                return self.value(node[2]) if found is None else found
            case "size":
                found = self.value(node[1])
                return None if found is None else {"N": str(len(next(iter(found.values()))))}
            case "+" | "-":
                left, right = (Decimal(self.value(part)["N"]) for part in node[1:])
                return {"N": str(left + right if node[0] == "+" else left - right)}
        raise NotImplementedError(f"operand {node!r}")

    def holds(self, node: Node) -> bool:
        match node[0]:
            case "or":
                return self.holds(node[1]) or self.holds(node[2])
            case "and":
                return self.holds(node[1]) and self.holds(node[2])
            case "not":
                return not self.holds(node[1])
            case "attribute_exists":
                return self.value(node[1]) is not None
            case "attribute_not_exists":
                return self.value(node[1]) is None
            case "attribute_type":
                return self.value(node[1]) is not None and self.value(node[2])["S"] in self.value(
                    node[1]
                )
            case "begins_with":
                found, start = self.value(node[1]), self.value(node[2])
                return found is not None and str(found["S"]).startswith(start["S"])
            case "contains":
                found, part = self.value(node[1]), self.value(node[2])
                return found is not None and part["S"] in next(iter(found.values()))
        return self._compares(node)

    def _compares(self, node: Node) -> bool:
        match node:
            case ("compare", operator, left, right):
                return self._compare(operator, left, right)
            case ("between", value, low, high):
                return self._compare(">=", value, low) and self._compare("<=", value, high)
            case ("in", value, *members):
                return any(self._compare("=", value, member) for member in members)
        raise NotImplementedError(f"condition {node!r}")

    def _compare(self, operator: str, left: Node, right: Node) -> bool:
        a, b = self.value(left), self.value(right)
        if a is None or b is None or a.keys() != b.keys():
            return operator == "<>"
        ((kind, one),), ((_, other),) = a.items(), b.items()
        if kind == "N":
            one, other = Decimal(one), Decimal(other)
        return _COMPARE[operator](one, other)


def updated(item: Item, text: str, names: Mapping[str, str], values: Mapping[str, Any]) -> Item:
    """The item after an update; every right-hand side reads the item as it was before."""
    scope = Scope(item, names, values)
    after = dict(item)
    for section, target, value in parse_update(text):
        path = scope.path(target)
        match section:
            case "SET":
                after = _changed(after, path, scope.value(value))
            case "REMOVE":
                after = _changed(after, path, None)
            case "ADD" if "N" in scope.value(value):
                before = Decimal((_found(item, path) or {"N": "0"})["N"])
                total = {"N": str(before + Decimal(scope.value(value)["N"]))}
                after = _changed(after, path, total)
            case _:
                raise NotImplementedError(f"{section} of {path}")
    return after


def _found(item: Item, path: list[str]) -> Any:
    value: Any = item.get(path[0])
    for name in path[1:]:
        value = (value or {}).get("M", {}).get(name)
    return value


def _changed(item: Item, path: list[str], value: Any) -> Item:
    """A copy with the value at the path (None: without it); maps on the way must be there."""
    name, *rest = path
    if rest:
        if "M" not in item.get(name, {}):
            raise fault("ValidationException", "The document path provided is invalid")
        value = {"M": _changed(item[name]["M"], rest, value)}
    kept = {other: found for other, found in item.items() if other != name or value is not None}
    return kept if value is None else {**kept, name: value}


def key_equals(node: Node, key: str, scope: Scope) -> Any:
    """The partition key value that a key condition requires."""
    match node:
        case ("and", left, right):
            found = key_equals(left, key, scope)
            return key_equals(right, key, scope) if found is None else found
        case ("compare", "=", left, right) if left[0] == "name" and scope.name(left) == key:
            return scope.value(right)
    return None
