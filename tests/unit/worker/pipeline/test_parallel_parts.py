"""Each product is in one part only, in order, and the parts have similar sizes."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.core.item import AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.store.feed.feed import ROW_LIMIT
from worker.pipeline.parallel import chunks, split_by_product


def record(product_id: str, number: int) -> dict[str, Any]:
    return {"dynamodb": {"Keys": {"ProductID": {"S": product_id}}, "SequenceNumber": str(number)}}


def product_of(found: Mapping[str, Any]) -> str:
    return str(found["dynamodb"]["Keys"]["ProductID"]["S"])


def number_of(found: Mapping[str, Any]) -> int:
    return int(found["dynamodb"]["SequenceNumber"])


pages = st.lists(st.integers(0, 40), max_size=150).map(
    lambda products: [record(f"P{product}", n) for n, product in enumerate(products)]
)


@given(pages, st.integers(1, 5))
def test_nothing_is_lost_and_no_product_is_in_two_parts(page: list[Any], most: int) -> None:
    parts = split_by_product(page, most)
    assert sorted(map(number_of, chain(*parts))) == list(range(len(page)))
    products = [{product_of(one) for one in part} for part in parts]
    assert sum(map(len, products)) == len(set(chain(*products)))
    assert all(parts)
    for part in parts:
        assert list(map(number_of, part)) == sorted(map(number_of, part))


@given(pages, st.integers(1, 5))
def test_there_are_at_most_as_many_parts_as_batches(page: list[Any], most: int) -> None:
    assert len(split_by_product(page, most)) <= min(most, -(-len(page) // ROW_LIMIT))


def test_different_products_are_distributed_evenly() -> None:
    page = [record(f"P{number}", number) for number in range(4 * ROW_LIMIT)]
    assert [len(part) for part in split_by_product(page, 4)] == [ROW_LIMIT] * 4


def test_a_product_with_many_changes_gets_its_own_part() -> None:
    busy = [record("busy", number) for number in range(60)]
    others = [record(f"P{number}", number) for number in range(36)]
    parts = split_by_product([*busy, *others], 4)
    assert [product_of(one) for one in parts[0]] == ["busy"] * 60
    assert [len(part) for part in parts[1:]] == [12, 12, 12]


def test_products_are_identified_by_a_custom_key_attribute() -> None:
    page = [
        {"dynamodb": {"Keys": {"sku": {"S": f"P{n % 2}"}}, "SequenceNumber": "1"}}
        for n in range(2 * ROW_LIMIT)
    ]
    assert [
        len(part)
        for part in split_by_product(
            page, 2, AttributeNames(KeySchema(KeyPart("sku")), "title", "qty")
        )
    ] == [
        ROW_LIMIT,
        ROW_LIMIT,
    ]


def test_records_without_a_product_stay_together() -> None:
    page: list[Any] = [{"dynamodb": None}] * (2 * ROW_LIMIT)
    assert [len(part) for part in split_by_product(page, 2)] == [2 * ROW_LIMIT]


def test_chunks_keep_the_page_s_order() -> None:
    page = [record("P", number) for number in range(100)]
    assert [[number_of(one) for one in run] for run in chunks(page, 2)] == [
        list(range(48)),
        list(range(48, 96)),
        list(range(96, 100)),
    ]
