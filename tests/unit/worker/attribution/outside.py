"""What other programs do with the tables: mostly, they write earlier images again."""

from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.unit.worker.attribution.base import (
    PRODUCTS,
    AttributionMachineBase,
    ages,
    products,
    tables,
)
from tests.unit.worker.attribution.world import TABLES, Item


class OutsideRules(AttributionMachineBase):
    """The rules of other programs."""

    @rule(
        table=tables,
        product=st.sampled_from((None, *PRODUCTS)),
        age=ages,
        shelf=st.sampled_from((None, None, "A", "B")),
    )
    def put_image(self, table: str, product: str | None, age: int, shelf: str | None) -> None:
        """Put a copy of an earlier image: a stale one, or one of another item or table."""
        if self.world.images:
            item = self._image(age)
            self._put(table, product or item["ProductID"]["S"], item, {"Shelf": shelf})

    @rule(
        age=ages,
        other=ages,
        first=st.sampled_from(("before", "before", "before", "bare")),
        second=st.sampled_from(("after", "after", "later", "image")),
        shelf=st.sampled_from((None, None, None, None, "A")),
        product=st.sampled_from((*[None] * 6, *PRODUCTS)),
        table=st.sampled_from((*[None] * 6, *TABLES)),
    )
    def repeat(
        self,
        age: int,
        other: int,
        first: str,
        second: str,
        shelf: str | None,
        product: str | None,
        table: str | None,
    ) -> None:
        """Bring an item to the states before and after an earlier change, or to similar ones."""
        if not self.world.written:
            return
        written = self.world.written[max(0, len(self.world.written) - 1 - age) :]
        one = written[0]
        product = product or one.change.keys["ProductID"]["S"]
        table = table or one.table
        before: Item | None = {} if first == "bare" else one.change.before
        after = one.change.after
        if second == "later":
            own = [found.change for found in written if found.change.keys == one.change.keys]
            after = own[:2][-1].after
        elif second == "image":
            after = self._image(other)
        self._put(table, product, before, {})
        self._put(table, product, after, {} if shelf is None else {"Shelf": shelf})

    @rule(table=tables, product=products, age=ages, which=st.integers(1, 15))
    def update_in_part(self, table: str, product: str, age: int, which: int) -> None:
        """Set some attributes to what they were in an earlier image, of any item."""
        item = self.world.tables.rows[table].get((product,))
        if item is None or not self.world.images:
            return
        found = sorted(self._image(age).items())
        chosen = {name: value for n, (name, value) in enumerate(found) if which >> n % 4 & 1}
        self._put(table, product, {**item, **chosen}, {})

    @rule(
        table=tables,
        product=products,
        values=st.fixed_dictionaries(
            {},
            optional={
                "stock": st.sampled_from((None, {"N": "1"}, {"N": "2"})),
                "metadata": st.none(),
                "Shelf": st.sampled_from((None, "A", "B")),
                "aws:rep:time": st.sampled_from(("1", "2")),
            },
        ),
    )
    def change(self, table: str, product: str, values: dict[str, Any]) -> None:
        """Change some attributes, or create the item."""
        names = self.world.names
        item = dict(self.world.tables.rows[table].get((product,), {}))
        if "stock" in values:
            first, _, inner = names.stock.partition(".")
            stock = values["stock"]
            members = {**item.get(first, {}).get("M", {}), inner: stock}
            kept = {name: value for name, value in members.items() if value is not None}
            values = {**values, first: {"M": kept} if inner else stock}
        if "metadata" in values:
            values = {**values, names.metadata: None}
        changes = {n: v for n, v in values.items() if n not in {"stock", "metadata"}}
        self._put(table, product, item, changes)

    @rule(table=tables, product=products, expires=st.booleans())
    def remove(self, table: str, product: str, expires: bool) -> None:  # noqa: FBT001
        """Another program deletes the item, or DynamoDB does because of its TTL."""
        with self.world.acting(None, expires=expires):
            self.world.tables.delete_item(TableName=table, Key={"ProductID": {"S": product}})

    @rule(emptied=st.booleans())
    def restore(self, emptied: bool) -> None:  # noqa: FBT001
        """Put all items of the backup back, after deleting the present ones or over them."""
        for table in TABLES if emptied else ():
            for product in PRODUCTS:
                self.remove(table, product, expires=False)
        for table, item in self.backup:
            self._put(table, item["ProductID"]["S"], item, {})

    def _image(self, age: int) -> Item:
        return self.world.images[max(0, len(self.world.images) - 1 - age)]

    def _put(self, table: str, product: str, item: Item | None, changes: dict[str, Any]) -> None:
        """Another program puts the item under this key, with these changes; None: deletes it."""
        if item is None:
            self.remove(table, product, expires=False)
            return
        given = {n: {"S": v} if isinstance(v, str) else v for n, v in changes.items() if v}
        removed = {name for name, value in changes.items() if value is None}
        kept = {name: value for name, value in item.items() if name not in removed}
        with self.world.acting(None), suppress(ClientError):  # it may be too large
            self.world.tables.put_item(
                TableName=table, Item={**kept, **given, "ProductID": {"S": product}}
            )
