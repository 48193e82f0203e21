"""A rule's search of products is the query string of the list of products. Pure."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from app.readmodel.products.product_query import ProductQuery, ranges_of

LENGTH = 500  # characters
_NUMBER = re.compile(r"[-+]?[0-9]{0,20}\.?[0-9]{1,20}")
_YES, _NO = frozenset({"true", "1", "on", "yes"}), frozenset({"false", "0", "off", "no"})


def query_of(search: str) -> ProductQuery:
    """The query in a query string such as `q=mug&category=Kitchen`; its order is ignored.

    Raises:
        ValueError: it is not one that can select products; the message says why.

    """
    pairs = parse_qsl(search.removeprefix("?"), keep_blank_values=True, max_num_fields=len(_READ))
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name in given:
            raise ValueError(f"must not have {name!r} twice")
        if name not in _READ:
            raise ValueError(f"cannot have {name[:40]!r}: use {', '.join(_SELECT)}")
        may_be_empty = _READ[name] is _text  # products without a category
        given[name] = _READ[name](name, text) if text or may_be_empty else None
    if given.get("deleted"):
        raise ValueError("must not be for deleted products: nothing happens to them any more")
    return ProductQuery(
        q=given.get("q") or "",
        category=given.get("category"),
        tag=given.get("tag"),
        low=bool(given.get("low")),
        out=bool(given.get("out")),
        ranges=ranges_of(
            (given.get("min_stock"), given.get("max_stock")),
            (given.get("min_price"), given.get("max_price")),
        ),
    )


def _text(_name: str, text: str) -> str:
    return text


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValueError(f"must have `true` or `false` for {name!r}")
    return is_yes(text)


def _number(name: str, text: str) -> Decimal:
    try:
        if _NUMBER.fullmatch(text):
            return Decimal(text)
    except InvalidOperation:
        pass
    raise ValueError(f"must have a plain decimal number for {name!r}, such as 19.90")


def can_select(name: str) -> bool:
    """Whether a rule's search may have this parameter of a list."""
    return name in _SELECT


def is_yes(text: str) -> bool:
    """Whether a flag of a list is set."""
    return text.lower() in _YES


_SELECT: dict[str, Callable[[str, str], Any]] = {
    "q": _text,
    "category": _text,
    "tag": _text,
    "low": _flag,
    "out": _flag,
    "min_stock": _number,
    "max_stock": _number,
    "min_price": _number,
    "max_price": _number,
}
# The address of a list may also name its order; a search is often copied from there.
_READ = {**_SELECT, "deleted": _flag, "sort": _text}
