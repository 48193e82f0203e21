"""An audit entry that Stockpulse cannot have written is logged and skipped.

Other entries are unaffected. Anyone with write access to the audit table can create such a row;
`stockpulse verify` reports it.
"""

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

Entry = Mapping[str, Any]

# The errors that reading an item of another shape raises.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, zlib.error)


def readable_entries(read: Callable[[Entry], T], entries: Iterable[Entry]) -> Iterator[T]:
    """The result of `read` for each entry that can be read."""
    for entry in entries:
        try:
            made = read(entry)
        except MALFORMED as error:
            _log.error(
                "audit entry %s of product %r is damaged and skipped (%s: %s): run "
                "`stockpulse verify` for details",
                entry["EventKey"]["S"],
                entry.get("ProductID", {}).get("S"),
                type(error).__name__,
                error,
            )
        else:
            yield made
