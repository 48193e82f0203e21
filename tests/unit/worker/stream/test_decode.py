"""A record decodes to the same change from either host."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.item import DEFAULT_NAMES, AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.core.stamps import Stamps
from app.filters.selection import Selection
from tests.support.builders import (
    LABEL,
    NOON,
    STREAM_ARN,
    VIEWS,
    Change,
    an_item,
    as_boto3,
    as_lambda,
    inserted,
    modified,
    removed,
)
from tests.unit.worker.stream.decoding import HOST_NAMES, HOSTS, NEW, NOBODY, OLD, decoded, who
from worker.stream.decode import UndecodableRecord, decode, event_key, process_event

EVERY_TYPE = an_item(
    Photo=b"\x00\xff",
    Seals={"BS": [b"\x02", b"\x01"]},
    Words={"SS": ["b", "a"]},
    Sizes={"NS": ["10", "9.5"]},
    Extra={"M": {"deep": {"L": [{"B": b"deep"}, {"NULL": True}, {"BOOL": False}, {"N": "1"}]}}},
)


class TestEveryShape:
    @pytest.mark.parametrize("view", VIEWS)
    @pytest.mark.parametrize(
        ("change", "kind"),
        [
            (inserted(NEW), "inserted"),
            (modified(OLD, NEW), "stock_changed"),
            (removed(OLD), "deleted"),
            (removed(OLD, by_ttl=True), "expired"),
        ],
        ids=["insert", "modify", "remove", "ttl"],
    )
    @pytest.mark.parametrize("host", HOSTS, ids=HOST_NAMES)
    def test_every_event_is_decoded_under_every_view_from_either_host(
        self, host: Any, change: Change, kind: str, view: str
    ) -> None:
        seen = Change(change.event_name, change.before, change.after, view, by_ttl=change.by_ttl)
        event = decode(host(seen), STREAM_ARN)
        both = view == "NEW_AND_OLD_IMAGES"
        assert event.kind == (kind if both or kind != "stock_changed" else "updated")
        assert event.product_id == "P1"
        assert event.before == seen.images.get("OldImage")
        assert event.after == seen.images.get("NewImage")
        assert event.stock_before == (12 if event.before else None)
        assert event.stock_after == (9 if event.after else None)
        assert event.product_name == ("Mug" if event.before or event.after else None)
        known = {
            "stock_changed": -3,
            "inserted": 9 if event.after else None,
            "deleted": -12 if event.before else None,
            "expired": -12 if event.before else None,
        }
        assert event.delta == known.get(event.kind)
        assert event.view_type == view
        assert event.event_name == change.event_name
        assert event.occurred_at == NOON
        assert event.occurred_at.utcoffset() == timedelta(0)
        assert event.sequence_number == "100000000000000000001"
        assert who(event) == NOBODY

    @pytest.mark.parametrize(
        "change", [inserted(EVERY_TYPE), removed(EVERY_TYPE), modified(OLD, EVERY_TYPE)]
    )
    def test_every_type_of_attribute_is_the_same_from_both_hosts(self, change: Change) -> None:
        event = decoded(change)
        assert (event.before, event.after) == (change.before, change.after)

    def test_a_time_with_milliseconds_is_the_same_from_both_hosts(self) -> None:
        at = NOON + timedelta(milliseconds=123)
        assert decoded(inserted(NEW, at=at)).occurred_at == at

    def test_whole_seconds_may_come_as_an_integer(self) -> None:
        record = as_lambda(inserted(NEW))
        record["dynamodb"]["ApproximateCreationDateTime"] = int(NOON.timestamp())
        assert decode(record, STREAM_ARN).occurred_at == NOON

    def test_a_record_of_a_table_with_another_key_names_both_keys(self) -> None:
        record = as_boto3(inserted(NEW))
        record["dynamodb"]["Keys"] = {"sku": {"S": "P9"}}
        with pytest.raises(UndecodableRecord, match=r"key is sku \(S\), but .* is ProductID"):
            decode(record, STREAM_ARN)

    def test_a_table_s_own_names_are_used(self) -> None:
        item = {"sku": {"S": "P9"}, "title": {"S": "Mug"}, "qty": {"N": "4"}, "Stock": {"N": "1"}}
        record = as_boto3(inserted(NEW))
        record["dynamodb"] |= {"Keys": {"sku": {"S": "P9"}}, "NewImage": item}
        event = decode(
            record,
            STREAM_ARN,
            Stamps("Products", AttributeNames(KeySchema(KeyPart("sku")), "title", "qty")),
        )
        assert (event.product_id, event.product_name, event.stock_after) == ("P9", "Mug", 4)

    def test_unit_is_that_after_the_change_or_before_a_deletion(self) -> None:
        stamps = Stamps("Products", AttributeNames(unit="Measure"))
        old, new = NEW | {"Measure": {"S": "g"}}, NEW | {"Measure": {"S": "kg"}}
        for change, unit in (
            (modified(old, new), "kg"),
            (removed(old), "g"),
            (inserted(NEW), None),
        ):
            assert decode(as_boto3(change), STREAM_ARN, stamps).unit == unit

    def test_decoding_changes_nothing_in_the_record(self) -> None:
        record = as_lambda(modified(OLD, EVERY_TYPE))
        before = repr(record)
        decode(record, STREAM_ARN)
        assert repr(record) == before


class TestTheEventKey:
    @pytest.mark.parametrize("digits", ["1", "9" * 21, "4" * 40])
    def test_the_key_is_the_stream_label_and_40_digits(self, digits: str) -> None:
        event = decoded(inserted(NEW, sequence_number=digits))
        assert event.event_key == f"{LABEL}#{digits:0>40}"
        assert event.sequence_number == digits

    def test_later_records_of_a_stream_have_greater_keys(self) -> None:
        numbers = ["9", "10", "9" * 21, "1" + "0" * 21, "9" * 40]
        keys = [event_key(STREAM_ARN, number) for number in numbers]
        assert keys == sorted(keys)

    def test_the_key_does_not_use_the_event_id_which_some_engines_repeat(self) -> None:
        one, other = as_boto3(inserted(NEW)), as_boto3(inserted(NEW, sequence_number="2"))
        assert one["eventID"] == other["eventID"]
        assert decode(one, STREAM_ARN).id != decode(other, STREAM_ARN).id


class TestProcessEvent:
    def test_the_record_of_the_tutorials_gives_id_and_stock(self) -> None:
        record = {"dynamodb": {"NewImage": {"ProductID": {"S": "P123"}, "Stock": {"N": "50"}}}}
        assert process_event(record) == ("P123", 50)

    @pytest.mark.parametrize("host", HOSTS, ids=HOST_NAMES)
    @pytest.mark.parametrize("view", VIEWS)
    def test_a_record_without_a_new_image_gives_the_id_alone(self, host: Any, view: str) -> None:
        assert process_event(host(removed(OLD, view=view))) == ("P1", None)

    @pytest.mark.parametrize("host", HOSTS, ids=HOST_NAMES)
    def test_a_complete_record_gives_id_and_new_stock(self, host: Any) -> None:
        assert process_event(host(inserted(NEW))) == ("P1", 9)
        assert process_event(host(modified(OLD, NEW))) == ("P1", 9)

    def test_an_old_image_alone_gives_the_id(self) -> None:
        assert process_event({"dynamodb": {"OldImage": OLD}}) == ("P1", None)

    @pytest.mark.parametrize("value", [{"S": "x"}, {"N": "NaN"}, {"N": "x"}, {"NULL": True}])
    def test_an_invalid_stock_gives_the_id_alone(self, value: Any) -> None:
        record = {"dynamodb": {"NewImage": an_item(Stock=value)}}
        assert process_event(record) == ("P1", None)

    def test_a_table_s_own_names_are_used(self) -> None:
        record = {"dynamodb": {"NewImage": {"sku": {"S": "P9"}, "qty": {"N": "4"}}}}
        assert process_event(record, AttributeNames(KeySchema(KeyPart("sku")), "title", "qty")) == (
            "P9",
            4,
        )


def test_a_filter_that_needs_images_cannot_be_applied_without_them() -> None:
    """The stream was replaced by one with another view type while the worker ran."""
    names = replace(DEFAULT_NAMES, selects=Selection('{"type": {"S": ["p"]}}'))
    stamps = Stamps("Products", names)
    record = as_boto3(inserted(NEW))
    record["dynamodb"]["StreamViewType"] = "KEYS_ONLY"
    with pytest.raises(UndecodableRecord, match="cannot be applied to KEYS_ONLY"):
        decode(record, STREAM_ARN, stamps)
