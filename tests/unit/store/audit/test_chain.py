"""Gap and reconciled entries sort after the chain's last entry and before any later record."""

from datetime import datetime, timedelta

import pytest

from app.core.events import is_event_key
from app.store.audit.chain import (
    ChainFull,
    Link,
    goes_on,
    is_baseline,
    label_of,
    origin,
    successor,
    void_from,
    void_keys,
)
from tests.support.builders import LABEL, NOON

RECORD, LATER = f"{LABEL}#{'7':0>40}", f"{LABEL}#{'8':0>40}"


def link(key: str, before: str | None, after: str | None, kind: str = "updated") -> Link:
    return Link(key, kind, "MODIFY", "NEW_AND_OLD_IMAGES", before, after, NOON)  # type: ignore[arg-type]


def found(key: str, before: str | None, after: str | None) -> Link:
    return link(key, before, after, "reconciled")


@pytest.mark.parametrize(
    ("key", "mark", "expected"),
    [
        (RECORD, "g", "~g0000"),
        (RECORD, "r", "~r0000"),
        (f"{RECORD}~g0000", "g", "~g0001"),
        (f"{RECORD}~r0009", "r", "~r0010"),
        (f"{RECORD}~g0003", "r", "~r0000"),
        (f"{RECORD}~r0000", "g", "~r0000~g0000"),
        (f"{RECORD}~r0000~g0000", "g", "~r0000~g0001"),
        (f"{RECORD}~r0000~g0000", "r", "~r0001"),
    ],
)
def test_a_new_key_sorts_after_the_last_entry_and_before_later_records(
    key: str, mark: str, expected: str
) -> None:
    new = successor(key, mark)  # type: ignore[arg-type]
    assert new == RECORD + expected
    assert key < new < LATER
    assert is_event_key(new)


def test_a_counter_over_four_digits_is_an_error() -> None:
    assert successor(f"{RECORD}~r9998", "r").endswith("~r9999")
    with pytest.raises(ChainFull):
        successor(f"{RECORD}~r9999", "r")


def test_a_baseline_sorts_before_every_record_of_its_stream() -> None:
    baseline = successor(origin(LABEL), "r")
    assert is_baseline(baseline)
    assert label_of(baseline) == LABEL
    assert baseline < f"{LABEL}#{'1':0>40}"
    assert not is_baseline(successor(RECORD, "r"))
    assert not is_baseline(successor(origin(LABEL), "g"))


def test_a_record_follows_the_last_after_image() -> None:
    trail = [link("a", "0", "1"), found("b", "1", "2")]
    assert goes_on(trail, "2", NOON)
    assert void_from(trail, "2", NOON) == 2


def test_a_record_with_a_reconciled_entry_s_before_image_makes_it_void() -> None:
    trail = [link("a", "0", "1"), found("b", "1", "2"), found("c", "2", "3")]
    assert void_from(trail, "1", NOON) == 1
    assert void_from(trail, "2", NOON) == 2
    assert void_from(trail, "9", NOON) is None


def test_a_record_is_never_void() -> None:
    assert void_from([link("a", "0", "1")], "0", NOON) is None


def test_an_insert_makes_a_baseline_void() -> None:
    assert void_from([found("a", None, "1")], None, NOON) == 0


EARLIER, BASELINE = NOON - timedelta(seconds=1), successor(origin(LABEL), "r")


@pytest.mark.parametrize(
    ("keys", "at", "start"),
    [
        ([BASELINE], EARLIER, 0),
        ([BASELINE, successor(BASELINE, "r")], EARLIER, 0),
        ([BASELINE], NOON, None),
        ([successor(RECORD, "r")], EARLIER, None),
    ],
    ids=["late record", "reconciled again", "record is not earlier", "no baseline"],
)
def test_a_baseline_is_void_if_the_first_record_happened_before_it(
    keys: list[str], at: datetime, start: int | None
) -> None:
    assert void_from([found(key, "9", "5") for key in keys], "1", at) == start


def test_void_keys_are_decided_by_the_next_record() -> None:
    chain = [
        link("a", "0", "1"),
        found("b", "1", "2"),
        link("c", "1", "2"),
        found("d", "2", "3"),
        link("e", "3", "4"),
    ]
    assert void_keys(chain) == {"b"}
