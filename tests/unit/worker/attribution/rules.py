"""The whole state machine: our own writes, beside time, the worker and other programs."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from app.store.products.model import ProductDraft, Stamp
from app.store.products.product_repository import ProductRepository
from tests.unit.worker.attribution.base import ages, products, tables
from tests.unit.worker.attribution.outside import OutsideRules
from tests.unit.worker.attribution.process import (
    Trouble,
    crash_after,
    crash_before,
    lose_answer,
)
from tests.unit.worker.attribution.world import Author

FAILURES: dict[str, Trouble] = {
    "crash_before": crash_before,
    "crash_after": crash_after,
    "lose_answer": lose_answer,
}

authors = st.sampled_from(
    [
        Author(actor, reason, note, "SO-7", None)
        for actor in ("ada", "bob")
        for reason, note in (("sold", None), ("lost", "n" * 60))
    ]
)
troubles = st.sampled_from(
    ("none", "none", "none", *FAILURES, "slow", "changed", "removed", "put_back")
)


class AttributionMachine(OutsideRules):
    """Our writes, through the real repository."""

    @rule(
        table=tables,
        process=st.integers(0, 1),
        product=products,
        kind=st.sampled_from(("create", "adjust", "patch", "replace", "count")),
        number=st.integers(1, 3),
        author=authors,
        trouble=troubles,
        age=ages,
    )
    def write(
        self,
        table: str,
        process: int,
        product: str,
        kind: str,
        number: int,
        author: Author,
        trouble: str,
        age: int,
    ) -> None:
        """One request; while it runs, it can fail, and other programs can change the item."""

        def call(repository: ProductRepository, stamp: Stamp) -> object:
            draft = ProductDraft(product_id=product, name="Mug", stock=Decimal(number))
            match "create" if repository.find(product) is None else kind:
                case "create":
                    return repository.create(draft, stamp)
                case "adjust":
                    return repository.adjust(product, Decimal(number - 2), stamp)
                case "patch":
                    price = Decimal(number) if number > 1 else None
                    return repository.patch(product, {"price": price}, "*", stamp)
                case "replace":
                    return repository.replace(draft, "*", stamp)
                case _:
                    return repository.count(product, Decimal(number), stamp)

        met = [self._trouble(trouble, table, product, age)]
        self.processes[table][process].write(self._named(author), met, call)

    @rule(
        table=tables,
        process=st.integers(0, 1),
        product=products,
        author=authors,
        first=st.sampled_from(("none", "none", "lose_answer")),
        second=troubles | st.sampled_from(("crash_before", "changed")),
        age=ages,
    )
    def delete(
        self,
        table: str,
        process: int,
        product: str,
        author: Author,
        first: str,
        second: str,
        age: int,
    ) -> None:
        """A delete in two steps; it can crash between them, and the item can change there."""
        met = [self._trouble(name, table, product, age) for name in (first, second)]
        self.processes[table][process].write(
            self._named(author),
            met,
            lambda repository, stamp: repository.delete(product, "*", stamp),
            deletes=True,
        )

    @rule(
        process=st.integers(0, 1),
        age=ages,
        restores=st.booleans(),
        author=authors,
        trouble=troubles,
    )
    def reverse(
        self,
        process: int,
        age: int,
        restores: bool,  # noqa: FBT001
        author: Author,
        trouble: str,
    ) -> None:
        """Take back one of the latest events, or of the latest deletions; it may be refused."""
        kinds = {"deleted"} if restores else {"inserted", "stock_changed", "updated", "deleted"}
        found = [n for n, event in enumerate(self.shown) if event.kind in kinds][::-1]
        if age >= len(found):
            return
        table, event = self.world.written[found[age]].table, self.shown[found[age]]
        where = self.processes[table][process]
        where.write(
            self._named(author)._replace(reverses=event.id, reference=None),
            [self._trouble(trouble, table, event.product_id, age)],
            lambda _, stamp: where.reversals.reverse(event, stamp),
            deletes=event.kind == "inserted",
        )

    def _named(self, author: Author) -> Author:
        self.requests += 1
        return author._replace(request_id=f"r-{self.requests}")

    def _trouble(self, name: str, table: str, product: str, age: int) -> Trouble:
        """What happens when a transaction is sent."""

        def meanwhile(call: Any) -> Any:
            match name:
                case "changed":
                    self.change(table, product, {"stock": {"N": "2"}})
                case "removed":
                    self.remove(table, product, expires=False)
                case "put_back" if self.world.images:
                    self._put(table, product, self._image(age), {})
                case "slow":
                    self.world.now += 40.0
            return call()

        return FAILURES.get(name, meanwhile)
