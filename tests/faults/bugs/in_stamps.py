# ruff: noqa: SLF001 - bugs lie in what is private
"""Bugs in how stamps are made and believed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.core import authorship
from app.core.authorship import NOBODY, Author
from app.core.item import AttributeNames, Item
from app.core.metadata import metadata_of
from app.core.stamps import Stamps
from app.store.dynamodb.store_clock import StoreClock
from app.store.products import expressions
from app.store.products.expressions import compared
from tests.faults.bugs.bug import Patch, Seed
from tests.faults.bugs.bug import bug as registered
from tests.unit.worker.attribution.rules import AttributionMachine
from worker.stream import decode


def bug() -> Callable[[Seed], Seed]:
    return registered(machine=AttributionMachine)


@bug()
def signature_leaves_out_what_was_before(patch: Patch) -> None:
    right = Stamps._message

    def message(self: Stamps, before: Item | None, after: Item) -> bytes:
        return right(self, before and {}, after)

    patch.setattr(Stamps, "_message", message)


@bug()
def signature_leaves_out_the_known_attributes(patch: Patch) -> None:
    right = Stamps._message

    def message(self: Stamps, before: Item | None, after: Item) -> bytes:
        kept = {*self.names.key.names, self.names.metadata}
        items = [item and {n: v for n, v in item.items() if n in kept} for item in (before, after)]
        return right(self, items[0], items[1] or {})

    patch.setattr(Stamps, "_message", message)


@bug()
def signature_leaves_out_the_key(patch: Patch) -> None:
    right = Stamps._message

    def message(self: Stamps, before: Item | None, after: Item) -> bytes:
        return right(self, before, {**after, "ProductID": {"S": "-"}})

    patch.setattr(Stamps, "_message", message)


@bug()
def signature_leaves_out_the_table(patch: Patch) -> None:
    right = Stamps._message
    patch.setattr(Stamps, "_message", lambda self, *rest: right(replace(self, table=""), *rest))


@bug()
def insert_is_signed_like_a_change(patch: Patch) -> None:
    right = Stamps._message
    patch.setattr(
        Stamps,
        "_message",
        lambda self, before, after: right(self, before or {}, after),
    )


@bug()
def time_of_a_stamp_is_not_compared(patch: Patch) -> None:
    patch.setattr(authorship, "_is_near", lambda *_: True)


@bug()
def stamp_under_a_delete_mark_is_believed(patch: Patch) -> None:
    right = decode.author_of

    def author_of(name: str, before: Any, after: Any, *rest: Any) -> Author:
        return right(name, before, after and rest[-1].unmarked(after), *rest)

    patch.setattr(decode, "author_of", author_of)


@bug()
def change_without_its_old_image_is_believed(patch: Patch) -> None:
    right = decode.author_of

    def author_of(name: str, before: Any, after: Any, at: Any, *rest: Any) -> Author:
        stamp = metadata_of(after, rest[-1].names)
        if name != "MODIFY" or before is not None or after is None or stamp is None:
            return right(name, before, after, at, *rest)
        if not authorship._is_near(stamp.updated_at, at):
            return NOBODY
        return Author(stamp.actor, stamp.reason, stamp.note, stamp.reference, stamp.request_id)

    patch.setattr(decode, "author_of", author_of)


@bug()
def delete_mark_is_believed_on_a_changed_item(patch: Patch) -> None:
    patch.setattr(
        Stamps,
        "proved_mark",
        lambda self, item: getattr(metadata_of(item, self.names), "deleted", None),
    )


@bug()
def expiry_counts_as_a_deletion(patch: Patch) -> None:
    patch.setattr(decode, "_is_expiry", lambda _: False)


@bug()
def stamp_is_believed_beside_other_changes(patch: Patch) -> None:
    right = authorship.differing_names

    patch.setattr(authorship, "differing_names", lambda *_: set())
    patch.setattr(AttributeNames, "is_ignored", lambda self, name: name not in self.ours)
    patch.setattr(decode, "differing_names", right)


@bug()
def stamp_has_the_time_of_the_host(patch: Patch) -> None:
    patch.setattr(StoreClock, "now", lambda self: self._host())


@bug()
def older_key_proves_nothing(patch: Patch) -> None:
    right = Stamps._matches

    def matches(self: Stamps, signature: str | None, *items: Any) -> bool:
        newest = next(iter(self.keys or {}), "")
        return (signature or "").startswith(f"{newest}:") and right(self, signature, *items)

    patch.setattr(Stamps, "_matches", matches)


@bug()
def write_ignores_changes_since_its_read(patch: Patch) -> None:
    patch.setattr(expressions, "as_read", lambda item, names: compared(item, [(names.metadata,)]))


@bug()
def removed_mark_of_a_changed_item_is_shown(patch: Patch) -> None:
    right = decode.is_mark_only

    def is_mark_only(before: Item, after: Item, stamps: Stamps) -> bool:
        proved = stamps.proved_mark(after) or stamps.proved_mark(before)
        return proved is not None and right(before, after, stamps)

    patch.setattr(decode, "is_mark_only", is_mark_only)
