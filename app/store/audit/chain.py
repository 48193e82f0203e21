"""A `gap` or `reconciled` entry sorts right after the entry that was its product's last. Pure.

Its key is greater than that entry's and less than that of any later record. Each entry's before
image is the previous entry's after image, with one exception: a `reconciled` entry is *void* if
the first record after it had happened, but not arrived, when it was written. That record's before
image is the image before the void entry. A history's baseline has no image before it: there, the
record's time decides.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from app.core.events import Kind

Mark = Literal["g", "r"]  # gap, reconciled

_MARKED = re.compile(r"(?P<behind>.+)~(?P<mark>[gr])(?P<count>[0-9]{4})")
_NO_RECORD = "0" * 40
_RECORD = re.compile(r"[^#]+#[0-9]{40}")

BOTH_IMAGES = "NEW_AND_OLD_IMAGES"
_WITH_AFTER = {BOTH_IMAGES, "NEW_IMAGE"}

# The attributes that `link_of` needs (`Kind` is a reserved word in DynamoDB's expressions).
LINK_FIELDS = {
    f"#{n}": name
    for n, name in enumerate(
        (
            "EventKey",
            "Kind",
            "EventName",
            "ViewType",
            "BeforeHash",
            "AfterHash",
            "OccurredAt",
            "RequestID",
        )
    )
}


class ChainFull(Exception):
    """Ten thousand entries of one kind follow one record: something is badly wrong."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry's place in its chain; `before` and `after` are hashes of the product's images.

    None: there was no product, or it is unknown. An item that is no product may have an image.
    """

    key: str
    kind: Kind
    event_name: str
    view_type: str
    before: str | None
    after: str | None
    occurred_at: datetime
    request_id: str | None = None

    @property
    def knows_after(self) -> bool:
        """Whether `after` is the item's state (None: no item), and not just unknown."""
        return self.view_type in _WITH_AFTER

    @property
    def leaves_nothing(self) -> bool:
        """Whether the item is known not to exist after this entry."""
        return self.after is None and (self.knows_after or self.kind in {"deleted", "expired"})


def link_of(entry: Mapping[str, Any]) -> Link:
    """The link of an audit entry, or of its projection on `LINK_FIELDS`."""
    kind = entry["Kind"]["S"]
    before = None if kind == "inserted" else entry.get("BeforeHash", {}).get("S")
    after = None if kind in {"deleted", "expired"} else entry.get("AfterHash", {}).get("S")
    return Link(
        key=entry["EventKey"]["S"],
        kind=kind,
        event_name=entry["EventName"]["S"],
        view_type=entry["ViewType"]["S"],
        before=before,
        after=after,
        occurred_at=datetime.fromisoformat(entry["OccurredAt"]["S"]).astimezone(UTC),
        request_id=entry.get("RequestID", {}).get("S"),
    )


def origin(label: str) -> str:
    """The key that sorts before a stream's first record; no entry has it."""
    return f"{label}#{_NO_RECORD}"


def label_of(key: str) -> str:
    """The stream's label in an event key."""
    return key.partition("#")[0]


def is_record(key: str) -> bool:
    """Whether this is the key of a stream's record."""
    return _RECORD.fullmatch(key) is not None


def record_number(key: str) -> int:
    """The sequence number in an event key."""
    return int(key.partition("#")[2][:40])


def record_key(label: str, number: int) -> str:
    """The event key of the record with a sequence number."""
    return f"{label}#{number:040d}"


def is_baseline(key: str) -> bool:
    """Whether this is the key of a baseline: a `reconciled` entry that begins a history."""
    return f"#{_NO_RECORD}~r" in key


def successor(key: str, mark: Mark) -> str:
    """The key of a new `gap` or `reconciled` entry after the chain's last entry, `key`.

    Raises:
        ChainFull: the four-digit counter is used up.

    """
    match = _MARKED.fullmatch(key)
    if match is None or (match["mark"], mark) == ("r", "g"):
        return f"{key}~{mark}0000"
    if match["mark"] != mark:  # `~r` sorts after every `~g`
        return successor(match["behind"], mark)
    if match["count"] == "9999":
        raise ChainFull(f"no room behind {key}")
    return f"{match['behind']}~{mark}{int(match['count']) + 1:04d}"


def goes_on(trail: Sequence[Link], before: str | None, at: datetime) -> bool:
    """Whether a record follows the end of the trail, not counting void entries.

    `before` is the hash of the record's before image, `at` its time.
    """
    return void_from(trail, before, at) is not None


def void_from(trail: Sequence[Link], before: str | None, at: datetime) -> int | None:
    """The index of the trail's first `reconciled` entry that such a record makes void.

    The trail's length if none is void; None if the record does not follow at all.
    """
    for index in reversed(range(len(trail))):
        if trail[index].after == before:
            return index + 1
        if trail[index].kind != "reconciled":
            return None
        if trail[index].before == before:
            return index
    # The record happened before the history's baseline was written, and was read after it.
    early = bool(trail) and is_baseline(trail[0].key) and at < trail[0].occurred_at
    return 0 if early else None


def void_keys(links: Sequence[Link]) -> set[str]:
    """Keys of a chain's void `reconciled` entries."""
    void: set[str] = set()
    for index, link in enumerate(links):
        if link.kind in {"gap", "reconciled"} or link.view_type != BOTH_IMAGES:
            continue
        start = void_from(links[:index], link.before, link.occurred_at)
        void |= {early.key for early in links[start:index]} if start is not None else set()
    return void
