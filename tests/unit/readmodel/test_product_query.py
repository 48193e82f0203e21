"""Lists find, filter, sort and page; no text of a user is ever syntax."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidCursor
from app.core.item import DEFAULT_NAMES
from app.readmodel.products.product_query import (
    WORDS,
    ProductQuery,
    SortKey,
    encode_place,
    words_of,
)
from app.readmodel.products.product_row import folded
from app.store.products.model import product_of
from tests.unit.readmodel.kit import Copy, changed, deleted, product


@pytest.fixture
def shop(copy: Copy) -> Copy:
    copy.scan(
        product("TEA-00012", 5, ProductName="Grüner Tee", Category="Tee", Price=4, ReorderPoint=5),
        product("TEA-00013", 9, ProductName="Earl Grey", Category="Tee", Barcode="4006381333931"),
        product("MUG-1", 0, ProductName="Blue Mug", Category="Kitchen", Price=12),
        product("MUG-2", 70, ProductName="blue kettle", Category="Kitchen", Price=39),
    )
    return copy


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("gru", ["TEA-00012"]),
        ("GRÜNER", ["TEA-00012"]),
        ("tee", ["TEA-00012", "TEA-00013"]),
        ("blue mug", ["MUG-1", "MUG-2"]),  # the id of MUG-2 begins with `mug`
        ("kettle blue", ["MUG-2"]),
        ("tea-00012", ["TEA-00012"]),
        ("0013", ["TEA-00013"]),  # a part of an id
        ("13339", ["TEA-00013"]),  # a part of a barcode
        ("13", []),  # too short for a part; no word begins with it
        ("kett", ["MUG-2"]),
        ("ettle", []),  # a part of a name
        ("k", ["MUG-1", "MUG-2"]),
        ("", ["MUG-1", "MUG-2", "TEA-00012", "TEA-00013"]),
        ('") OR (', []),  # the word `or`
        ("* ^ - :", ["MUG-1", "MUG-2", "TEA-00012", "TEA-00013"]),  # no word at all
    ],
)
def test_each_word_begins_a_word_or_is_a_part_of_an_id_or_barcode(
    shop: Copy, q: str, found: list[str]
) -> None:
    assert shop.ids(q=q) == found


@given(q=st.text(max_size=60))
def test_any_text_can_be_searched_for(q: str) -> None:
    words = words_of(q)
    assert len(words) <= WORDS
    assert all(word == folded(word) for word in words)


@pytest.mark.parametrize(
    "q", ['"', "a AND", "NEAR(a b)", "words:blue", "a*b", "{a", "'; DROP", "\0blue", "🙂"]
)
def test_syntax_of_the_index_has_no_meaning_in_a_search(shop: Copy, q: str) -> None:
    assert set(shop.ids(q=q)) <= {"MUG-1", "MUG-2", "TEA-00012", "TEA-00013"}


def test_filters_combine(shop: Copy) -> None:
    assert shop.ids(category="Tee") == ["TEA-00012", "TEA-00013"]
    assert shop.ids(category="tee") == []
    assert shop.ids(low=True) == ["TEA-00012"]
    assert shop.ids(out=True) == ["MUG-1"]
    assert shop.ids(ranges={"price": (Decimal(5), Decimal(12))}) == ["MUG-1"]
    assert shop.ids(ranges={"price": (None, Decimal(100))}) == ["MUG-1", "MUG-2", "TEA-00012"]
    assert shop.ids(ranges={"stock": (Decimal(6), None)}, category="Tee") == ["TEA-00013"]


def test_tag_filter_follows_changed_tags(copy: Copy) -> None:
    copy.scan(product("P1", Tags={"L": [{"S": "new"}, {"S": "red"}]}))
    assert copy.ids(tag="red") == ["P1"]
    copy.apply(changed(1, product("P1", Tags={"L": [{"S": "new"}]})))
    assert (copy.ids(tag="red"), copy.ids(tag="new")) == ([], ["P1"])


def test_deleted_products_are_a_list_of_their_own(shop: Copy) -> None:
    shop.apply(deleted(1, product("MUG-1", ProductName="Blue Mug")))
    assert "MUG-1" not in shop.ids()
    assert shop.ids(deleted=True, q="blue") == ["MUG-1"]


@pytest.mark.parametrize("sort", ["id", "name", "category", "stock", "price", "updated_at"])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_of_any_size_are_the_whole_list_in_order(
    copy: Copy, sort: SortKey, *, descending: bool
) -> None:
    copy.scan(
        *(
            product(f"P{n}", n % 4, Price=n % 3, Category="ab"[n % 2])
            if n % 5
            else product(f"P{n}", 2)
            for n in range(30)
        )
    )
    query = ProductQuery(sort=sort, descending=descending)
    whole = [one.product_id for one in copy.lists.page(query, 200).items]
    assert len(set(whole)) == 30
    if sort == "stock":
        stocks = [one.stock for one in copy.lists.page(query, 200).items]
        assert stocks == sorted(stocks, reverse=descending)  # type: ignore[type-var]
    found: list[str] = []
    cursor = None
    while True:
        page = copy.lists.page(query, 7, cursor)
        found += [one.product_id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == whole


def test_paging_survives_changes_before_and_after_the_cursor(copy: Copy) -> None:
    copy.scan(*(product(f"P{n}") for n in range(0, 10, 2)))
    page = copy.lists.page(ProductQuery(), 2)
    copy.scan(product("P1"), product("P5"))
    copy.apply(deleted(1, product("P2")))
    rest = copy.lists.page(ProductQuery(), 10, page.next_cursor)
    assert [one.product_id for one in (*page.items, *rest.items)] == [
        "P0",
        "P2",
        "P4",
        "P5",
        "P6",
        "P8",
    ]


def test_page_of_large_products_ends_early_and_its_cursor_leads_on(copy: Copy) -> None:
    copy.scan(*(product(f"P{n:02}", text="x" * 300_000) for n in range(40)))
    found: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = copy.lists.page(ProductQuery(), 200, cursor)
        found += [one.product_id for one in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert found == [f"P{n:02}" for n in range(40)]
    assert pages == 3


def test_cursor_of_another_order_is_refused(shop: Copy) -> None:
    cursor = shop.lists.page(ProductQuery(), 1).next_cursor
    for given_cursor in (cursor, "p.", "p.x", "p.bnVsbA", "p.WzFd"):
        with pytest.raises(InvalidCursor, match="Start again"):
            shop.lists.page(ProductQuery(sort="name"), 1, given_cursor)


def test_cursor_with_a_number_beyond_64_bits_is_no_error(shop: Copy) -> None:
    query = ProductQuery(sort="stock")
    for key in (2**63, 2**64 - 1, -(2**63)):
        assert isinstance(shop.lists.page(query, 1, encode_place(query, (key, "a"))).items, list)


def test_total_is_exact_up_to_its_cap_or_on_request(
    shop: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def total(totals: str) -> tuple[int, bool] | None:
        found = shop.lists.page(ProductQuery(), 1, None, totals).total  # type: ignore[arg-type]
        return None if found is None else (found.count, found.exact)

    assert (total("none"), total("capped")) == (None, (4, True))
    monkeypatch.setattr("app.readmodel.products.product_lists.CAPPED", 3)
    assert (total("capped"), total("exact")) == ((3, False), (4, True))


def test_whole_item_comes_back(copy: Copy) -> None:
    item = product("P1", shelf={"M": {"row": {"N": "7"}}}, raw=b"\x00\xff", odd={"SS": ["a", "b"]})
    copy.scan(item)
    (found,) = copy.lists.page(ProductQuery(), 1).items
    assert found == product_of(item, DEFAULT_NAMES)
    assert found.etag == product_of(item, DEFAULT_NAMES).etag
