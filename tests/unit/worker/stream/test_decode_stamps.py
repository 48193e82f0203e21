"""A stamp counts only if the images prove it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.builders import (
    NOON,
    inserted,
    marked_for_deletion,
    modified,
    removed,
    stamped,
)
from tests.unit.worker.stream.decoding import ADA, NEW, NOBODY, OLD, decoded, who


class TestTheStamp:
    def test_a_stamp_counts_on_an_insert(self) -> None:
        assert who(decoded(inserted(stamped(NEW)))) == ADA
        assert who(decoded(inserted(stamped(NEW), view="NEW_IMAGE"))) == ADA

    def test_a_stamp_counts_if_the_request_id_differs(self) -> None:
        assert who(decoded(modified(stamped(OLD, "r-0"), stamped(NEW)))) == ADA
        assert who(decoded(modified(OLD, stamped(NEW)))) == ADA

    def test_a_stamp_with_the_previous_request_id_is_ignored(self) -> None:
        event = decoded(modified(stamped(OLD), stamped(NEW)))
        assert event.kind == "stock_changed"
        assert who(event) == NOBODY

    def test_a_stamp_without_a_request_id_is_ignored(self) -> None:
        after = {name: value for name, value in stamped(NEW).items() if name != "RequestID"}
        assert who(decoded(modified(stamped(OLD), after))) == NOBODY

    @pytest.mark.parametrize("value", [{"N": "1"}, {"NULL": True}, {"L": []}])
    def test_a_stamp_whose_request_id_is_no_string_is_ignored(self, value: Any) -> None:
        assert who(decoded(modified(OLD, stamped(NEW) | {"RequestID": value}))) == NOBODY
        assert who(decoded(inserted(stamped(NEW) | {"RequestID": value}))) == NOBODY

    @pytest.mark.parametrize("view", ["NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"])
    def test_a_stamp_on_a_change_is_ignored_if_the_view_type_cannot_prove_it(
        self, view: str
    ) -> None:
        assert who(decoded(modified(stamped(OLD, "r-0"), stamped(NEW), view=view))) == NOBODY

    def test_a_removal_does_not_inherit_the_last_write_s_stamp(self) -> None:
        assert who(decoded(removed(stamped(OLD)))) == NOBODY

    def test_missing_parts_of_a_stamp_are_none(self) -> None:
        after = NEW | {"UpdatedBy": {"S": "ada"}, "RequestID": {"S": "r-1"}}
        event = decoded(modified(OLD, after))
        assert who(event) == ("ada", None, None, None, "r-1")


class TestTheDeleteStamp:
    AUTHOR = ("ada", "correction", "listed twice", None, "r-9")

    @pytest.mark.parametrize("seconds", [0, 1, 59, 60])
    @pytest.mark.parametrize("view", ["NEW_AND_OLD_IMAGES", "OLD_IMAGE"])
    def test_a_delete_mark_names_the_author_within_60_seconds(
        self, seconds: int, view: str
    ) -> None:
        gone = marked_for_deletion(OLD, NOON - timedelta(seconds=seconds))
        assert who(decoded(removed(gone, view=view))) == self.AUTHOR

    def test_a_record_s_time_in_whole_seconds_may_precede_the_mark(self) -> None:
        gone = marked_for_deletion(OLD, NOON + timedelta(milliseconds=900))
        assert who(decoded(removed(gone))) == self.AUTHOR

    @pytest.mark.parametrize("seconds", [61, 3_600, 86_400 * 365])
    def test_a_delete_mark_is_too_old_after_60_seconds(self, seconds: int) -> None:
        gone = marked_for_deletion(stamped(OLD), NOON - timedelta(seconds=seconds))
        event = decoded(removed(gone))
        assert event.kind == "deleted"
        assert who(event) == NOBODY

    def test_a_delete_mark_is_ignored_on_an_expiry(self) -> None:
        event = decoded(removed(marked_for_deletion(OLD), by_ttl=True))
        assert event.kind == "expired"
        assert who(event) == NOBODY

    @pytest.mark.parametrize(
        "value",
        [
            {"S": ""},
            {"S": "yesterday"},
            {"S": "2026-11-03"},
            {"S": "2026-11-03T12:00:00"},
            {"S": "0001-01-01T00:00:00+23:59"},
            {"S": "9999-12-31T23:59:59-23:59"},
            {"N": "1762171200"},
            {"NULL": True},
        ],
        ids=repr,
    )
    def test_a_delete_mark_with_an_invalid_time_is_ignored(self, value: Any) -> None:
        gone = marked_for_deletion(OLD) | {"DeletedAt": value}
        assert who(decoded(removed(gone))) == NOBODY

    def test_a_delete_mark_without_a_request_id_is_ignored(self) -> None:
        gone = {
            name: value
            for name, value in marked_for_deletion(OLD).items()
            if name != "DeletedRequestID"
        }
        assert who(decoded(removed(gone))) == NOBODY
