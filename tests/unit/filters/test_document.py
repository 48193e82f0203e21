"""A pattern is matched against an event's CloudEvents object and its stream record."""

import json

import pytest

from app.core.events import cloud_event
from app.core.keys import KeyPart, KeySchema
from app.filters.document import document_of, wants
from app.filters.pattern import parse_filter
from tests.support.builders import an_event, an_item


def test_document_is_the_cloud_event_and_the_record() -> None:
    event = an_event()
    document = document_of(event, "Products")
    record = document.pop("dynamodb")
    assert document.pop("eventName") == "MODIFY"
    assert document == cloud_event(event, "Products")
    assert record == {
        "Keys": {"ProductID": {"S": "P1"}},
        "NewImage": event.after,
        "OldImage": event.before,
        "SequenceNumber": event.sequence_number,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{"type": ["stockpulse.product.stock_changed"]}', True),
        ('{"data": {"kind": ["stock_changed"], "stock_after": [{"numeric": ["<", 10]}]}}', True),
        ('{"data": {"stock_after": [{"numeric": ["<", 9]}]}}', False),
        ('{"data": {"delta": [{"numeric": ["<", 0]}]}}', True),
        ('{"data": {"changed": ["Stock"]}}', True),
        ('{"data": {"changed": ["Price"]}}', False),
        ('{"data": {"note": [null]}}', True),
        ('{"data": {"after": {"Category": [{"prefix": "Kit"}]}}}', True),
        ('{"eventName": ["INSERT", "MODIFY"]}', True),
        ('{"eventName": ["REMOVE"]}', False),
        ('{"dynamodb": {"NewImage": {"Stock": {"N": ["9"]}}}}', True),
        ('{"dynamodb": {"NewImage": {"Stock": {"N": [{"numeric": ["<", 10]}]}}}}', False),
        ('{"dynamodb": {"OldImage": {"Supplier": {"S": [{"exists": false}]}}}}', True),
        ('{"dynamodb": {"Keys": {"ProductID": {"S": [{"prefix": "P"}]}}}}', True),
    ],
)
def test_filter_can_use_both(pattern: str, *, expected: bool) -> None:
    assert wants(parse_filter(pattern), "Products")(an_event()) is expected


def test_partition_key_has_the_table_s_name_for_it() -> None:
    document = document_of(an_event(), "Goods", KeySchema(KeyPart("SKU")))
    assert document["source"] == "/tables/Goods"
    assert document["dynamodb"]["Keys"] == {"SKU": {"S": "P1"}}


def test_every_attribute_type_is_in_dynamodb_json() -> None:
    after = an_item(
        Photo=b"\x00\xff",
        Sets={"M": {"B": {"BS": [b"a"]}, "L": {"L": [{"B": b"b"}, {"NULL": True}]}}},
        Names={"SS": {"x"}},
        Sizes={"NS": {"1"}},
    )
    image = document_of(an_event(after=after), "Products")["dynamodb"]["NewImage"]
    assert image == {
        "ProductID": {"S": "P1"},
        "Photo": {"B": "AP8="},
        "Sets": {"M": {"B": {"BS": ["YQ=="]}, "L": {"L": [{"B": "Yg=="}, {"NULL": True}]}}},
        "Names": {"SS": ["x"]},
        "Sizes": {"NS": ["1"]},
    }
    json.dumps(image)


def test_missing_images_are_absent() -> None:
    event = an_event(before=None, after=None, images_omitted=True, category=None)
    document = document_of(event, "Products")
    assert not {"NewImage", "OldImage"} & set(document["dynamodb"])
    assert not parse_filter('{"dynamodb": {"NewImage": {"Stock": {"N": ["9"]}}}}').matches(document)
