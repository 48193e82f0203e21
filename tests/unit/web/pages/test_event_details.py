"""An event's details show what was before and after, and nothing that the event does not show."""

import json
from zoneinfo import ZoneInfo

from app.core.events import data_of
from app.web.pages.audit.event_details import FieldChange, details_of, field_changes
from app.web.pages.event_rows import row_of
from tests.support.builders import an_event, an_item

CUP = an_item(
    "P1", ProductName="Cup", Stock=3, Colours={"SS": ["red", "blue"]}, Stockpulse={"M": {}}
)
MUG = an_item("P1", ProductName="Mug", Stock=3, Stockpulse={"M": {}})


def changes(**fields: object) -> list[FieldChange] | None:
    return field_changes(data_of(an_event(**fields)), "Stockpulse")  # type: ignore[arg-type]


def test_changed_fields_have_their_values_before_and_after() -> None:
    found = changes(before=CUP, after=MUG, changed=("Colours", "ProductName"))
    assert found == [
        FieldChange("Colours", '["blue", "red"]', None),
        FieldChange("ProductName", "Cup", "Mug"),
    ]


def test_new_product_has_all_its_fields_but_the_one_that_stockpulse_adds() -> None:
    found = changes(kind="inserted", event_name="INSERT", before=None, after=MUG, changed=())
    assert found == [
        FieldChange("ProductID", None, "P1"),
        FieldChange("ProductName", None, "Mug"),
        FieldChange("Stock", None, "3"),
    ]


def test_deleted_product_has_the_fields_that_it_had() -> None:
    found = changes(kind="deleted", event_name="REMOVE", before=MUG, after=None, changed=())
    assert found is not None
    assert FieldChange("ProductName", "Mug", None) in found


def test_what_the_view_type_leaves_out_is_not_guessed() -> None:
    assert changes(before=None, after=MUG, view_type="NEW_IMAGE", changed=()) is None
    assert changes(before=None, after=None, view_type="KEYS_ONLY", changed=()) is None


def test_long_value_is_cut_and_a_long_document_is_left_to_the_api() -> None:
    text = "x" * 100_000
    event = an_event(before=CUP, after=an_item("P1", Text=text), changed=("Text",))
    details = details_of(event, row_of(event, ZoneInfo("UTC")), "Products", "Stockpulse", "")
    assert details.fields is not None
    assert details.fields[0].after == "x" * 10_000 + "…"
    assert details.json is None


def test_document_is_the_one_of_the_api() -> None:
    event = an_event(1)
    details = details_of(event, row_of(event, ZoneInfo("UTC")), "Products", "Stockpulse", "")
    assert json.loads(details.json or "")["id"] == event.id
