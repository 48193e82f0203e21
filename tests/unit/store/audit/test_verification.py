"""`verify` reports damage around gaps and reconciled entries, and documents its blind spots."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES
from app.store.audit.entry import Signer
from app.store.audit.verification import BLIND_SPOTS, Checked, check_entries, check_live
from tests.support.builders import LABEL, NOON, STREAM_ARN, an_item, as_boto3, inserted, modified
from worker.continuity.gaps import SHARD, product_gap, shard_gap
from worker.reconcile.decision import found_in_table
from worker.stream.decode import decode, event_key

KEY = b"k" * 32
SIGNER = Signer("k1", KEY)
STATES = [an_item(Stock=stock) for stock in range(10)]


def record(number: int, before: int | None, after: int) -> ChangeEvent:
    new = STATES[after]
    change = (
        inserted(new, sequence_number=str(number))
        if before is None
        else modified(STATES[before], new, sequence_number=str(number))
    )
    return decode(as_boto3(change), STREAM_ARN)


def found(head: ChangeEvent | None, after: int) -> ChangeEvent:
    return found_in_table("P1", head, STATES[after], LABEL, NOON, DEFAULT_NAMES)


def gap(head: ChangeEvent, then: ChangeEvent) -> ChangeEvent:
    return product_gap(head.event_key, head, then, DEFAULT_NAMES)


def check(*chain: Any, product_id: str = "P1") -> Checked:
    entries = [SIGNER.entry(link) if isinstance(link, ChangeEvent) else link for link in chain]
    return check_entries(product_id, entries, {"k1": KEY})


def damages(*chain: Any) -> list[str]:
    return [finding.damage for finding in check(*chain).findings]


FIRST = record(1, None, 1)
FOUND = found(FIRST, 2)
NEXT = record(5, 2, 3)
LATE = record(5, 6, 7)
GAP = gap(FIRST, LATE)


def test_a_gap_entry_bridges_a_hole_and_is_counted() -> None:
    checked = check(FIRST, GAP, LATE)
    assert (checked.findings, checked.gaps, checked.entries) == ([], 1, 3)


def test_a_second_entry_with_one_request_id_is_counted_but_is_no_damage() -> None:
    sold, put_back, again = record(2, 1, 2), record(3, 2, 1), record(4, 1, 2)
    named = [replace(event, request_id="r-1") for event in (sold, again)]
    checked = check(FIRST, named[0], put_back, named[1])
    assert (checked.findings, checked.repeats) == ([], 1)
    assert check(FIRST, named[0], put_back, again).repeats == 0


def test_a_hole_without_a_gap_entry_is_damage() -> None:
    assert damages(FIRST, LATE) == ["broken-chain"]


def test_a_gap_entry_bridges_no_other_hole() -> None:
    assert damages(FIRST, GAP, record(6, 8, 9)) == ["broken-chain"]
    assert damages(FIRST, record(2, 1, 4), GAP, LATE) == ["broken-chain"]


def test_a_reconciled_entry_links_the_chain_and_is_counted() -> None:
    checked = check(FIRST, FOUND, NEXT)
    assert (checked.findings, checked.reconciled) == ([], 1)


def test_a_removed_reconciled_entry_is_reported() -> None:
    assert damages(FIRST, NEXT) == ["broken-chain"]
    # At the end of the chain, the comparison with the table detects it.
    live = check_live("P1", check(FIRST).last_after, STATES[2], has_entries=True)
    assert [finding.damage for finding in live] == ["cut-off"]


def test_a_void_reconciled_entry_is_skipped() -> None:
    late = record(5, 1, 2)
    assert damages(FIRST, FOUND, found(FOUND, 3), late, record(6, 2, 3)) == []


def test_a_gap_after_a_reconciled_entry_sorts_before_the_next_record() -> None:
    behind = gap(FOUND, LATE)
    assert FOUND.event_key < behind.event_key < LATE.event_key
    assert damages(FIRST, FOUND, behind, LATE) == []


def test_inserted_forgeries_are_reported() -> None:
    entry = SIGNER.entry(FOUND)
    assert damages(FIRST, entry | {"EventKey": {"S": f"{FIRST.event_key}~r0001"}}, NEXT) == [
        "changed"
    ]
    elsewhere = SIGNER.entry(GAP) | {"ProductID": {"S": "P2"}}
    assert [f.damage for f in check(elsewhere, product_id="P2").findings] == [
        "changed",
        "no-beginning",
    ]
    forged = Signer("forger", b"f" * 32).entry(GAP)
    assert damages(FIRST, forged, LATE) == ["unknown-key"]


def test_a_changed_note_of_a_gap_is_reported() -> None:
    assert damages(FIRST, SIGNER.entry(GAP) | {"Note": {"S": "nothing"}}, LATE) == ["changed"]


@pytest.mark.parametrize(
    "damage",
    [
        {"Kind": {"N": "1"}},
        {"EventName": {}},
        {"OccurredAt": {"S": "yesterday"}},
        {"HMAC": {"S": "ü"}},
    ],
    ids=str,
)
def test_a_malformed_entry_is_reported_and_hides_no_other(damage: Any) -> None:
    broken = SIGNER.entry(record(2, 1, 2)) | damage
    last = SIGNER.entry(record(4, 3, 4)) | {"Actor": {"S": "mallory"}}
    found = check(FIRST, broken, record(3, 2, 3), last).findings
    named = [(finding.damage, finding.event_key) for finding in found]
    assert ("changed", broken["EventKey"]["S"]) in named
    assert named[-1] == ("changed", last["EventKey"]["S"])


@pytest.mark.parametrize("image", [{"After": {"S": "x"}}, {"AfterZ": {"B": b"junk"}}], ids=str)
def test_an_unreadable_image_is_reported(image: Any) -> None:
    entry = SIGNER.entry(FIRST)
    del entry["After"]
    assert damages(entry | image, record(2, 1, 2)) == ["changed", "no-beginning"]


def test_a_baseline_begins_a_history_and_its_removal_is_reported() -> None:
    baseline = found(None, 1)
    assert damages(baseline, record(5, 1, 2)) == []
    assert damages(record(5, 1, 2)) == ["no-beginning"]
    assert damages(baseline, record(6, 2, 3)) == ["broken-chain"]


def test_no_other_entry_begins_a_history() -> None:
    assert damages(FOUND, NEXT) == ["no-beginning"]
    assert damages(GAP, LATE) == ["no-beginning"]


def test_a_shard_s_gaps_are_checked_by_signature_only() -> None:
    product_id = f"{SHARD}s1"
    gaps = [
        SIGNER.entry(shard_gap(product_id, f"{event_key(STREAM_ARN, n)}~g0000", n, "trimmed", NOON))
        for n in ("1", "2")
    ]
    assert check(*gaps, product_id=product_id).findings == []
    gaps[0]["Note"] = {"S": "nothing"}
    findings = check(*gaps, product_id=product_id).findings
    assert [finding.damage for finding in findings] == ["changed"]


def test_a_removed_void_entry_or_shard_gap_is_not_detected() -> None:
    assert damages(FIRST, record(5, 1, 2)) == []  # a void entry between them was removed
    assert check(product_id=f"{SHARD}s1").findings == []
    assert "a removed gap entry of a shard" in BLIND_SPOTS
    assert any(spot.startswith("consecutive entries removed") for spot in BLIND_SPOTS)


def test_entries_removed_before_a_reconciliation_are_not_detected() -> None:
    cut = record(2, 1, 4)
    assert damages(FIRST, cut) == []
    assert damages(FIRST, found(FIRST, 4)) == []  # `cut` was removed, and then reconciled
    assert any("before a reconciliation bridged them" in spot for spot in BLIND_SPOTS)


RETENTION = timedelta(days=30)
DAY = timedelta(days=1)
AGED = [replace(record(n, n - 1 or None, n), occurred_at=NOON + n * DAY) for n in range(1, 7)]


def check_at(moment: datetime, *chain: ChangeEvent) -> Checked:
    """Check entries that expire after 30 days."""
    entries = [replace(SIGNER, retention=RETENTION).entry(event) for event in chain]
    return check_entries("P1", entries, {"k1": KEY}, moment.timestamp())


def test_history_whose_beginning_has_expired_is_checked_from_the_next_entry_on() -> None:
    checked = check_at(NOON + RETENTION, *AGED[2:])
    assert (checked.findings, checked.begins_late, checked.starts) == ([], True, NOON + 3 * DAY)
    assert [found.damage for found in check(*AGED[2:]).findings] == ["no-beginning"]


def test_history_that_is_all_there_does_not_begin_late() -> None:
    checked = check_at(NOON + RETENTION, *AGED)
    assert (checked.findings, checked.begins_late, checked.expired) == ([], False, 0)


def test_expired_entries_may_be_deleted_in_any_order() -> None:
    checked = check_at(NOON + RETENTION + 4 * DAY, AGED[0], AGED[2], *AGED[4:])
    assert (checked.findings, checked.expired, checked.starts) == ([], 2, NOON + 5 * DAY)


def test_removed_entry_between_others_is_damage_although_entries_expire() -> None:
    checked = check_at(NOON + RETENTION, *AGED[2:4], AGED[5])
    assert [found.damage for found in checked.findings] == ["broken-chain"]


def test_changed_entry_is_damage_although_it_has_expired() -> None:
    entry = replace(SIGNER, retention=RETENTION).entry(AGED[0]) | {"Actor": {"S": "somebody"}}
    late = (NOON + 40 * DAY).timestamp()
    (finding,) = check_entries("P1", [entry], {"k1": KEY}, late).findings
    assert finding.damage == "changed"


def test_history_of_which_all_entries_have_expired_has_no_start() -> None:
    checked = check_at(NOON + 60 * DAY, *AGED)
    assert (checked.findings, checked.expired, checked.starts) == ([], 6, None)
    assert checked.last_after is None
