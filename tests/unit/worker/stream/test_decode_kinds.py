"""The kind of a decoded change, and what counts as no change."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.builders import (
    STREAM_ARN,
    an_item,
    as_boto3,
    inserted,
    marked_for_deletion,
    modified,
    removed,
    stamped,
)
from tests.unit.worker.stream.decoding import ADA, NEW, OLD, decoded, who
from worker.stream.decode import decode


class TestTheKind:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            {"N": "NaN"},
            {"N": "Infinity"},
            {"S": "nine"},
            {"NULL": True},
            {"L": [{"N": "9"}]},
            {"M": {}},
            {"B": b"9"},
            {"BOOL": True},
            {"NS": ["9"]},
        ],
        ids=repr,
    )
    def test_an_invalid_stock_makes_an_update_and_never_raises(self, value: Any) -> None:
        invalid = an_item(ProductName="Mug", **({} if value is None else {"Stock": value}))
        to, back = decoded(modified(OLD, invalid)), decoded(modified(invalid, OLD))
        assert (to.kind, to.stock_before, to.stock_after, to.delta) == ("updated", 12, None, None)
        assert (back.kind, back.stock_before, back.stock_after) == ("updated", None, 12)
        assert decoded(inserted(invalid)).stock_after is None
        assert decoded(removed(invalid)).stock_before is None

    @pytest.mark.parametrize(
        ("before", "after", "delta"),
        [
            ("2.5", "1.25", "-1.25"),
            ("3", "-2", "-5"),
            ("-2", "6", "8"),
            ("9" * 38, "1", "-" + "9" * 37 + "8"),
            ("1E+120", "0", "-1E+120"),
            ("0.1", "0.3", "0.2"),
            ("1E-130", "1", "0." + "9" * 130),
        ],
    )
    def test_any_two_numbers_are_an_exact_stock_change(
        self, before: str, after: str, delta: str
    ) -> None:
        event = decoded(modified(an_item(Stock={"N": before}), an_item(Stock={"N": after})))
        assert event.kind == "stock_changed"
        assert (event.stock_before, event.stock_after) == (Decimal(before), Decimal(after))
        assert event.delta == Decimal(delta)

    def test_an_equal_stock_in_another_notation_is_no_stock_change(self) -> None:
        event = decoded(modified(OLD, OLD | {"Stock": {"N": "12.0"}}))
        assert (event.kind, event.changed) == ("updated", ())

    def test_a_set_in_another_order_has_not_changed(self) -> None:
        event = decoded(modified(an_item(T={"SS": ["a", "b"]}), an_item(T={"SS": ["b", "a"]})))
        assert event.changed == ()

    @pytest.mark.parametrize(
        ("one", "other"), [("1" * 38, "1" * 37 + "2"), ("-" + "1" * 38, "-" + "1" * 37 + "2")]
    )
    def test_a_number_that_differs_in_its_38th_digit_has_changed(
        self, one: str, other: str
    ) -> None:
        event = decoded(modified(an_item(Serial={"N": one}), an_item(Serial={"N": other})))
        assert event.changed == ("Serial",)

    def test_changed_lists_attributes_in_order_without_the_metadata(self) -> None:
        before = stamped(an_item(Stock=12, Shelf="B", Gone="x"))
        after = stamped(an_item(Stock=9, Shelf="C", Come="y"), "r-2", before=before)
        assert decoded(modified(before, after)).changed == ("Come", "Gone", "Shelf", "Stock")

    def test_other_programs_attributes_named_like_ours_are_listed(self) -> None:
        before = an_item(Note="Fragile", Version="v2.1", UpdatedAt=1, DeletedAt="2026")
        after = an_item(Note="Call", Version="v2.2", UpdatedAt=2, DeletedAt="2027")
        event = decoded(modified(before, after))
        assert event.changed == ("DeletedAt", "Note", "UpdatedAt", "Version")

    def test_metadata_changed_by_another_program_alone_are_named(self) -> None:
        before = stamped(OLD)
        edited = before | {"Stockpulse": {"M": before["Stockpulse"]["M"] | {"note": {"S": "?"}}}}
        event = decoded(modified(before, edited))
        assert (event.kind, event.changed) == ("updated", ("Stockpulse",))

    def test_a_write_of_ours_that_changes_nothing_else_names_nothing(self) -> None:
        event = decoded(modified(OLD, stamped(OLD, before=OLD)))
        assert (event.kind, event.changed, event.actor) == ("updated", (), "ada")

    def test_a_change_of_ignored_attributes_alone_is_internal(self) -> None:
        event = decoded(modified(OLD, OLD | {"aws:rep:updatetime": {"N": "1"}}))
        assert (event.kind, event.changed) == ("internal", ())
        both = OLD | {"aws:rep:updatetime": {"N": "1"}, "Shelf": {"S": "B"}}
        assert decoded(modified(OLD, both)).changed == ("Shelf",)

    def test_the_category_is_the_new_one_or_the_last_known_one(self) -> None:
        kitchen, toys = an_item(Category="Kitchen"), an_item(Category="Toys")
        assert decoded(modified(kitchen, toys)).category == "Toys"
        assert decoded(modified(kitchen, toys, view="OLD_IMAGE")).category == "Kitchen"
        assert decoded(removed(kitchen)).category == "Kitchen"
        assert decoded(inserted(an_item(Category=7))).category is None
        assert decoded(removed(kitchen, view="KEYS_ONLY")).category is None

    def test_without_both_images_nothing_is_known_to_have_changed(self) -> None:
        assert decoded(modified(OLD, NEW, view="NEW_IMAGE")).changed == ()

    def test_a_record_of_a_write_that_changed_nothing_is_an_update(self) -> None:
        assert decoded(modified(OLD, OLD)).kind == "updated"

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (OLD, marked_for_deletion(OLD)),
            (marked_for_deletion(OLD), OLD),
            (marked_for_deletion(OLD), marked_for_deletion(OLD, actor="bob")),
        ],
        ids=["marked", "unmarked", "marked again"],
    )
    def test_a_change_of_the_delete_mark_alone_is_internal(self, before: Any, after: Any) -> None:
        assert decoded(modified(before, after)).kind == "internal"

    def test_a_write_that_removes_a_stale_delete_mark_is_shown(self) -> None:
        before = marked_for_deletion(OLD)
        event = decoded(modified(before, stamped(NEW, before=before)))
        assert (event.kind, event.changed) == ("stock_changed", ("Stock",))
        assert who(event) == ADA

    def test_without_both_images_no_change_is_internal(self) -> None:
        event = decoded(modified(OLD, marked_for_deletion(OLD), view="NEW_IMAGE"))
        assert event.kind == "updated"


class TestExpiry:
    @pytest.mark.parametrize(
        "identity",
        [
            None,
            {},
            {"PrincipalId": "AIDA123", "Type": "User"},
            {"principalId": "AIDA123", "type": "User"},
        ],
        ids=repr,
    )
    def test_only_dynamodb_itself_expires_items(self, identity: Any) -> None:
        record = as_boto3(removed(OLD)) | {"userIdentity": identity}
        assert decode(record, STREAM_ARN).kind == "deleted"
