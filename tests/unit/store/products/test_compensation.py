"""What takes an event back depends on its images and on the item as it is now."""

from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES, AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.store.products.changes import WHOLE_UNITS
from app.store.products.reversal.compensation import (
    changed_by,
    check_reversible,
    check_untouched,
    values_before,
)
from app.store.products.reversal.reversal_errors import CountedSince, NotReversible, Superseded
from tests.support.builders import VIEWS, an_event, an_item, stamped

OLD = an_item(ProductName="Mug", Stock=12, Price=2)


def an_edit(before: Any, after: Any, kind: str = "updated", **fields: Any) -> ChangeEvent:
    return an_event(kind=kind, before=before, after=after, **fields)


def back(event: ChangeEvent, now: Any, names: AttributeNames = DEFAULT_NAMES) -> dict[str, Any]:
    """The values that are written, by the attribute's dotted path."""
    values = values_before(event, now, names, WHOLE_UNITS)
    return {".".join(path): value for path, value in values.items()}


def refusal(event: ChangeEvent, names: AttributeNames = DEFAULT_NAMES) -> str:
    with pytest.raises(NotReversible) as raised:
        check_reversible(event, names)
    return raised.value.detail


class TestWhatIsReversible:
    @pytest.mark.parametrize("kind", ["gap", "reconciled", "internal", "expired"])
    def test_what_is_no_change_of_a_product_s_owner_is_not(self, kind: str) -> None:
        assert refusal(an_event(kind=kind))

    @pytest.mark.parametrize(
        ("kind", "needed"),
        [
            ("stock_changed", {"NEW_AND_OLD_IMAGES"}),
            ("updated", {"NEW_AND_OLD_IMAGES"}),
            ("inserted", {"NEW_AND_OLD_IMAGES", "NEW_IMAGE"}),
            ("deleted", {"NEW_AND_OLD_IMAGES", "OLD_IMAGE"}),
        ],
    )
    @pytest.mark.parametrize("view", VIEWS)
    def test_view_type_must_show_what_is_needed(
        self, kind: str, needed: set[str], view: str
    ) -> None:
        before = OLD if view.endswith("OLD_IMAGES") or view == "OLD_IMAGE" else None
        after = OLD | {"Stock": {"N": "9"}} if view.startswith("NEW") else None
        names = {"inserted": "INSERT", "deleted": "REMOVE"}
        if kind in names:
            before, after = (None, after) if kind == "inserted" else (before, None)
        event = an_edit(before, after, kind, view_type=view, event_name=names.get(kind, "MODIFY"))
        if view in needed:
            check_reversible(event, DEFAULT_NAMES)
        else:
            assert view in refusal(event)

    def test_images_that_were_too_large_are_missing(self) -> None:
        event = an_event(before=None, after=None, images_omitted=True)
        assert "too large" in refusal(event)

    def test_item_that_began_to_match_the_filter_was_not_created(self) -> None:
        assert "STOCKPULSE_PRODUCTS_FILTER" in refusal(an_edit(OLD, OLD, "inserted"))

    def test_item_of_a_former_key_is_not_restored(self) -> None:
        names = AttributeNames(KeySchema(KeyPart("sku")))
        event = an_edit(OLD, None, "deleted", event_name="REMOVE")
        assert "another key" in refusal(event, names)

    def test_ignored_attributes_are_no_change(self) -> None:
        after = OLD | {"aws:rep:time": {"S": "now"}}
        assert refusal(an_edit(OLD, after)) == "It changed no attribute of the product."


class TestTheStock:
    def test_changes_by_the_opposite_amount(self) -> None:
        sale = an_edit(OLD, OLD | {"Stock": {"N": "9"}}, "stock_changed")
        assert back(sale, OLD | {"Stock": {"N": "100"}}) == {"Stock": {"N": "103"}}

    def test_changes_by_fractions_that_a_client_may_not_send(self) -> None:
        sale = an_edit(OLD | {"Stock": {"N": "9.5"}}, OLD | {"Stock": {"N": "9"}}, "stock_changed")
        assert back(sale, OLD | {"Stock": {"N": "3"}}) == {"Stock": {"N": "3.5"}}

    def test_is_set_back_where_it_was_no_number(self) -> None:
        event = an_edit(OLD | {"Stock": {"S": "some"}}, OLD | {"Stock": {"N": "9"}})
        assert back(event, OLD | {"Stock": {"N": "9"}}) == {"Stock": {"S": "some"}}
        with pytest.raises(Superseded):
            back(event, OLD | {"Stock": {"N": "8"}})

    def test_is_set_back_where_the_unit_changed_with_it(self) -> None:
        names = AttributeNames(unit="Unit")
        before = an_item(Stock=5, Unit="kg")
        after = an_item(Stock=5000, Unit="g")
        event = an_edit(before, after, "stock_changed")
        assert back(event, after, names) == {"Stock": {"N": "5"}, "Unit": {"S": "kg"}}
        with pytest.raises(Superseded):
            back(event, after | {"Stock": {"N": "4800"}}, names)

    def test_lies_inside_a_map(self) -> None:
        names = AttributeNames(stock="inventory.qty")
        before, after = (
            an_item(inventory={"M": {"qty": {"N": n}, "bin": {"S": "B"}}}) for n in ("5", "3")
        )
        event = an_edit(before, after, "stock_changed")
        assert back(event, after, names) == {"inventory.qty": {"N": "5"}}

    def test_that_was_counted_since_is_kept(self) -> None:
        before = stamped(OLD, counted_at="2026-11-02T08:00:00Z")
        after = stamped(OLD | {"Stock": {"N": "9"}}, counted_at="2026-11-02T08:00:00Z")
        sale = an_edit(before, after, "stock_changed")
        assert back(sale, after) == {"Stock": {"N": "12"}}
        counted = stamped(OLD, counted_at="2026-11-03T08:00:00Z")
        with pytest.raises(CountedSince) as raised:
            back(sale, counted)
        assert raised.value.extra == {"counted_at": "2026-11-03T08:00:00Z"}

    def test_is_taken_back_where_another_program_dropped_the_record_of_a_count(self) -> None:
        """A stated limit: nothing shows that there was a count."""
        after = stamped(OLD | {"Stock": {"N": "9"}}, counted_at="2026-11-02T08:00:00Z")
        sale = an_edit(stamped(OLD), after, "stock_changed")
        assert back(sale, OLD) == {"Stock": {"N": "15"}}


class TestOtherValues:
    def test_are_set_back_as_they_were_stored(self) -> None:
        before = OLD | {"Price": {"S": "2.00"}, "Tags": {"SS": ["b", "a"]}}
        after = OLD | {"Price": {"N": "3"}, "Category": {"S": "Tea"}}
        found = back(an_edit(before, after), after | {"Stock": {"N": "1"}})
        assert found == {"Price": {"S": "2.00"}, "Tags": {"SS": ["b", "a"]}, "Category": None}

    @pytest.mark.parametrize("now", [{"N": "3"}, {"N": "3.0"}])
    def test_are_compared_by_their_value(self, now: Any) -> None:
        after = OLD | {"Price": {"N": "3.00"}}
        assert back(an_edit(OLD, after), OLD | {"Price": now}) == {"Price": {"N": "2"}}

    @pytest.mark.parametrize("now", [None, {"N": "2"}, {"N": "4"}, {"S": "3"}])
    def test_are_superseded_by_any_other_value(self, now: Any) -> None:
        event = an_edit(OLD, OLD | {"Price": {"N": "3"}})
        item = {name: value for name, value in OLD.items() if name != "Price"}
        with pytest.raises(Superseded) as raised:
            back(event, item if now is None else item | {"Price": now})
        (conflict,) = raised.value.extra["conflicts"]
        assert (conflict["attribute"], conflict["before"], conflict["after"]) == ("Price", 2, 3)

    def test_of_other_programs_are_left(self) -> None:
        event = an_edit(
            OLD, OLD | {"Price": {"N": "3"}, "Shelf": {"S": "B"}, "aws:rep:x": {"N": "1"}}
        )
        assert changed_by(event, DEFAULT_NAMES).others == ("Shelf",)
        assert back(event, OLD | {"Price": {"N": "3"}}) == {"Price": {"N": "2"}}

    def test_whose_map_another_program_has_replaced_cannot_be_set_back(self) -> None:
        names = AttributeNames(price="Info.Price")
        event = an_edit(an_item(Info={"M": {"Price": {"N": "5"}}}), an_item(Info="none"))
        with pytest.raises(NotReversible, match="Info of this item is not a map"):
            back(event, an_item(Info="none"), names)
        assert back(event, an_item(Info={"M": {}}), names) == {"Info.Price": {"N": "5"}}

    def test_of_an_earlier_life_are_superseded(self) -> None:
        after = stamped(OLD | {"Price": {"N": "3"}}, created_at="2026-11-01T08:00:00Z")
        again = stamped(OLD | {"Price": {"N": "3"}}, created_at="2026-11-03T08:00:00Z")
        with pytest.raises(Superseded):
            back(an_edit(stamped(OLD), after), again)

    def test_of_another_program_s_product_are_superseded_by_one_of_ours(self) -> None:
        sale = an_edit(OLD, OLD | {"Stock": {"N": "9"}}, "stock_changed")
        again = stamped(OLD | {"Stock": {"N": "100"}}, created_at="2026-11-03T08:00:00Z")
        with pytest.raises(Superseded, match="created again"):
            back(sale, again)


class TestACreation:
    CREATED = an_edit(None, stamped(OLD), "inserted", event_name="INSERT")

    def test_is_untouched_if_all_values_are_as_created(self) -> None:
        check_untouched(self.CREATED, stamped(OLD), DEFAULT_NAMES)
        sold_and_taken_back = stamped(OLD, "r-5", version=3, reverses="e")
        check_untouched(self.CREATED, sold_and_taken_back, DEFAULT_NAMES)

    @pytest.mark.parametrize(
        ("now", "named"),
        [
            (stamped(OLD | {"Stock": {"N": "11"}}), "Stock"),
            (stamped(OLD | {"Shelf": {"S": "B"}}), "Shelf"),
            (stamped(OLD, counted_at="2026-11-03T08:00:00Z"), "Stockpulse"),
            (stamped(OLD, created_at="2026-11-03T08:00:00Z"), "Stockpulse"),
            (OLD, "Stockpulse"),
        ],
    )
    def test_is_superseded_by_any_change_and_by_a_count(self, now: Any, named: str) -> None:
        with pytest.raises(Superseded) as raised:
            check_untouched(self.CREATED, now, DEFAULT_NAMES)
        assert [entry["attribute"] for entry in raised.value.extra["conflicts"]] == [named]
