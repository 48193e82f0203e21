"""A sample of items suggests settings: likely attributes, number settings, and remarks."""

from typing import Any

from app.store.products.survey import survey

SHOP = {
    "sku": {"S": "A-1"},
    "productTitle": {"S": "Tea"},
    "qtyOnHand": {"N": "12"},
    "qtyReserved": {"N": "3"},
    "minQty": {"N": "4"},
    "unitPrice": {"N": "1.5"},
    "department": {"S": "Drinks"},
    "labels": {"SS": ["a"]},
    "ean": {"S": "4006381333931"},
    "stockUnit": {"S": "kg"},
}


def settings(*items: dict[str, Any], key: str = "sku") -> dict[str, str]:
    return dict(survey(items, [key]).settings)


def remarks(*items: dict[str, Any], key: str = "sku") -> list[str]:
    return list(survey(items, [key]).remarks)


def test_likely_attributes_are_found_by_name_and_type() -> None:
    assert settings(SHOP) == {
        "NAME_ATTRIBUTE": "productTitle",
        "STOCK_ATTRIBUTE": "qtyOnHand",
        "REORDER_POINT_ATTRIBUTE": "minQty",
        "PRICE_ATTRIBUTE": "unitPrice",
        "CATEGORY_ATTRIBUTE": "department",
        "TAGS_ATTRIBUTE": "labels",
        "BARCODE_ATTRIBUTE": "ean",
        "UNIT_ATTRIBUTE": "stockUnit",
    }
    assert remarks(SHOP) == []


def test_default_names_need_no_setting() -> None:
    item = {"ProductID": {"S": "1"}, "ProductName": {"S": "Tea"}, "Stock": {"N": "1"}}
    assert settings(item, key="ProductID") == {}


def test_every_way_to_write_a_name_is_understood() -> None:
    for name in ("stock", "STOCK", "inStock", "stock_quantity", "item-qty", "OnHand", "QTY"):
        found = settings({"sku": {"S": "1"}, name: {"N": "1"}})
        assert found["STOCK_ATTRIBUTE"] == name


def test_numbers_decide_the_number_settings() -> None:
    found = settings(
        {"sku": {"S": "1"}, "qty": {"N": "2.25"}, "price": {"N": "0.125"}},
        {"sku": {"S": "2"}, "qty": {"N": "-1"}, "price": {"N": "3"}},
    )
    assert (found["STOCK_DECIMALS"], found["NEGATIVE_STOCK"]) == ("2", "true")
    assert found["PRICE_DECIMALS"] == "3"


def test_numbers_that_are_kept_as_text_are_numbers() -> None:
    text = {"sku": {"S": "1"}, "qty": {"S": "7"}}
    assert settings(text)["STOCK_ATTRIBUTE"] == "qty"
    assert remarks(text) == []
    other = {"sku": {"S": "2"}, "qty": {"S": "sold out"}}
    assert remarks(text, other) == ["qty looks like the stock, but is not N in all items: S in 1."]


def test_an_attribute_inside_a_map_is_set_by_its_path() -> None:
    inner = {"M": {"qty": {"N": "7"}, "minStock": {"N": "2"}, "v1.price": {"N": "3"}}}
    nested = {"sku": {"S": "1"}, "inventory": inner}
    found = settings(nested)
    assert found["STOCK_ATTRIBUTE"] == "inventory.qty"
    assert found["REORDER_POINT_ATTRIBUTE"] == "inventory.minStock"
    assert found["PRICE_ATTRIBUTE"] == "inventory.v1..price"
    assert settings(nested | {"units": {"N": "1"}})["STOCK_ATTRIBUTE"] == "units"


def test_no_attribute_looks_like_the_stock() -> None:
    assert remarks({"sku": {"S": "1"}}) == ["No attribute looks like the stock."]


def test_types_that_vary_are_named() -> None:
    found = remarks({"sku": {"S": "1"}, "qty": {"N": "7"}}, {"sku": {"S": "2"}, "qty": {"S": "?"}})
    assert found == ["qty looks like the stock, but is not N in all items: S in 1."]


def test_another_program_s_attribute_is_not_taken_for_metadata() -> None:
    item = SHOP | {"Stockpulse": {"S": "mine"}}
    assert settings(item)["METADATA_ATTRIBUTE"] == "StockpulseMetadata"
    assert "METADATA_ATTRIBUTE" not in settings(SHOP | {"Stockpulse": {"M": {}}})


def test_an_attribute_of_the_key_is_nothing_else() -> None:
    item = {"category": {"S": "tea"}, "name": {"S": "Green"}, "qty": {"N": "1"}}
    found = survey([item], ["category", "name"]).settings
    assert found == {"STOCK_ATTRIBUTE": "qty"}


def test_no_item_suggests_nothing() -> None:
    assert settings() == {}
