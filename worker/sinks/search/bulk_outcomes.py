"""A document is replaced only as it was read: decisions from event keys, and what answers mean.

An event key has up to 109 characters, and a version of OpenSearch 63 bits, so no function from keys
to versions keeps different keys apart and in order. The key lies in the document instead, and a
write names the state that it replaces (`if_seq_no`, `if_primary_term`). Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from worker.sinks.search.search_document import Document


class Stored(NamedTuple):
    """A document of the index: its event key, and what identifies this state of it."""

    key: str
    seq_no: int
    primary_term: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action of a bulk request.

    `conflict`: the document is no longer as it was read. `gone`: the index is. `refused`: it can
    never be stored. `busy`: try again.
    """

    kind: Literal["written", "conflict", "gone", "refused", "busy"]
    reason: str = ""
    seq_no: int = 0
    primary_term: int = 0


def action(document: Document, target: str, stored: Stored | None) -> dict[str, Any] | None:
    """The bulk action that stores a document in `target`; None if the index has it already.

    `stored` is the index's document; None if there is none.
    """
    place: dict[str, Any] = {"_index": target, "_id": document.id}
    if stored is None:
        return {"create": place}
    if stored.key >= document.key:
        return None
    place |= {"if_seq_no": stored.seq_no, "if_primary_term": stored.primary_term}
    return {"index": place}


def outcome(item: Mapping[str, Any]) -> Outcome:
    """The outcome in one item of a bulk response."""
    (answer,) = item.values()
    status = int(answer["status"])
    if status < 300:
        return Outcome("written", "", answer["_seq_no"], answer["_primary_term"])
    error = answer.get("error", {})
    reason = reason_of(error)
    if status == 409:
        return Outcome("conflict", reason)
    if status == 404 or error.get("type") == "index_not_found_exception":
        return Outcome("gone", reason)
    if status in {400, 413}:
        return Outcome("refused", reason)
    return Outcome("busy", reason)


def stored_in(document: Mapping[str, Any]) -> Stored | None:
    """The state of a document in a response of `_mget`; None if it does not exist."""
    if not document.get("found"):
        return None
    key = document.get("_source", {}).get("event_key")
    text = key if isinstance(key, str) else ""  # a document that another program wrote
    return Stored(text, document["_seq_no"], document["_primary_term"])


def reason_of(error: Any) -> str:
    """An error of OpenSearch in one line: its type, its reason, and the cause of both."""
    if not isinstance(error, Mapping):
        return " ".join(str(error).split())[:300]
    parts = [error, error.get("caused_by")]
    texts = [
        ": ".join(str(part[name]) for name in ("type", "reason") if part.get(name))
        for part in parts
        if isinstance(part, Mapping)
    ]
    return " ".join("; ".join(texts).split())[:300]
