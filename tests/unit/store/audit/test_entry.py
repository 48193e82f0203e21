"""An audit entry is a pure function of record and key, and its signature detects every change."""

import zlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.broker.filters import topic_of
from app.core.events import ChangeEvent, data_of, rfc3339
from app.core.item import canonical, digest
from app.store.audit.entry import ImageForm, Signer, event_of, signature
from tests.support.builders import (
    STAMPS,
    STREAM_ARN,
    Change,
    an_event,
    an_item,
    as_boto3,
    as_lambda,
    inserted,
    modified,
    removed,
    stamped,
)
from worker.stream.decode import decode

KEY = b"k" * 32
SIGNER = Signer("k1", KEY)
BEFORE = an_item(
    ProductName="Mug",
    Stock=12,
    Category="Kitchen",
    Photo=b"\x00\xff",
    Sizes={"NS": ["10", "9", "1.5"]},
    Seals={"BS": [b"\x02", b"\x01"]},
    Extra={"M": {"deep": {"L": [{"B": b"deep"}, {"NULL": True}, {"BOOL": False}]}}},
)
AFTER = stamped(BEFORE | {"Stock": {"N": "9"}}, before=BEFORE)
EVENT = decode(as_boto3(modified(BEFORE, AFTER)), STREAM_ARN, STAMPS)
EVENTS = [
    EVENT,
    decode(as_boto3(inserted(AFTER)), STREAM_ARN, STAMPS),
    decode(as_boto3(removed(BEFORE)), STREAM_ARN, STAMPS),
    decode(as_boto3(removed(BEFORE, by_ttl=True)), STREAM_ARN, STAMPS),
    *(
        decode(as_boto3(modified(BEFORE, AFTER, view=view)), STREAM_ARN, STAMPS)
        for view in ("NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")
    ),
    an_event(unit="kg"),
    an_event(stock_before=Decimal("1E125"), stock_after=Decimal("-9E125")),
    an_event(stock_before=Decimal("1E-130"), stock_after=Decimal(1)),
    an_event(product_name=None, actor=None, reason=None, request_id=None, note="n", changed=()),
]

# The fields that the HMAC does not cover.
UNSIGNED = {"HMAC", "ExpiresAt", "Before", "After", "BeforeZ", "AfterZ"}


def image_hashes(event: ChangeEvent) -> tuple[str | None, str | None]:
    """The images as the audit compares them: by their hashes."""
    return tuple(None if image is None else digest(image) for image in (event.before, event.after))


def reversed_order(value: Any) -> Any:
    """The same value with the members of every mapping in reverse order."""
    match value:
        case dict():
            return {name: reversed_order(value[name]) for name in reversed(value)}
        case list():
            return [reversed_order(member) for member in value]
        case _:
            return value


@pytest.mark.parametrize("form", ImageForm)
@pytest.mark.parametrize("event", EVENTS)
def test_the_same_event_gives_the_same_bytes(event: ChangeEvent, form: ImageForm) -> None:
    assert canonical(SIGNER.entry(event, form)) == canonical(SIGNER.entry(event, form))


@pytest.mark.parametrize("form", ImageForm)
def test_the_order_of_a_record_s_members_does_not_matter(form: ImageForm) -> None:
    record = as_boto3(modified(BEFORE, AFTER))
    again = decode(reversed_order(record), STREAM_ARN, STAMPS)
    assert canonical(SIGNER.entry(again, form)) == canonical(SIGNER.entry(EVENT, form))


@pytest.mark.parametrize("form", ImageForm)
@pytest.mark.parametrize(
    "change",
    [inserted(AFTER), modified(BEFORE, AFTER), removed(BEFORE), removed(BEFORE, by_ttl=True)],
    ids=["insert", "modify", "remove", "ttl"],
)
def test_worker_and_lambda_write_the_same_entry(change: Change, form: ImageForm) -> None:
    here = SIGNER.entry(decode(as_boto3(change), STREAM_ARN, STAMPS), form)
    there = SIGNER.entry(decode(as_lambda(change), STREAM_ARN, STAMPS), form)
    assert here == there


def test_an_entry_has_its_format_and_key_id() -> None:
    entry = SIGNER.entry(EVENT)
    assert entry["Format"] == {"N": "1"}
    assert entry["KeyID"] == {"S": "k1"}


def test_an_entry_is_keyed_by_product_and_event_key() -> None:
    entry = SIGNER.entry(EVENT)
    assert entry["ProductID"] == {"S": "P1"}
    assert entry["EventKey"] == {"S": EVENT.event_key}


@pytest.mark.parametrize("form", [ImageForm.PLAIN, ImageForm.COMPRESSED])
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_with_binary_data_can_be_read_back(event: ChangeEvent, form: ImageForm) -> None:
    again = event_of(SIGNER.entry(event, form))
    assert image_hashes(again) == image_hashes(event)
    assert replace(again, before=event.before, after=event.after) == event
    assert data_of(again) == data_of(event)


def test_plain_images_are_stored_unchanged() -> None:
    again = event_of(SIGNER.entry(EVENT))
    assert (again.before, again.after) == (BEFORE, AFTER)


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_with_omitted_images_can_be_read_back_without_them(event: ChangeEvent) -> None:
    again = event_of(SIGNER.entry(event, ImageForm.OMITTED))
    assert again == replace(event, before=None, after=None, images_omitted=True)


@pytest.mark.parametrize("form", ImageForm)
def test_an_event_matches_the_same_filters_after_it_is_read_back(form: ImageForm) -> None:
    assert topic_of(event_of(SIGNER.entry(EVENT, form))) == topic_of(EVENT)


@pytest.mark.parametrize("form", ImageForm)
def test_every_form_has_the_hashes_of_the_images(form: ImageForm) -> None:
    entry = SIGNER.entry(EVENT, form)
    assert entry["BeforeHash"] == {"S": digest(BEFORE)}
    assert entry["AfterHash"] == {"S": digest(AFTER)}


def test_an_absent_image_has_no_hash_but_an_empty_one_has() -> None:
    entry = SIGNER.entry(an_event(before=None, after={}))
    assert "BeforeHash" not in entry
    assert entry["AfterHash"] == {"S": digest({})}


def test_compressed_images_are_much_smaller() -> None:
    large = an_event(after=an_item(Text="word " * 20_000))
    entry = SIGNER.entry(large, ImageForm.COMPRESSED)
    assert len(entry["AfterZ"]["B"]) < 2_000
    assert "After" not in entry
    assert zlib.decompress(entry["AfterZ"]["B"]) == canonical(large.after or {})


@pytest.mark.parametrize("form", ImageForm)
def test_the_hmac_covers_everything_except_images_and_expiry(form: ImageForm) -> None:
    entry = SIGNER.entry(EVENT, form)
    signed = {name: value for name, value in entry.items() if name not in UNSIGNED}
    assert entry["HMAC"] == {"S": signature(signed, KEY)}


SIGNED = {name: value for name, value in SIGNER.entry(EVENT).items() if name not in UNSIGNED}


@pytest.mark.parametrize("name", sorted(SIGNED))
def test_changing_or_removing_a_field_changes_the_signature(name: str) -> None:
    ((kind, value),) = SIGNED[name].items()
    changed = {kind: value[:-1] if kind == "L" else f"{value}0"}
    signed = signature(SIGNED, KEY)
    assert signature(SIGNED | {name: changed}, KEY) != signed
    assert signature({other: SIGNED[other] for other in SIGNED if other != name}, KEY) != signed


def test_adding_a_field_changes_the_signature() -> None:
    assert signature(SIGNED | {"Approved": {"BOOL": True}}, KEY) != signature(SIGNED, KEY)


def test_another_key_gives_another_signature() -> None:
    assert signature(SIGNED, b"o" * 32) != signature(SIGNED, KEY)


@pytest.mark.parametrize(
    "fields",
    [
        {"product_id": "P2"},
        {"event_key": EVENT.event_key[:-1] + "9"},
        {"kind": "updated"},
        {"product_name": "Cup"},
        {"product_name": None},
        {"before": AFTER},
        {"after": AFTER | {"Photo": {"B": b"\x00\xfe"}}},
        {"after": None},
        {"changed": ("Stock", "Price")},
        {"stock_before": 13},
        {"stock_after": 8},
        {"actor": "bob"},
        {"actor": None},
        {"reason": "lost"},
        {"note": "three boxes"},
        {"reference": "SO-8"},
        {"request_id": "r-2"},
        {"reverses": "an-event"},
        {"occurred_at": EVENT.occurred_at + timedelta(seconds=1)},
        {"event_name": "INSERT"},
        {"sequence_number": "2"},
        {"view_type": "NEW_IMAGE"},
    ],
    ids=lambda fields: "-".join(fields),
)
def test_every_field_and_both_images_change_the_hmac(fields: dict[str, Any]) -> None:
    other = replace(EVENT, **fields)
    assert SIGNER.entry(other)["HMAC"] != SIGNER.entry(EVENT)["HMAC"]


def test_moving_text_between_fields_changes_the_hmac() -> None:
    one = an_event(note="two boxes", reference="SO-7")
    other = an_event(note="two boxesSO-7", reference="")
    assert SIGNER.entry(one)["HMAC"] != SIGNER.entry(other)["HMAC"]


def test_entries_expire_only_with_a_retention() -> None:
    assert "ExpiresAt" not in SIGNER.entry(EVENT)
    kept = Signer("k1", KEY, timedelta(days=30)).entry(EVENT)
    expires = EVENT.occurred_at + timedelta(days=30)
    assert kept["ExpiresAt"] == {"N": str(int(expires.timestamp()))}
    assert kept["HMAC"] == SIGNER.entry(EVENT)["HMAC"]
    assert event_of(kept) == EVENT


def test_unknown_fields_are_not_written() -> None:
    bare = an_event(
        product_name=None, actor=None, reason=None, request_id=None, before=None, after=None
    )
    assert not {
        "ProductName",
        "Actor",
        "Reason",
        "Note",
        "Reference",
        "RequestID",
        "Reverses",
    } & set(SIGNER.entry(bare))
    assert rfc3339(event_of(SIGNER.entry(bare)).occurred_at) == rfc3339(bare.occurred_at)
