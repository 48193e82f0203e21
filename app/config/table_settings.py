"""The settings of the products table: its name, its attributes, and what their numbers may be."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.config.access import PREFIX, AccessSettings
from app.config.values import (
    AttributeName,
    AttributePath,
    EventFilter,
    TableName,
    TablePrefix,
    Words,
)
from app.core.item import AttributeNames
from app.core.paths import Path, path_of
from app.filters.selection import Selection

# Settings `<NAME>_ATTRIBUTE`, in the order of `AttributeNames`.
_ATTRIBUTES = (
    "name",
    "stock",
    "category",
    "price",
    "reorder_point",
    "tags",
    "barcode",
    "no_reorder",
    "unit",
    "metadata",
)


class TableSettings(AccessSettings):
    """The settings of the products table."""

    table_prefix: TablePrefix = Field("", description="Prefix of every table name.")
    products_table: TableName | None = Field(
        None,
        description="Exact name of an existing products table. If unset, the prefix followed by "
        "`Products`.",
    )
    key_attribute: AttributeName | None = Field(
        None,
        description="Partition key of the products table (a string, a number or binary). If unset, "
        "an existing table's own, and `ProductID` in a table that Stockpulse creates.",
    )
    sort_key_attribute: AttributeName | None = Field(
        None,
        description="Sort key of the products table. If unset, an existing table's own. "
        "docs/use/ids.md says how both parts make the product id.",
    )
    products_filter: EventFilter | None = Field(
        None,
        description="Which items of the products table are products: a filter pattern over the "
        'item in DynamoDB JSON, such as `{"SK": {"S": [{"prefix": "SKU#"}]}}`. Other items are '
        "neither shown nor audited. If unset, all items are products.",
    )
    name_attribute: AttributePath = Field(
        "ProductName",
        description="Attribute that holds a product's name. This and the following attributes may "
        "lie inside maps: `inventory.qty` is `qty` in the map `inventory`. A dot in a name is "
        "written twice.",
    )
    stock_attribute: AttributePath = Field(
        "Stock", description="Attribute that holds a product's stock count."
    )
    category_attribute: AttributePath = Field(
        "Category", description="Attribute that holds a product's category."
    )
    price_attribute: AttributePath = Field(
        "Price", description="Attribute that holds a product's price (a number)."
    )
    reorder_point_attribute: AttributePath = Field(
        "ReorderPoint",
        description="Attribute that holds the stock at which a product is low (a number).",
    )
    tags_attribute: AttributePath = Field(
        "Tags", description="Attribute that holds a product's tags (a list or set of strings)."
    )
    barcode_attribute: AttributePath = Field(
        "Barcode", description="Attribute that holds a product's barcode."
    )
    no_reorder_attribute: AttributePath = Field(
        "NoReorder",
        description="Attribute that marks a product that is not reordered (a boolean): it is never "
        "low.",
    )
    unit_attribute: AttributePath | None = Field(
        None,
        description="Attribute that holds the unit of a product's quantities, such as `kg` (a "
        "string), which is shown beside them. If unset, quantities have no unit. Every process of "
        "a deployment needs the same name.",
    )
    metadata_attribute: AttributeName = Field(
        "Stockpulse",
        description="The one attribute that Stockpulse adds to an item: a map with version, times, "
        "author and signature. Every process of a deployment needs the same name.",
    )
    ignored_attributes: Words = Field(
        ("aws:rep:*",),
        description="Top-level attributes whose changes are shown nowhere, such as another "
        "program's bookkeeping. A trailing `*` stands for any ending.",
    )
    id_case: Literal["any", "upper", "lower"] = Field(
        "any",
        description="Letter case of new product ids: `upper` and `lower` refuse others, so that "
        "no two new ids differ in case alone (docs/use/ids.md). Existing ids stay as they are.",
    )
    stock_decimals: Annotated[int, Field(ge=0, le=6)] = Field(
        0, description="Decimal places that a stock written over REST or a page may have."
    )
    negative_stock: bool = Field(
        default=False, description="Whether writes over REST and pages may take a stock below zero."
    )
    price_decimals: Annotated[int, Field(ge=0, le=6)] = Field(
        2, description="Decimal places that prices are shown with, at least."
    )

    @model_validator(mode="after")
    def _different_attributes(self) -> Self:
        keys = (self.key_attribute, self.sort_key_attribute)
        if keys[0] is not None and keys[0] == keys[1]:
            raise ValueError(
                f"{PREFIX}KEY_ATTRIBUTE and {PREFIX}SORT_KEY_ATTRIBUTE must name different "
                f"attributes, not {keys[0]} twice"
            )
        for setting in ("stock_attribute", "metadata_attribute"):
            attribute = getattr(self, setting)
            if attribute in keys:
                raise ValueError(
                    f"{PREFIX}{setting.upper()} must not name {attribute}, which is part of the key"
                )
        used: dict[Path, str] = {}
        for name in _ATTRIBUTES:
            setting = f"{PREFIX}{name.upper()}_ATTRIBUTE"
            attribute = getattr(self, f"{name}_attribute")
            if attribute is None:
                continue
            path = (attribute,) if name == "metadata" else path_of(attribute)
            for other, taken_by in used.items():
                shared = min(len(path), len(other))
                if path[:shared] == other[:shared]:
                    raise ValueError(
                        f"{taken_by} and {setting} must name different attributes, and neither "
                        f"may lie inside the other: {'.'.join(other)}, {attribute}"
                    )
            if any(map(self.attributes.is_ignored, (path[0], attribute))):
                raise ValueError(
                    f"{PREFIX}IGNORED_ATTRIBUTES must not match {attribute} ({setting}): its "
                    "changes would not be shown"
                )
            used[path] = setting
        return self

    @property
    def attributes(self) -> AttributeNames:
        """The products table's attribute names; its key becomes known with the table."""
        chosen = {name: getattr(self, f"{name}_attribute") for name in _ATTRIBUTES}
        selects = None if self.products_filter is None else Selection(self.products_filter)
        return AttributeNames(**chosen, ignored=self.ignored_attributes, selects=selects)
