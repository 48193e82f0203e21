"""An audit entry that Stockpulse cannot have written is told of and passed over: it hides no other.

Whoever may write to the audit table can leave such a row. `stockpulse verify` names it.
"""

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

Entry = Mapping[str, Any]

# What reading an item of another shape comes to.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, zlib.error)


def readable_entries(read: Callable[[Entry], T], entries: Iterable[Entry]) -> Iterator[T]:
    """What `read` makes of each entry that it can make something of."""
    for entry in entries:
        try:
            made = read(entry)
        except MALFORMED as error:
            _log.error(
                "the audit entry %s of product %r is damaged and not shown (%s: %s): see what "
                "`stockpulse verify` says",
                entry["EventKey"]["S"],
                entry.get("ProductID", {}).get("S"),
                type(error).__name__,
                error,
            )
        else:
            yield made
