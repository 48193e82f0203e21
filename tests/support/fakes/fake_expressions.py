"""DynamoDB expressions over top-level attributes, as far as the store uses them.

Any other expression raises `NotImplementedError`: a fake that guesses proves nothing.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Item = dict[str, Any]
Node = tuple[Any, ...]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+\-]|[#:]?[A-Za-z_][A-Za-z0-9_]*)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_FUNCTIONS = {"attribute_exists", "attribute_not_exists", "begins_with", "contains"}


class _Parser:
    """Recursive descent over one expression's tokens."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        text = text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise NotImplementedError(f"expression {text!r} at {text[at:]!r}")
            self.tokens.append(match[1])
            at = match.end()

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, expected: str | None = None) -> str:
        token = self.tokens.pop(0) if self.tokens else ""
        if not token or (expected is not None and token.upper() != expected):
            raise NotImplementedError(f"{token!r} instead of {expected or 'another token'}")
        return token

    def condition(self) -> Node:
        node = self._both()
        while self.peek().upper() == "OR":
            self.take()
            node = ("or", node, self._both())
        return node

    def _both(self) -> Node:
        node = self._single()
        while self.peek().upper() == "AND":
            self.take()
            node = ("and", node, self._single())
        return node

    def _single(self) -> Node:
        token = self.peek()
        if token.upper() == "NOT":
            self.take()
            return ("not", self._single())
        if token == "(":
            self.take()
            node = self.condition()
            self.take(")")
            return node
        if token in _FUNCTIONS:
            return self.call()
        left = self.operand()
        operator = self.take().upper()
        if operator == "BETWEEN":
            low = self.operand()
            self.take("AND")
            return ("between", left, low, self.operand())
        if operator == "IN":
            self.take("(")
            return ("in", left, *self._rest_of_call())
        if operator not in _COMPARE:
            raise NotImplementedError(f"operator {operator!r}")
        return ("compare", operator, left, self.operand())

    def call(self) -> Node:
        name = self.take()
        self.take("(")
        return (name, *self._rest_of_call())

    def _rest_of_call(self) -> list[Node]:
        given = [self.operand()]
        while self.peek() == ",":
            self.take()
            given.append(self.operand())
        self.take(")")
        return given

    def operand(self) -> Node:
        if self.peek() in {"size", "if_not_exists"}:
            return self.call()
        token = self.take()
        return ("value" if token.startswith(":") else "name", token)

    def update(self) -> list[Node]:
        """(section, name, expression) of each action."""
        actions: list[Node] = []
        while self.tokens:
            section = self.take().upper()
            if section not in {"SET", "REMOVE", "ADD", "DELETE"}:
                raise NotImplementedError(f"section {section!r}")
            while True:
                actions.append(self._action(section))
                if self.peek() != ",":
                    break
                self.take()
        return actions

    def _action(self, section: str) -> Node:
        target = self.operand()
        if section == "REMOVE":
            return (section, target, None)
        if section != "SET":
            return (section, target, self.operand())
        self.take("=")
        value = self.operand()
        if self.peek() in {"+", "-"}:
            value = (self.take(), value, self.operand())
        return (section, target, value)


@cache
def parse_condition(text: str) -> Node:
    """The condition's tree."""
    parser = _Parser(text)
    node = parser.condition()
    if parser.tokens:
        raise NotImplementedError(f"{parser.tokens} after the end of {text!r}")
    return node


@cache
def parse_update(text: str) -> tuple[Node, ...]:
    """The update's actions."""
    return tuple(_Parser(text).update())


class Scope:
    """An expression's names and values over one item."""

    def __init__(self, item: Item, names: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self.item = item
        self._names = names
        self._values = values

    def name(self, node: Node) -> str:
        token = str(node[1])
        return self._names[token] if token.startswith("#") else token

    def value(self, node: Node) -> Any:
        """An operand in typed form; None where the attribute is missing."""
        match node[0]:
            case "value":
                return self._values[node[1]]
            case "name":
                return self.item.get(self.name(node))
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
        name = scope.name(target)
        match section:
            case "SET":
                after[name] = scope.value(value)
            case "REMOVE":
                after.pop(name, None)
            case "ADD" if "N" in scope.value(value):
                before = Decimal(item.get(name, {"N": "0"})["N"])
                after[name] = {"N": str(before + Decimal(scope.value(value)["N"]))}
            case _:
                raise NotImplementedError(f"{section} of {name}")
    return after


def key_equals(node: Node, key: str, scope: Scope) -> Any:
    """The partition key value that a key condition requires."""
    match node:
        case ("and", left, right):
            found = key_equals(left, key, scope)
            return key_equals(right, key, scope) if found is None else found
        case ("compare", "=", left, right) if left[0] == "name" and scope.name(left) == key:
            return scope.value(right)
    return None
