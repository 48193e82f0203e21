"""One product keeps its order, different ones go at once, and never too many are in flight."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from worker.sinks.window import Window

SIZE = 5
PRODUCTS = st.sampled_from(["a", "b", "c"])


def test_a_product_has_one_turn_at_a_time_and_others_go_on() -> None:
    window: Window[int] = Window(SIZE)
    for product, item in (("a", 1), ("a", 2), ("b", 3)):
        assert window.add(product, item, 0)
    assert window.next(0) == ("a", 1)
    assert window.next(0) == ("b", 3)
    assert window.next(0) is None
    window.done("a", 0)
    assert window.next(0) == ("a", 2)


def test_a_full_window_takes_nothing() -> None:
    window: Window[int] = Window(2)
    assert [window.add(product, 1, 0) for product in "abc"] == [True, True, False]


def test_what_failed_has_its_next_turn_later_and_nobody_overtakes_it() -> None:
    window: Window[int] = Window(SIZE)
    window.add("a", 1, 0)
    window.add("a", 2, 0)
    window.next(0)
    window.again("a", 5)
    assert (window.next(4), window.wait(4)) == (None, 1)
    assert window.next(5) == ("a", 1)


def test_a_record_in_delivery_is_parked_with_the_rest_and_stays_until_it_ends() -> None:
    window: Window[int] = Window(2)
    window.add("a", 1, 0)
    window.add("a", 2, 0)
    window.next(0)
    assert window.overtake("a", "claim") == ([1, 2], True)
    assert window.is_parking(["a"])
    window.parked("a", 1, 0)
    assert (window.held, window.claim_of("a"), window.next(0)) == (1, "claim", None)
    window.done("a", 0)
    assert (window.held, window.next(0)) == (0, None)


def test_a_parking_that_failed_leaves_the_chain_as_it_was() -> None:
    window: Window[int] = Window(2)
    window.add("a", 1, 0)
    window.add("a", 2, 0)
    window.next(0)
    window.overtake("a", "claim")
    window.not_parked("a", "claim")
    assert (window.held, window.claim_of("a"), window.is_parking(["a"])) == (2, None, False)
    assert window.park("a") == [1, 2]
    window.not_parked("a")
    window.again("a", 3)
    assert window.next(3) == ("a", 1)


class Chains(RuleBasedStateMachine):
    """Readers add, threads take turns, both park; every record leaves in its product's order."""

    def __init__(self) -> None:
        super().__init__()
        self.window: Window[int] = Window(SIZE)
        self.number = 0
        self.inside: dict[str, list[int]] = {"a": [], "b": [], "c": []}
        self.turns: dict[str, int] = {}
        self.parked_in_delivery: set[str] = set()

    @rule(product=PRODUCTS)
    def add_or_overflow(self, product: str) -> None:
        self.number += 1
        if self.window.add(product, self.number, 0):
            self.inside[product].append(self.number)
            return
        assert sum(map(len, self.inside.values())) == SIZE
        items, claimed = self.window.overtake(product, "claim")
        was_parked = product in self.parked_in_delivery
        assert items == self.inside[product][1 if was_parked else 0 :]
        assert claimed == (product in self.turns and not was_parked)
        self.window.parked(product, len(items) - claimed, 0)
        kept = product in self.turns
        self.inside[product] = self.inside[product][:1] if kept else []
        if kept:
            self.parked_in_delivery.add(product)

    @rule()
    def take_a_turn(self) -> None:
        turn = self.window.next(0)
        if turn is None:
            assert all(product in self.turns for product, items in self.inside.items() if items)
            return
        product, item = turn
        assert product not in self.turns
        assert item == self.inside[str(product)][0]
        self.turns[str(product)] = item

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), how=st.sampled_from(["done", "again", "park"]))
    def end_a_turn(self, data: st.DataObject, how: str) -> None:
        product = data.draw(st.sampled_from(sorted(self.turns)))
        parked = product in self.parked_in_delivery
        assert self.window.claim_of(product) == ("claim" if parked else None)
        del self.turns[product]
        if how == "done" or parked:
            self.window.done(product, 0)
            self.inside[product].pop(0)
            self.parked_in_delivery.discard(product)
        elif how == "again":
            self.window.again(product, 0)
        else:
            items = self.window.park(product)
            assert items == self.inside[product]
            self.window.parked(product, len(items), 0)
            self.inside[product] = []

    @invariant()
    def holds_what_is_inside(self) -> None:
        assert self.window.held == sum(map(len, self.inside.values())) <= SIZE


TestChains = Chains.TestCase
