"""A rehearsal finds out what a write would do to a product as it is now, and writes nothing."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import InvalidProductID
from app.core.item import Item
from app.core.keys import NotAnID
from app.core.paths import with_value
from app.core.stamps import Stamps
from app.store.dynamodb.batches import get_in_portions
from app.store.products.changes import StockRules, patching, planned
from app.store.products.expressions import assign
from app.store.products.field_values import encode_fields
from app.store.products.model import Product, ProductDraft, Stamp, product_of
from app.store.products.optimistic_update import check_selected

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NOBODY = Stamp(actor="", request_id="")


class Rehearsal:
    """The products of one table, with the rules of its writes."""

    def __init__(self, client: "DynamoDBClient", stamps: Stamps, rules: StockRules) -> None:
        self._client = client
        self._stamps = stamps
        self._rules = rules

    def items(self, product_ids: Iterable[str]) -> dict[str, Item]:
        """The items that have these ids, products or not, read consistently and in batches.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        keys = {}
        for product_id in product_ids:
            with suppress(NotAnID):  # no item can have it
                keys[product_id] = self._stamps.names.key.key_of(product_id)
        portions = get_in_portions(self._client, self._stamps.table, list(keys.values()))
        id_of = self._stamps.names.key.id_of
        return {id_of(item): item for portion in portions for item in portion}

    def product(self, item: Item) -> Product | None:
        """The product that an item is; None if it is none."""
        names = self._stamps.names
        return product_of(item, names) if names.is_product(item) else None

    def change(self, item: Item, changes: Mapping[str, Any]) -> None:
        """Return if these changes of a product would be written; raises as `patch` would."""
        names = self._stamps.names
        values = planned(patching(changes, "*", self._rules), names)(item) or {}
        _, after = assign(item, values, _NOBODY, datetime.now(UTC), self._stamps)
        check_selected(after, names)

    def creation(self, draft: ProductDraft) -> None:
        """Return if this product would be created; raises as `create` would."""
        names = self._stamps.names
        self._rules.check_stock("stock", draft.stock)
        fields = {name: getattr(draft, name) for name in draft.__dataclass_fields__}
        try:
            item: Item = names.key.key_of(fields.pop("product_id"))
        except NotAnID as error:
            raise InvalidProductID(str(error)) from None
        for path, value in encode_fields(fields, names, item).items():
            item = with_value(item, path, value)
        check_selected(item, names)
