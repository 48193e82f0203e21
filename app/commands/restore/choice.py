"""A product's state at a time is what its last entry up to then left, without void ones. Pure.

The rules are those of `app.store.audit.as_of`. What is not known is named, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.events import rfc3339
from app.core.item import Item
from app.store.audit.chain import Link, void_keys


@dataclass(frozen=True, slots=True)
class State:
    """A product to restore; without an item, `why` says why that is impossible."""

    product_id: str
    item: Item | None = None
    why: str = ""


NO_IMAGE = (
    "the event of {at} has no image of it: the image was too large to keep, or the stream's view "
    "type leaves it out"
)


def without_image(product_id: str, at: datetime) -> State:
    """A product whose last event does not show it."""
    return State(product_id, why=NO_IMAGE.format(at=rfc3339(at)))


def older_than_history(product_id: str, begins: datetime) -> State:
    """A product that existed before its first event, which is later than the time asked for."""
    return State(product_id, why=f"its history begins later, at {rfc3339(begins)}")


def last_link(links: Sequence[Link], moment: datetime) -> Link | None:
    """The last of a product's links (all, oldest first) up to a time that is not void."""
    for index in reversed(range(len(links))):
        link = links[index]
        if link.occurred_at <= moment and not (
            link.kind == "reconciled" and _is_void(links, index)
        ):
            return link
    return None


def _is_void(links: Sequence[Link], index: int) -> bool:
    """Whether a `reconciled` link is void: the nearest others on both sides decide that."""
    start, end = index, index
    while start > 0 and links[start].kind == "reconciled":
        start -= 1
    while end < len(links) - 1 and links[end].kind == "reconciled":
        end += 1
    return links[index].key in void_keys(links[start : end + 1])
