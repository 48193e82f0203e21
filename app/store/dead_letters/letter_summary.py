"""The newest dead letters and their number by sink come from one bounded read. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.events import event_id
from app.core.keys import id_in
from app.store.coordination.sink_row import AUDIT

SHOWN = 50


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter, without the record."""

    sink: str
    product_id: str
    key: str
    error: str
    seen_at: str
    attempts: int | None
    due: bool  # a redrive was asked for

    @property
    def event_id(self) -> str | None:
        """The id of the event that it refers to; None for the audit's, which have no event."""
        return None if self.sink == AUDIT else event_id(self.product_id, self.key)


@dataclass(frozen=True, slots=True)
class DeadLetterSummary:
    """The newest of the letters that were read; `more`: the table has others."""

    newest: Sequence[DeadLetter]
    by_sink: Mapping[str, int]
    more: bool


def summary(rows: Sequence[Mapping[str, Any]], *, more: bool) -> DeadLetterSummary:
    """The summary of these rows of `DeadLetters`."""
    letters = []
    for row in rows:
        attempts = row.get("Attempts", {}).get("N")
        sink, _, key = _text(row, "SinkKey").partition("#")
        letters.append(
            DeadLetter(
                sink=sink,
                product_id=id_in(row),
                key=key,
                error=_text(row, "Error"),
                seen_at=_text(row, "LastSeenAt"),
                attempts=None if attempts is None else int(attempts),
                due="Due" in row,
            )
        )
    letters.sort(key=lambda letter: letter.seen_at, reverse=True)
    return DeadLetterSummary(
        letters[:SHOWN], dict(Counter(letter.sink for letter in letters)), more
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value: str = row.get(name, {}).get("S", "")
    return value
