"""A stamp is believed only for the very change that its signature proves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.stamps import Stamps
from tests.support.builders import (
    NOON,
    STAMPS,
    STREAM_ARN,
    as_boto3,
    inserted,
    marked_for_deletion,
    modified,
    removed,
    stamped,
)
from tests.unit.worker.stream.decoding import ADA, NEW, NOBODY, OLD, decoded, who
from worker.stream.decode import decode

SOLD = stamped(NEW, before=OLD)


def with_member(item: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The item with members of its metadata map replaced, or removed for None."""
    found = {**item["Stockpulse"]["M"], **members}
    kept = {name: value for name, value in found.items() if value is not None}
    return item | {"Stockpulse": {"M": kept}}


class TestTheStamp:
    def test_a_stamp_is_believed_on_an_insert(self) -> None:
        assert who(decoded(inserted(stamped(NEW)))) == ADA
        assert who(decoded(inserted(stamped(NEW), view="NEW_IMAGE"))) == ADA

    def test_a_stamp_is_believed_on_the_change_that_it_was_made_for(self) -> None:
        assert who(decoded(modified(OLD, SOLD))) == ADA
        first = stamped(OLD, "r-0")
        assert who(decoded(modified(first, stamped(NEW, before=first)))) == ADA

    def test_another_program_s_change_keeps_the_stamp_but_not_its_author(self) -> None:
        event = decoded(modified(SOLD, SOLD | {"Stock": {"N": "8"}}))
        assert event.kind == "stock_changed"
        assert who(event) == NOBODY

    def test_a_change_of_an_unknown_attribute_alone_has_no_author(self) -> None:
        event = decoded(modified(SOLD, SOLD | {"Shelf": {"S": "B 12"}}))
        assert (event.changed, who(event)) == (("Shelf",), NOBODY)

    def test_a_stale_copy_written_back_is_not_blamed_on_its_author(self) -> None:
        later = stamped(NEW | {"Stock": {"N": "2"}}, "r-2", before=SOLD, actor="bob")
        assert who(decoded(modified(later, SOLD))) == NOBODY

    def test_an_insert_of_a_copy_is_not_blamed_on_its_author(self) -> None:
        assert who(decoded(inserted(SOLD))) == NOBODY  # it was made as a change, not an insert

    def test_the_stamp_of_a_reversal_names_the_event_that_it_takes_back(self) -> None:
        taken_back = stamped(OLD, "r-2", before=SOLD, reverses="an-event")
        assert decoded(modified(SOLD, taken_back)).reverses == "an-event"
        assert decoded(modified(SOLD, taken_back | {"Stock": {"N": "1"}})).reverses is None
        marked = marked_for_deletion(SOLD, reverses="an-event")
        assert decoded(removed(marked)).reverses == "an-event"

    def test_a_restored_item_is_proved_with_the_attributes_of_other_programs(self) -> None:
        restored = stamped(NEW | {"Shelf": {"S": "B 12"}}, reverses="an-event")
        event = decoded(inserted(restored))
        assert (event.actor, event.reverses) == ("ada", "an-event")
        assert decoded(inserted(restored, view="NEW_IMAGE")).reverses == "an-event"

    @pytest.mark.parametrize(
        "change",
        [
            {"Shelf": {"S": "C 1"}},
            {"Photo": {"B": b"x"}},
            {"Stock": {"N": "1"}},
            {"aws:rep:time": {"S": "now"}},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_a_restored_item_is_not_proved_with_any_other_attribute(self, change: Any) -> None:
        restored = stamped(NEW | {"Shelf": {"S": "B 12"}}, reverses="an-event")
        assert who(decoded(inserted(restored | change))) == NOBODY

    def test_an_insert_that_restores_nothing_has_no_attributes_of_others(self) -> None:
        new = stamped(NEW | {"Shelf": {"S": "B 12"}})
        assert who(decoded(inserted(new))) == NOBODY
        claimed = with_member(new, reverses={"S": "an-event"})
        assert who(decoded(inserted(claimed))) == NOBODY

    @pytest.mark.parametrize("signature", ["k1:é", "k1:", ":", "é"])
    def test_a_signature_of_any_text_is_compared(self, signature: str) -> None:
        forged = with_member(SOLD, signature={"S": signature})
        assert who(decoded(modified(OLD, forged))) == NOBODY

    def test_a_copy_under_another_key_has_no_author(self) -> None:
        assert who(decoded(inserted(stamped(NEW) | {"ProductID": {"S": "P2"}}))) == NOBODY

    def test_a_copy_into_another_table_has_no_author(self) -> None:
        elsewhere = Stamps("Archive", STAMPS.names, STAMPS.keys)
        event = decode(as_boto3(inserted(stamped(NEW))), STREAM_ARN, elsewhere)
        assert who(event) == NOBODY

    @pytest.mark.parametrize("seconds", [-61, 0, 61])
    def test_a_stamp_about_as_old_as_its_record_is_believed(self, seconds: int) -> None:
        at = NOON + timedelta(seconds=seconds)
        assert who(decoded(modified(OLD, SOLD, at=at))) == ADA

    @pytest.mark.parametrize("seconds", [-62, 62, 86_400])
    def test_a_restored_item_with_an_old_stamp_has_no_author(self, seconds: int) -> None:
        at = NOON + timedelta(seconds=seconds)
        assert who(decoded(modified(OLD, SOLD, at=at))) == NOBODY

    @pytest.mark.parametrize("view", ["NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"])
    def test_a_change_has_no_author_if_the_view_type_lacks_an_image(self, view: str) -> None:
        assert who(decoded(modified(OLD, SOLD, view=view))) == NOBODY

    def test_a_removal_does_not_inherit_the_last_write_s_stamp(self) -> None:
        assert who(decoded(removed(SOLD))) == NOBODY

    @pytest.mark.parametrize(
        "members",
        [
            {"actor": {"S": "mallory"}},
            {"reason": None},
            {"version": {"N": "7"}},
            {"signature": None},
            {"signature": {"S": "k2:AAAA"}},
            {"signature": {"S": ""}},
            {"request_id": {"N": "1"}},
            {"extra": {"S": "x"}},
        ],
        ids=repr,
    )
    def test_edited_metadata_has_no_author(self, members: Any) -> None:
        assert who(decoded(modified(OLD, with_member(SOLD, **members)))) == NOBODY

    @pytest.mark.parametrize("value", [{"S": "ours"}, {"L": []}, {"M": {}}, {"NULL": True}])
    def test_something_else_under_the_map_s_name_is_no_stamp(self, value: Any) -> None:
        event = decoded(modified(OLD, NEW | {"Stockpulse": value}))
        assert (event.kind, who(event)) == ("stock_changed", NOBODY)

    def test_an_older_key_still_proves_a_stamp(self) -> None:
        rotated = Stamps("Products", STAMPS.names, {"k2": b"n" * 32, "k1": b"k" * 32})
        assert who(decode(as_boto3(modified(OLD, SOLD)), STREAM_ARN, rotated)) == ADA
        lost = Stamps("Products", STAMPS.names, {"k1": b"other"})
        assert who(decode(as_boto3(modified(OLD, SOLD)), STREAM_ARN, lost)) == NOBODY

    def test_other_attribute_names_do_not_prove_the_stamp(self) -> None:
        names = replace(STAMPS.names, stock="qty")
        other = Stamps("Products", names, STAMPS.keys)
        assert who(decode(as_boto3(modified(OLD, SOLD)), STREAM_ARN, other)) == NOBODY

    def test_missing_parts_of_a_stamp_are_none(self) -> None:
        after = stamped(NEW, before=OLD, reason=None, note=None, reference=None)
        assert who(decoded(modified(OLD, after))) == ("ada", None, None, None, "r-1")


class TestTheDeleteMark:
    AUTHOR = ("ada", "correction", "listed twice", None, "r-9")

    @pytest.mark.parametrize("seconds", [0, 1, 59, 61])
    def test_a_delete_mark_names_the_author_within_a_minute(self, seconds: int) -> None:
        gone = marked_for_deletion(OLD, NOON - timedelta(seconds=seconds))
        assert who(decoded(removed(gone))) == self.AUTHOR

    def test_a_record_s_time_in_whole_seconds_may_precede_the_mark(self) -> None:
        gone = marked_for_deletion(SOLD, NOON + timedelta(milliseconds=900))
        assert who(decoded(removed(gone))) == self.AUTHOR

    @pytest.mark.parametrize("seconds", [62, 3_600, 86_400 * 365])
    def test_an_old_delete_mark_names_nobody(self, seconds: int) -> None:
        gone = marked_for_deletion(SOLD, NOON - timedelta(seconds=seconds))
        event = decoded(removed(gone))
        assert (event.kind, who(event)) == ("deleted", NOBODY)

    @pytest.mark.parametrize("view", ["OLD_IMAGE", "KEYS_ONLY", "NEW_IMAGE"])
    def test_only_the_view_with_both_images_shows_delete_marks(self, view: str) -> None:
        assert who(decoded(removed(marked_for_deletion(OLD), view=view))) == NOBODY

    def test_a_delete_mark_is_ignored_on_an_expiry(self) -> None:
        event = decoded(removed(marked_for_deletion(OLD), by_ttl=True))
        assert (event.kind, who(event)) == ("expired", NOBODY)

    def test_a_mark_on_an_item_that_has_changed_since_names_nobody(self) -> None:
        gone = marked_for_deletion(OLD) | {"Stock": {"N": "5"}}
        assert who(decoded(removed(gone))) == NOBODY

    @pytest.mark.parametrize("at", ["", "yesterday", "2026-11-03T12:00:00", "2026-11-03"])
    def test_a_mark_with_an_invalid_time_names_nobody(self, at: str) -> None:
        gone = marked_for_deletion(OLD)
        mark = gone["Stockpulse"]["M"]["deleted"]["M"] | {"at": {"S": at}}
        assert who(decoded(removed(with_member(gone, deleted={"M": mark})))) == NOBODY

    def test_a_mark_that_replaces_a_stale_one_names_its_own_author(self) -> None:
        stale = marked_for_deletion(OLD, NOON - timedelta(hours=1), actor="bob")
        assert who(decoded(removed(marked_for_deletion(stale)))) == self.AUTHOR
