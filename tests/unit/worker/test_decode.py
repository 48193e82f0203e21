"""A record tells one change whichever host hands it over, and a stamp only where it is proved."""

from datetime import timedelta
from typing import Any

import pytest

from app.item import AttributeNames
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
    marked_for_deletion,
    modified,
    removed,
    stamped,
)
from worker.stream.decode import decode, event_key, process_event

OLD = an_item(ProductName="Mug", Stock=12, Version=1)
NEW = an_item(ProductName="Mug", Stock=9, Version=2)
EVERY_TYPE = an_item(
    Photo=b"\x00\xff",
    Seals={"BS": [b"\x02", b"\x01"]},
    Words={"SS": ["b", "a"]},
    Sizes={"NS": ["10", "9.5"]},
    Extra={"M": {"deep": {"L": [{"B": b"deep"}, {"NULL": True}, {"BOOL": False}, {"N": "1"}]}}},
)
HOSTS = [as_boto3, as_lambda]
HOST_NAMES = ["GetRecords", "Lambda"]


def decoded(change: Change) -> Any:
    """The event that the record tells; the same from both hosts."""
    event, there = (decode(host(change), STREAM_ARN) for host in HOSTS)
    assert there == event
    return event


def who(event: Any) -> tuple[str | None, ...]:
    return (event.actor, event.reason, event.note, event.reference, event.request_id)


NOBODY = (None,) * 5
ADA = ("ada", "sold", "two boxes", "SO-7", "r-1")


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
        assert event.delta == (-3 if event.kind == "stock_changed" else None)
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

    def test_a_table_s_own_names_are_used(self) -> None:
        item = {"sku": {"S": "P9"}, "title": {"S": "Mug"}, "qty": {"N": "4"}, "Stock": {"N": "1"}}
        record = as_boto3(inserted(NEW))
        record["dynamodb"] |= {"Keys": {"sku": {"S": "P9"}}, "NewImage": item}
        event = decode(record, STREAM_ARN, AttributeNames("sku", "title", "qty"))
        assert (event.product_id, event.product_name, event.stock_after) == ("P9", "Mug", 4)

    def test_decoding_changes_nothing_in_the_record(self) -> None:
        record = as_lambda(modified(OLD, EVERY_TYPE))
        before = repr(record)
        decode(record, STREAM_ARN)
        assert repr(record) == before


class TestTheEventKey:
    @pytest.mark.parametrize("digits", ["1", "9" * 21, "4" * 40])
    def test_it_is_the_stream_s_label_and_40_digits(self, digits: str) -> None:
        event = decoded(inserted(NEW, sequence_number=digits))
        assert event.event_key == f"{LABEL}#{digits:0>40}"
        assert event.sequence_number == digits

    def test_later_records_of_a_stream_have_greater_keys(self) -> None:
        numbers = ["9", "10", "9" * 21, "1" + "0" * 21, "9" * 40]
        keys = [event_key(STREAM_ARN, number) for number in numbers]
        assert keys == sorted(keys)

    def test_it_is_never_the_event_id_which_some_engines_use_again(self) -> None:
        one, other = as_boto3(inserted(NEW)), as_boto3(inserted(NEW, sequence_number="2"))
        assert one["eventID"] == other["eventID"]
        assert decode(one, STREAM_ARN).id != decode(other, STREAM_ARN).id


class TestTheKind:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            {"N": "-1"},
            {"N": "1.5"},
            {"N": "9" * 38},
            {"N": "1E+120"},
            {"N": "NaN"},
            {"S": "nine"},
            {"NULL": True},
            {"L": [{"N": "9"}]},
            {"M": {}},
            {"B": b"9"},
            {"BOOL": True},
            {"NS": ["9"]},
        ],
        ids=repr,
    )
    def test_a_weird_stock_makes_an_update_and_never_raises(self, value: Any) -> None:
        weird = an_item(ProductName="Mug", **({} if value is None else {"Stock": value}))
        to, back = decoded(modified(OLD, weird)), decoded(modified(weird, OLD))
        assert (to.kind, to.stock_before, to.stock_after, to.delta) == ("updated", 12, None, None)
        assert (back.kind, back.stock_before, back.stock_after) == ("updated", None, 12)
        assert decoded(inserted(weird)).stock_after is None
        assert decoded(removed(weird)).stock_before is None

    def test_the_same_stock_spelt_otherwise_is_no_stock_change(self) -> None:
        event = decoded(modified(OLD, OLD | {"Stock": {"N": "12.0"}, "Version": {"N": "2"}}))
        assert (event.kind, event.changed) == ("updated", ())

    def test_a_set_in_another_order_has_not_changed(self) -> None:
        event = decoded(modified(an_item(T={"SS": ["a", "b"]}), an_item(T={"SS": ["b", "a"]})))
        assert event.changed == ()

    @pytest.mark.parametrize(
        ("one", "other"), [("1" * 38, "1" * 37 + "2"), ("-" + "1" * 38, "-" + "1" * 37 + "2")]
    )
    def test_a_number_that_differs_in_its_38th_digit_has_changed(
        self, one: str, other: str
    ) -> None:
        event = decoded(modified(an_item(Serial={"N": one}), an_item(Serial={"N": other})))
        assert event.changed == ("Serial",)

    def test_changed_names_attributes_in_order_without_bookkeeping(self) -> None:
        before = stamped(an_item(Stock=12, Shelf="B", Gone="x", Version=1, UpdatedAt="then"))
        after = stamped(an_item(Stock=9, Shelf="C", Come="y", Version=2, UpdatedAt="now"), "r-2")
        assert decoded(modified(before, after)).changed == ("Come", "Gone", "Shelf", "Stock")

    def test_the_category_is_the_one_after_the_change_or_the_last_one(self) -> None:
        kitchen, toys = an_item(Category="Kitchen"), an_item(Category="Toys")
        assert decoded(modified(kitchen, toys)).category == "Toys"
        assert decoded(modified(kitchen, toys, view="OLD_IMAGE")).category == "Kitchen"
        assert decoded(removed(kitchen)).category == "Kitchen"
        assert decoded(inserted(an_item(Category=7))).category is None
        assert decoded(removed(kitchen, view="KEYS_ONLY")).category is None

    def test_without_both_images_nothing_is_known_to_have_changed(self) -> None:
        assert decoded(modified(OLD, NEW, view="NEW_IMAGE")).changed == ()

    def test_a_record_of_a_write_that_changed_nothing_is_an_update(self) -> None:
        assert decoded(modified(OLD, OLD)).kind == "updated"

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (OLD, marked_for_deletion(OLD)),
            (marked_for_deletion(OLD), OLD),
            (marked_for_deletion(OLD), marked_for_deletion(OLD, DeletedBy="bob")),
        ],
        ids=["stamped", "taken off", "stamped again"],
    )
    def test_a_change_of_nothing_but_the_delete_stamp_is_internal(
        self, before: Any, after: Any
    ) -> None:
        assert decoded(modified(before, after)).kind == "internal"

    def test_a_write_that_takes_a_stale_delete_stamp_off_is_shown(self) -> None:
        after = stamped(NEW)
        event = decoded(modified(marked_for_deletion(OLD), after))
        assert (event.kind, event.changed) == ("stock_changed", ("Stock",))
        assert who(event) == ADA

    def test_without_both_images_nothing_can_be_called_internal(self) -> None:
        event = decoded(modified(OLD, marked_for_deletion(OLD), view="NEW_IMAGE"))
        assert event.kind == "updated"


class TestTheStamp:
    def test_it_is_believed_on_an_insert(self) -> None:
        assert who(decoded(inserted(stamped(NEW)))) == ADA
        assert who(decoded(inserted(stamped(NEW), view="NEW_IMAGE"))) == ADA

    def test_it_is_believed_where_the_request_differs(self) -> None:
        assert who(decoded(modified(stamped(OLD, "r-0"), stamped(NEW)))) == ADA
        assert who(decoded(modified(OLD, stamped(NEW)))) == ADA

    def test_it_is_not_believed_where_the_request_is_the_last_write_s(self) -> None:
        event = decoded(modified(stamped(OLD), stamped(NEW)))
        assert event.kind == "stock_changed"
        assert who(event) == NOBODY

    def test_it_is_not_believed_where_another_program_took_the_request_off(self) -> None:
        after = {name: value for name, value in stamped(NEW).items() if name != "RequestID"}
        assert who(decoded(modified(stamped(OLD), after))) == NOBODY

    @pytest.mark.parametrize("value", [{"N": "1"}, {"NULL": True}, {"L": []}])
    def test_a_request_id_that_is_no_string_is_none_of_ours(self, value: Any) -> None:
        assert who(decoded(modified(OLD, stamped(NEW) | {"RequestID": value}))) == NOBODY
        assert who(decoded(inserted(stamped(NEW) | {"RequestID": value}))) == NOBODY

    @pytest.mark.parametrize("view", ["NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"])
    def test_it_is_not_believed_of_a_change_where_the_view_cannot_prove_it(self, view: str) -> None:
        assert who(decoded(modified(stamped(OLD, "r-0"), stamped(NEW), view=view))) == NOBODY

    def test_a_removal_does_not_inherit_the_last_write_s(self) -> None:
        assert who(decoded(removed(stamped(OLD)))) == NOBODY

    def test_parts_that_the_write_did_not_say_are_unknown(self) -> None:
        after = NEW | {"UpdatedBy": {"S": "ada"}, "RequestID": {"S": "r-1"}}
        event = decoded(modified(OLD, after))
        assert who(event) == ("ada", None, None, None, "r-1")


class TestTheDeleteStamp:
    AUTHOR = ("ada", "correction", "listed twice", None, "r-9")

    @pytest.mark.parametrize("seconds", [0, 1, 59, 60])
    @pytest.mark.parametrize("view", ["NEW_AND_OLD_IMAGES", "OLD_IMAGE"])
    def test_it_names_the_author_within_60_seconds(self, seconds: int, view: str) -> None:
        gone = marked_for_deletion(OLD, NOON - timedelta(seconds=seconds))
        assert who(decoded(removed(gone, view=view))) == self.AUTHOR

    def test_the_record_s_time_has_whole_seconds_and_may_seem_the_earlier(self) -> None:
        gone = marked_for_deletion(OLD, NOON + timedelta(milliseconds=900))
        assert who(decoded(removed(gone))) == self.AUTHOR

    @pytest.mark.parametrize("seconds", [61, 3_600, 86_400 * 365])
    def test_it_is_too_old_after_60(self, seconds: int) -> None:
        gone = marked_for_deletion(stamped(OLD), NOON - timedelta(seconds=seconds))
        event = decoded(removed(gone))
        assert event.kind == "deleted"
        assert who(event) == NOBODY

    def test_it_is_never_believed_of_an_expiry(self) -> None:
        event = decoded(removed(marked_for_deletion(OLD), by_ttl=True))
        assert event.kind == "expired"
        assert who(event) == NOBODY

    @pytest.mark.parametrize(
        "value",
        [
            {"S": ""},
            {"S": "yesterday"},
            {"S": "2026-11-03"},
            {"S": "2026-11-03T12:00:00"},
            {"S": "0001-01-01T00:00:00+23:59"},
            {"S": "9999-12-31T23:59:59-23:59"},
            {"N": "1762171200"},
            {"NULL": True},
        ],
        ids=repr,
    )
    def test_a_time_that_other_programs_wrote_is_never_believed(self, value: Any) -> None:
        gone = marked_for_deletion(OLD) | {"DeletedAt": value}
        assert who(decoded(removed(gone))) == NOBODY

    def test_without_a_request_it_is_another_program_s_soft_delete(self) -> None:
        gone = {
            name: value
            for name, value in marked_for_deletion(OLD).items()
            if name != "DeletedRequestID"
        }
        assert who(decoded(removed(gone))) == NOBODY


class TestExpiry:
    @pytest.mark.parametrize(
        "identity",
        [
            None,
            {},
            {"PrincipalId": "AIDA123", "Type": "User"},
            {"principalId": "AIDA123", "type": "User"},
        ],
        ids=repr,
    )
    def test_only_dynamodb_itself_expires_items(self, identity: Any) -> None:
        record = as_boto3(removed(OLD)) | {"userIdentity": identity}
        assert decode(record, STREAM_ARN).kind == "deleted"


class TestProcessEvent:
    def test_the_tutorials_record_gives_id_and_stock(self) -> None:
        record = {"dynamodb": {"NewImage": {"ProductID": {"S": "P123"}, "Stock": {"N": "50"}}}}
        assert process_event(record) == ("P123", 50)

    @pytest.mark.parametrize("host", HOSTS, ids=HOST_NAMES)
    @pytest.mark.parametrize("view", VIEWS)
    def test_a_record_without_a_new_image_gives_the_id_alone(self, host: Any, view: str) -> None:
        assert process_event(host(removed(OLD, view=view))) == ("P1", None)

    @pytest.mark.parametrize("host", HOSTS, ids=HOST_NAMES)
    def test_a_whole_record_gives_id_and_new_stock(self, host: Any) -> None:
        assert process_event(host(inserted(NEW))) == ("P1", 9)
        assert process_event(host(modified(OLD, NEW))) == ("P1", 9)

    def test_an_old_image_alone_gives_the_id(self) -> None:
        assert process_event({"dynamodb": {"OldImage": OLD}}) == ("P1", None)

    @pytest.mark.parametrize("value", [{"S": "x"}, {"N": "-5"}, {"N": "x"}, {"NULL": True}])
    def test_a_weird_stock_gives_the_id_alone(self, value: Any) -> None:
        record = {"dynamodb": {"NewImage": an_item(Stock=value)}}
        assert process_event(record) == ("P1", None)

    def test_a_table_s_own_names_are_used(self) -> None:
        record = {"dynamodb": {"NewImage": {"sku": {"S": "P9"}, "qty": {"N": "4"}}}}
        assert process_event(record, AttributeNames("sku", "title", "qty")) == ("P9", 4)
