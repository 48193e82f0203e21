"""The grammar of DynamoDB's expressions, as far as the store uses it.

Any other expression raises `NotImplementedError`: a fake that guesses proves nothing.
"""

import re
from functools import cache
from typing import Any

Node = tuple[Any, ...]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+\-]|[#:]?[A-Za-z_]\w*(?:\.#?[A-Za-z_]\w*)*)")
_COMPARISONS = {"=", "<>", "<", "<=", ">", ">="}
_FUNCTIONS = {
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
}


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
        if operator not in _COMPARISONS:
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
