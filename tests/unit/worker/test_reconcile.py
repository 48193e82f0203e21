"""A difference must be the same twice to be acted on; and what was early is void afterwards."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events import ChangeEvent
from app.item import DEFAULT_NAMES, digest
from app.store.audit_entry import Signer, event_of
from app.store.chain import is_baseline, link_of, void_keys
from app.store.verification import check_entries, check_live
from app.store.workers import WorkerRow
from tests.support.builders import (
    LABEL,
    NOON,
    STREAM_ARN,
    an_event,
    an_item,
    as_boto3,
    inserted,
    modified,
    removed,
)
from worker.reconcile.decision import (
    AGAIN,
    Look,
    beginning_of,
    decide,
    found_in_table,
    is_caught_up,
)
from worker.reconcile.readings import Readings
from worker.stream.decode import decode
from worker.stream.membership import Member
from worker.stream.progress import ShardState

SIGNER = Signer("k1", b"k" * 32)
KEYS = {"k1": b"k" * 32}


def look(event: ChangeEvent | None, live: Any) -> Look:
    head = None if event is None else link_of(SIGNER.entry(event))
    return Look("P1", head, None if live is None else digest(live))


def found(head: ChangeEvent | None, live: Any, seconds: float = 0) -> ChangeEvent:
    moment = NOON + timedelta(seconds=seconds)
    return found_in_table("P1", head, live, LABEL, moment, DEFAULT_NAMES)


SOLD = an_event(1)
OTHER = an_item(ProductName="Blue mug", Stock=4, Category="Bath")


def test_equal_is_left_alone() -> None:
    assert not look(SOLD, SOLD.after).differs
    assert not look(None, None).differs
    assert not look(replace(SOLD, after=None, event_name="REMOVE"), None).differs


@pytest.mark.parametrize(
    ("head", "live"), [(SOLD, OTHER), (SOLD, None), (None, OTHER)], ids=["other", "gone", "new"]
)
def test_a_difference_that_stays_is_written(head: ChangeEvent | None, live: Any) -> None:
    assert decide(look(head, live), look(head, live), NOON) == "write"


def test_a_difference_that_went_away_is_left_alone() -> None:
    assert decide(look(SOLD, OTHER), look(SOLD, SOLD.after), NOON) == "equal"
    assert decide(look(None, OTHER), look(replace(SOLD, after=OTHER), OTHER), NOON) == "equal"


def test_a_difference_that_became_another_is_looked_at_again() -> None:
    assert decide(look(SOLD, OTHER), look(SOLD, an_item(Stock=3)), NOON) == "moving"
    assert decide(look(SOLD, OTHER), look(an_event(2), OTHER), NOON) == "moving"


def test_a_product_is_reconciled_once_in_ten_minutes() -> None:
    entry = found(SOLD, OTHER)
    seen = look(entry, None)
    assert decide(seen, seen, NOON + AGAIN - timedelta(seconds=1)) == "too soon"
    assert decide(seen, seen, NOON + AGAIN) == "write"


@pytest.mark.parametrize("view", ["OLD_IMAGE", "KEYS_ONLY"])
def test_without_new_images_only_a_product_without_entries_differs(view: str) -> None:
    assert not look(replace(SOLD, view_type=view, after=None), OTHER).differs
    assert look(None, OTHER).differs


def test_new_images_alone_can_be_compared() -> None:
    head = replace(SOLD, view_type="NEW_IMAGE", before=None)
    assert not look(head, head.after).differs
    assert look(head, OTHER).differs


def test_what_is_found_says_what_was_known_and_what_is_there() -> None:
    entry = found(SOLD, OTHER)
    assert (entry.kind, entry.event_key) == ("reconciled", f"{SOLD.event_key}~r0000")
    assert (entry.before, entry.after) == (SOLD.after, OTHER)
    assert (entry.stock_before, entry.stock_after, entry.delta) == (9, 4, None)
    assert entry.changed == ("Category", "Stock")
    assert (entry.actor, entry.request_id, entry.event_name) == (None, None, "MODIFY")
    assert event_of(SIGNER.entry(entry)) == entry


def test_a_product_that_is_gone_meanwhile_has_no_image_after() -> None:
    entry = found(SOLD, None)
    assert (entry.after, entry.event_name, entry.product_name) == (None, "REMOVE", "Blue mug")


def test_a_history_can_begin_with_what_was_there() -> None:
    entry = found(None, OTHER)
    assert is_baseline(entry.event_key)
    assert (entry.before, entry.event_name, entry.sequence_number) == (None, "INSERT", "0")
    assert check_entries("P1", [SIGNER.entry(entry)], KEYS).findings == []


def test_the_next_one_has_the_next_number() -> None:
    assert found(found(SOLD, OTHER), None).event_key == f"{SOLD.event_key}~r0001"


def test_a_head_whose_images_were_too_large_leaves_the_image_before_open() -> None:
    entry = found(replace(SOLD, before=None, after=None, images_omitted=True), OTHER)
    assert (entry.images_omitted, entry.event_name) == (True, "MODIFY")
    assert link_of(SIGNER.entry(entry)).after == digest(OTHER)


def test_a_first_record_that_is_no_insert_tells_the_beginning() -> None:
    baseline = beginning_of(SOLD, DEFAULT_NAMES)
    assert baseline is not None
    assert is_baseline(baseline.event_key)
    assert (baseline.before, baseline.after) == (None, SOLD.before)
    chain = [SIGNER.entry(event) for event in (baseline, SOLD)]
    assert check_entries("P1", chain, KEYS).findings == []
    for needless in (replace(SOLD, before=None), baseline, replace(SOLD, view_type="NEW_IMAGE")):
        assert beginning_of(needless, DEFAULT_NAMES) is None


@dataclass(frozen=True)
class Shard:
    finished: bool = False
    lag: float = 0.0
    last_page: float | None = 1.0
    lag_at_most: float | None = None


@pytest.mark.parametrize(
    ("shards", "caught_up"),
    [
        ([Shard()], True),
        ([Shard(), Shard(finished=True, last_page=None)], True),
        ([Shard(lag=29)], True),
        ([Shard(), Shard(lag=31)], False),
        ([Shard(lag=1, lag_at_most=31)], False),
        ([Shard(lag=1, lag_at_most=29)], True),
        ([Shard(last_page=31)], False),
        ([Shard(last_page=None)], False),
        ([], False),
    ],
)
def test_caught_up_is_every_shard_that_is_being_read(
    shards: list[Shard], *, caught_up: bool
) -> None:
    assert is_caught_up(shards) is caught_up


class Life:
    """A product, its stream of records, and how far the audit has come."""

    def __init__(self) -> None:
        self.live: Any = None
        self.on_its_way: list[ChangeEvent] = []
        self.audit: list[ChangeEvent] = []
        self.records = 0

    def write(self, state: Any) -> None:
        if state == self.live:
            return
        self.records += 1
        number = str(self.records)
        if self.live is None:
            change = inserted(state, sequence_number=number)
        elif state is None:
            change = removed(self.live, sequence_number=number)
        else:
            change = modified(self.live, state, sequence_number=number)
        self.on_its_way.append(decode(as_boto3(change), STREAM_ARN))
        self.live = state

    def read(self) -> None:
        if self.on_its_way:
            self.audit.append(self.on_its_way.pop(0))

    def reconcile(self) -> None:
        head = self.audit[-1] if self.audit else None
        if look(head, self.live).differs:
            self.audit.append(found(head, self.live))

    @property
    def entries(self) -> list[dict[str, Any]]:
        ordered = sorted(self.audit, key=lambda event: event.event_key)
        return [SIGNER.entry(event) for event in ordered]

    def play(self, steps: list[Any]) -> None:
        for step in steps:
            match step:
                case "read":
                    self.read()
                case "reconcile":
                    self.reconcile()
                case _:
                    self.write(step)
        while self.on_its_way:
            self.read()


def steps(states: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(st.sampled_from(["read", "reconcile"]), states), max_size=25)


@given(steps(st.one_of(st.none(), st.builds(lambda n: an_item(Stock=n), st.integers(1, 3)))))
def test_whenever_it_was_reconciled_the_chain_is_whole_once_all_is_read(played: list[Any]) -> None:
    life = Life()
    life.play(played)
    checked = check_entries("P1", life.entries, KEYS)
    assert checked.findings == []
    known = checked.entries > 0
    assert check_live("P1", checked.last_after, life.live, has_entries=known) == []


@given(steps(st.just("new")))
def test_a_reconciled_entry_written_while_a_record_was_on_its_way_is_void_once_that_is_audited(
    played: list[Any],
) -> None:
    life = Life()
    # Every state is another, as `Version` makes it.
    life.play([an_item(Stock=n) if step == "new" else step for n, step in enumerate(played)])
    early = {event.event_key for event in life.audit if event.kind == "reconciled"}
    assert void_keys([link_of(entry) for entry in life.entries]) == early


def a_state(**fields: Any) -> ShardState:
    given = {"lag": 0.0, "last_page": 1.0, "finished": False, "position": None, "trouble": ""}
    return ShardState(shard_id="s", stream_arn=STREAM_ARN, **(given | fields))


def test_the_shards_of_other_workers_must_be_caught_up_too() -> None:
    behind = json.dumps([asdict(a_state(lag=99.0))])
    rows = [WorkerRow("other", 1, "redis", "", status=behind), WorkerRow("new", 1, "redis", "")]
    now = [0.0]

    def readings(member: Member) -> Readings:
        return Readings(member, lambda: [a_state()], lambda: rows, lambda: now[0])

    shared = readings(Member("me", broker="redis"))
    assert not shared.caught_up()
    rows[0] = replace(rows[0], status=json.dumps([asdict(a_state())]))
    assert not shared.caught_up()  # an answer is good for a moment
    now[0] = 3.0
    assert shared.caught_up()
    rows[0] = replace(rows[0], owner="me", status=behind)
    now[0] = 6.0
    assert shared.caught_up()  # of itself it knows better
    assert readings(Member("me")).caught_up()
