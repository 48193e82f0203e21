"""A gap is found where a record's old image is not the last audited one, without any read."""

from typing import Any

from app.core.events import ChangeEvent
from tests.support.builders import STREAM_ARN, an_item, as_boto3, inserted, modified, removed
from worker.continuity.last_images import LastImages
from worker.stream.decode import decode


def change(number: int, before: int | None, after: int | None, **more: Any) -> ChangeEvent:
    """Record `number`, from one stock to the next; None means no item."""
    product_id = more.pop("product_id", "P1")
    more["sequence_number"] = str(number)
    old, new = (None if n is None else an_item(product_id, Stock=n) for n in (before, after))
    if old is None:
        return decode(as_boto3(inserted(new or {}, **more)), STREAM_ARN)
    change_made = removed(old, **more) if new is None else modified(old, new, **more)
    return decode(as_boto3(change_made), STREAM_ARN)


def numbers(heads: LastImages, *events: ChangeEvent) -> list[str]:
    return [found.event.sequence_number for found in heads.breaks(events)]


def test_records_that_follow_the_last_audited_entry_are_no_break() -> None:
    heads = LastImages()
    heads.audited([change(1, None, 9)])
    assert numbers(heads, change(2, 9, 8), change(3, 8, 7), change(4, 7, None)) == []


def test_a_record_missing_between_batches_or_within_one_is_a_break() -> None:
    heads = LastImages()
    heads.audited([change(1, None, 9)])
    assert numbers(heads, change(3, 8, 7), change(5, 6, 5)) == ["3", "5"]


def test_a_break_names_the_entry_that_it_does_not_follow() -> None:
    heads, first, third = LastImages(), change(1, None, 9), change(3, 8, 7)
    heads.audited([first])
    (outer,) = heads.breaks([third])
    assert (outer.head_key, outer.head) == (first.event_key, None)
    _, inner = heads.breaks([third, change(5, 6, 5)])
    assert (inner.head_key, inner.head) == (third.event_key, third)


def test_products_never_audited_under_this_lease_are_not_compared() -> None:
    assert numbers(LastImages(), change(3, 8, 7)) == []


def test_a_refused_record_does_not_count_as_audited() -> None:
    heads = LastImages()
    heads.audited([change(1, None, 9)])
    assert numbers(heads, change(2, 9, 8)) == []  # and then it could not be written
    assert numbers(heads, change(3, 8, 7)) == ["3"]


def test_a_record_that_is_read_again_is_no_break_and_moves_nothing_back() -> None:
    heads = LastImages()
    heads.audited([change(1, None, 9), change(2, 9, 8)])
    assert numbers(heads, change(1, None, 9)) == []
    heads.audited([change(1, None, 9)])
    assert numbers(heads, change(3, 8, 7)) == []


def test_a_product_created_again_follows_its_deletion() -> None:
    heads = LastImages()
    heads.audited([change(1, 9, None)])
    assert numbers(heads, change(2, None, 5)) == []
    assert numbers(heads, change(2, 9, 5)) == ["2"]


def test_products_are_compared_separately() -> None:
    heads = LastImages()
    heads.audited([change(1, None, 9)])
    assert numbers(heads, change(2, 5, 4, product_id="P2")) == []


def test_views_without_both_images_are_not_compared() -> None:
    heads = LastImages()
    for view in ("NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"):
        heads.audited([change(1, None, 9, view=view)])
        assert numbers(heads, change(3, 8, 7, view=view)) == []


def test_the_least_recently_changed_product_is_dropped_first() -> None:
    heads = LastImages(limit=2)
    for number, product_id in enumerate(("P1", "P2", "P1", "P3")):
        heads.audited([change(number, None, 9, product_id=product_id)])
    assert numbers(heads, change(7, 5, 4, product_id="P2")) == []
    assert numbers(heads, change(7, 5, 4, product_id="P3")) == ["7"]


def test_equal_images_in_different_spellings_are_no_break() -> None:
    heads = LastImages()
    before = an_item(Sizes={"SS": ["a", "b"]}, Price={"N": "1.50"})
    again = an_item(Sizes={"SS": ["b", "a"]}, Price={"N": "1.5"})
    heads.audited([decode(as_boto3(inserted(before, sequence_number="1")), STREAM_ARN)])
    record = as_boto3(modified(again, an_item(Stock=1), sequence_number="2"))
    assert heads.breaks([decode(record, STREAM_ARN)]) == []
