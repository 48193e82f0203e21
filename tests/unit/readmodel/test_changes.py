"""Whatever order scan and events meet in, and however often, the copy ends as the table."""

import pytest

from app.core.events import ChangeEvent
from app.readmodel.own_writes import WAIT
from tests.support.builders import stamped
from tests.unit.readmodel.kit import Copy, changed, deleted, inserted, key, orders, product


@pytest.mark.parametrize("order", [0, 1, 2])
def test_events_may_come_in_any_order_and_again(copy: Copy, order: int) -> None:
    events = [
        inserted(1, product("P1", 1)),
        changed(2, product("P1", 2)),
        inserted(3, product("P2", 5)),
        deleted(4, product("P2", 5)),
        inserted(5, product("P3", 7)),
        deleted(6, product("P3", 7)),
        inserted(7, product("P3", 8)),
    ]
    copy.apply(*orders(events)[order])
    assert copy.stocks() == {"P1": 2, "P3": 8}
    assert copy.ids(deleted=True) == ["P2"]


@pytest.mark.parametrize("scanned_first", [True, False])
def test_event_wins_over_the_scanned_item(copy: Copy, *, scanned_first: bool) -> None:
    if scanned_first:
        copy.scan(product("P1", 1), product("P2", 1))
    copy.apply(changed(1, product("P1", 2)), deleted(2, product("P2", 1)))
    copy.scan(product("P1", 1), product("P2", 1))
    assert copy.stocks() == {"P1": 2}


def test_product_that_was_deleted_before_its_page_was_scanned_stays_deleted(copy: Copy) -> None:
    copy.apply(deleted(1, product("P1"), before=None, view_type="KEYS_ONLY"))
    copy.scan(product("P1"))
    assert copy.stocks() == {}


def test_reconciled_event_sets_the_row_until_a_later_record(copy: Copy) -> None:
    reconciled = changed(1, product("P1", 5), kind="reconciled", event_key=key(1) + "~r0001")
    copy.apply(changed(1, product("P1", 1)), reconciled)
    assert copy.stocks() == {"P1": 5}
    copy.apply(changed(2, product("P1", 3)))
    assert copy.stocks() == {"P1": 3}


@pytest.mark.parametrize("view_type", ["KEYS_ONLY", "OLD_IMAGE"])
def test_without_a_new_image_the_product_is_read(copy: Copy, view_type: str) -> None:
    copy.table = {"P1": product("P1", 4)}
    bare = {"before": None, "after": None, "view_type": view_type}
    copy.apply(changed(1, product("P1"), **bare), changed(2, product("P2"), **bare))
    assert copy.stocks() == {"P1": 4}


def test_event_without_the_key_of_the_table_stops_nothing(copy: Copy) -> None:
    older = {"Sku": {"S": "P1"}, "Stock": {"N": "3"}}
    copy.apply(changed(1, product("P1"), before=None, after=older), inserted(2, product("P2", 5)))
    assert copy.stocks() == {"P2": 5}


def test_gaps_of_shards_are_no_products(copy: Copy) -> None:
    copy.apply(changed(1, product("P1"), product_id="\0shard", kind="gap", after=None))
    assert copy.ids(deleted=True) == []


def written(request_id: str, stock: int, version: int) -> dict[str, object]:
    return stamped(product("P1", stock), request_id, version=version)


def event(number: int, request_id: str, stock: int, version: int) -> ChangeEvent:
    return changed(number, written(request_id, stock, version))  # type: ignore[arg-type]


def test_own_write_is_shown_before_its_event_and_not_undone_by_an_earlier_one(copy: Copy) -> None:
    copy.apply(event(1, "r-1", 1, 1))
    copy.own_writes.add("P1", written("r-3", 3, 3), "r-3")  # type: ignore[arg-type]
    copy.changes.show_own_writes()
    assert copy.stocks() == {"P1": 3}
    copy.apply(event(2, "r-2", 2, 2))
    assert copy.stocks() == {"P1": 3}
    copy.apply(event(3, "r-3", 3, 3), event(4, "r-4", 4, 4))
    assert copy.stocks() == {"P1": 4}


def test_own_delete_is_shown_before_its_event(copy: Copy) -> None:
    copy.apply(event(1, "r-1", 1, 1))
    copy.own_writes.add("P1", None, "r-2")
    copy.changes.show_own_writes()
    assert (copy.stocks(), copy.ids(deleted=True)) == ({}, ["P1"])


def test_event_that_arrived_before_its_write_was_noted_counts(copy: Copy) -> None:
    copy.apply(event(1, "r-1", 1, 1))
    copy.own_writes.add("P1", written("r-1", 1, 1), "r-1")  # type: ignore[arg-type]
    copy.apply(event(2, "r-2", 2, 2))
    assert copy.stocks() == {"P1": 2}


def test_own_write_whose_event_does_not_arrive_is_given_up_and_the_product_read(copy: Copy) -> None:
    copy.apply(event(1, "r-1", 1, 1))
    copy.own_writes.add("P1", written("r-9", 9, 9), "r-9")  # type: ignore[arg-type]
    copy.changes.show_own_writes()
    copy.now += WAIT + 1
    copy.table = {"P1": product("P1", 6)}
    late = copy.own_writes.expired()
    copy.changes.read_again([write.product_id for write in late])
    copy.own_writes.forget(late)
    assert copy.stocks() == {"P1": 6}
    assert copy.own_writes.to_show() == []


def test_own_delete_is_confirmed_by_a_deletion_without_a_mark(copy: Copy) -> None:
    copy.apply(event(1, "r-1", 1, 1))
    copy.own_writes.add("P1", None, "r-2")
    copy.apply(deleted(2, product("P1"), view_type="NEW_IMAGE", before=None))
    assert copy.stocks() == {}
    assert copy.own_writes.to_show() == []
    copy.apply(inserted(3, product("P1", 4)))
    assert copy.stocks() == {"P1": 4}
