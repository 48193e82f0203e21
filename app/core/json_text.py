"""Any text that a store returns can be written as JSON, half an emoji included.

orjson rejects a lone surrogate, which is no Unicode character but which DynamoDB Local stores. The
standard library writes and reads it as an escape, in pure ASCII. Pure.
"""

import json
from collections.abc import Callable
from typing import Any

import orjson

_COMPACT = (",", ":")


def dumps(
    document: Any, *, default: Callable[[Any], Any] | None = None, sort_keys: bool = False
) -> bytes:
    """Compact JSON; `default` converts what JSON does not have."""
    try:
        return orjson.dumps(document, default, orjson.OPT_SORT_KEYS if sort_keys else None)
    except TypeError:
        text = json.dumps(document, default=default, sort_keys=sort_keys, separators=_COMPACT)
        return text.encode()


def loads(text: str | bytes) -> Any:
    """The document in a JSON text.

    Raises:
        ValueError: it is not valid JSON.

    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
