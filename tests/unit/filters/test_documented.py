"""Filters mean what the Lambda guide says: its examples, and what they do not match."""

import json
from typing import Any

import pytest

from app.filters.pattern import parse_filter

RECORD = {
    "eventID": "1",
    "eventVersion": "1.0",
    "dynamodb": {
        "ApproximateCreationDateTime": "1678831218.0",
        "Keys": {"CustomerName": {"S": "AnyCompany Industries"}},
        "NewImage": {
            "AccountManager": {"S": "Pat Candella"},
            "PaymentTerms": {"S": "60 days"},
            "CustomerName": {"S": "AnyCompany Industries"},
        },
        "SequenceNumber": "111",
        "SizeBytes": 26,
        "StreamViewType": "NEW_IMAGE",
    },
}
NUMBERED = {"dynamodb": {"Keys": {"Id": {"N": "101"}}, "NewImage": {"Id": {"N": "101"}}}}
HANDED_OVER = {
    "dynamodb": {
        "NewImage": {"AccountManager": {"S": "Pat Candella"}},
        "OldImage": {"AccountManager": {"S": "Terry Whitlock"}},
    }
}
KEPT = {
    "dynamodb": {
        "NewImage": {"AccountManager": {"S": "Pat Candella"}},
        "OldImage": {"AccountManager": {"S": "Pat Candella"}},
    }
}
MEMBER = {
    "dynamodb": {
        "NewImage": {
            "UserID": {"S": "12345"},
            "Name": {"S": "John Doe"},
            "Organizations": {"L": [{"S": "Sales"}, {"S": "Marketing"}, {"S": "Support"}]},
        }
    }
}
PERSON = {
    "person": {
        "name": "John Doe",
        "age": 30,
        "address": {"street": "123 Main St", "city": "Anytown", "country": "USA"},
    }
}
MANAGERS = (
    '{"dynamodb": {"NewImage": {"AccountManager": {"S": ["Pat Candella", "Shirley Rodriguez"]}}}}'
)
HANDOVER = (
    '{"dynamodb": {"NewImage": {"AccountManager": {"S": ["Pat Candella"]}}}, "dynamodb": '
    '{"OldImage": {"AccountManager": {"S": ["Terry Whitlock"]}}}}'
)
OTHER_HANDOVER = (
    '{"dynamodb": {"NewImage": {"AccountManager": {"S": ["Someone"]}}}, "dynamodb": '
    '{"OldImage": {"AccountManager": {"S": ["Terry Whitlock"]}}}}'
)
# From the Lambda developer guide: "Using event filtering with a DynamoDB event source".
DYNAMODB = [
    ('{"dynamodb": {"Keys": {"CustomerName": {"S": ["AnyCompany Industries"]}}}}', RECORD, True),
    ('{"dynamodb": {"Keys": {"CustomerName": {"S": ["Another"]}}}}', RECORD, False),
    (MANAGERS, RECORD, True),
    # The guide writes an AND of two images as the same key given twice.
    (HANDOVER, HANDED_OVER, True),
    (HANDOVER, KEPT, False),
    (OTHER_HANDOVER, HANDED_OVER, False),
    # Numbers are strings in DynamoDB JSON: only the exact text matches.
    ('{"dynamodb": {"Keys": {"Id": {"N": ["101"]}}}}', NUMBERED, True),
    ('{"dynamodb": {"Keys": {"Id": {"N": [101]}}}}', NUMBERED, False),
    ('{"dynamodb": {"Keys": {"Id": {"N": [{"numeric": ["=", 101]}]}}}}', NUMBERED, False),
    ('{"dynamodb": {"Keys": {"Id": {"N": [{"numeric": [">", 5]}]}}}}', NUMBERED, False),
    ('{"dynamodb": {"Keys": {"Id": {"N": ["101.0"]}}}}', NUMBERED, False),
    # `exists` works on leaves only.
    ('{"dynamodb": {"NewImage": {"Organizations": [{"exists": true}]}}}', MEMBER, False),
    (
        '{"dynamodb": {"NewImage": {"Organizations": {"L": {"S": [{"exists": true}]}}}}}',
        MEMBER,
        True,
    ),
    ('{"dynamodb": {"NewImage": {"Teams": {"L": {"S": [{"exists": true}]}}}}}', MEMBER, False),
    ('{"dynamodb": {"NewImage": {"Teams": {"L": {"S": [{"exists": false}]}}}}}', MEMBER, True),
    ('{"dynamodb": {"OldImage": {"UserID": {"S": [{"exists": false}]}}}}', MEMBER, True),
    ('{"dynamodb": {"NewImage": {"UserID": {"S": [{"exists": false}]}}}}', MEMBER, False),
    ('{"dynamodb": {"NewImage": {"Organizations": {"L": {"S": ["Marketing"]}}}}}', MEMBER, True),
    ('{"dynamodb": {"NewImage": {"Organizations": {"L": {"S": ["Legal"]}}}}}', MEMBER, False),
]

ALICE = {"Name": "Alice", "Price": 100, "Location": "New York", "Day": "Tuesday", "UserID": None}
# The guide's table of comparison operators, each with a matching and a non-matching document.
OPERATORS = [
    ('{"UserID": [null]}', ALICE, True),
    ('{"UserID": [null]}', {"UserID": ""}, False),
    ('{"UserID": [null]}', {}, False),
    ('{"LastName": [""]}', {"LastName": ""}, True),
    ('{"LastName": [""]}', {"LastName": None}, False),
    ('{"LastName": [""]}', {}, False),
    ('{"Name": ["Alice"]}', ALICE, True),
    ('{"Name": ["alice"]}', ALICE, False),
    ('{"name": ["Alice"]}', ALICE, False),
    ('{"Name": [{"equals-ignore-case": "alice"}]}', ALICE, True),
    ('{"Name": [{"equals-ignore-case": "alic"}]}', ALICE, False),
    ('{"Location": ["New York"], "Day": ["Monday"]}', ALICE, False),
    ('{"Location": ["New York"], "Day": ["Tuesday"]}', ALICE, True),
    ('{"PaymentType": ["Credit", "Debit"]}', {"PaymentType": "Debit"}, True),
    ('{"PaymentType": ["Credit", "Debit"]}', {"PaymentType": "Cash"}, False),
    ('{"$or": [{"Location": ["New York"]}, {"Day": ["Monday"]}]}', ALICE, True),
    ('{"$or": [{"Location": ["Boston"]}, {"Day": ["Monday"]}]}', ALICE, False),
    ('{"Name": ["Bob"], "$or": [{"Location": ["New York"]}, {"Day": ["Monday"]}]}', ALICE, False),
    ('{"Weather": [{"anything-but": ["Raining"]}]}', {"Weather": "Sunny"}, True),
    ('{"Weather": [{"anything-but": ["Raining"]}]}', {"Weather": "Raining"}, False),
    ('{"Weather": [{"anything-but": ["Raining"]}]}', {}, False),
    ('{"Weather": [{"anything-but": ["Raining"]}]}', {"Weather": None}, True),
    ('{"Price": [{"numeric": ["=", 100]}]}', ALICE, True),
    ('{"Price": [{"numeric": ["=", 1e2]}]}', ALICE, True),
    ('{"Price": [{"numeric": ["=", 100]}]}', {"Price": "100"}, False),
    ('{"Price": [{"numeric": [">", 10, "<=", 20]}]}', {"Price": 20}, True),
    ('{"Price": [{"numeric": [">", 10, "<=", 20]}]}', {"Price": 10}, False),
    ('{"Price": [{"numeric": ["<", 100]}]}', ALICE, False),
    ('{"Price": [{"numeric": [">=", 100]}]}', ALICE, True),
    ('{"Price": [{"numeric": [">=", 0]}]}', {"Price": True}, False),
    ('{"ProductName": [{"exists": true}]}', {"ProductName": None}, True),
    ('{"ProductName": [{"exists": true}]}', {}, False),
    ('{"ProductName": [{"exists": false}]}', {}, True),
    ('{"ProductName": [{"exists": false}]}', {"ProductName": None}, False),
    ('{"Region": [{"prefix": "us-"}]}', {"Region": "us-east-1"}, True),
    ('{"Region": [{"prefix": "us-"}]}', {"Region": "eu-us-1"}, False),
    ('{"FileName": [{"suffix": ".png"}]}', {"FileName": "a.png"}, True),
    ('{"FileName": [{"suffix": ".png"}]}', {"FileName": "a.PNG"}, False),
    # An exact number is compared by its text.
    ('{"Price": [100]}', ALICE, True),
    ('{"Price": [100.0]}', ALICE, False),
    ('{"Price": [1e2]}', ALICE, False),
    ('{"Price": ["100"]}', ALICE, False),
    ('{"Ok": [true]}', {"Ok": True}, True),
    ('{"Ok": [true]}', {"Ok": 1}, False),
    ('{"Ok": [1]}', {"Ok": True}, False),
    ('{"Ok": [false]}', {"Ok": None}, False),
    # Intermediate nodes are not leaves.
    ('{"person": {"address": [{"exists": true}]}}', PERSON, False),
    ('{"person": {"address": {"city": [{"exists": true}]}}}', PERSON, True),
    ('{"person": {"address": [{"exists": false}]}}', PERSON, True),
    ('{"person": {"name": {"first": ["John"]}}}', PERSON, False),
]


@pytest.mark.parametrize(("pattern", "document", "expected"), DYNAMODB + OPERATORS)
def test_pattern_matches_what_the_guide_says(
    pattern: str, document: dict[str, Any], *, expected: bool
) -> None:
    assert parse_filter(pattern).matches(document) is expected


@pytest.mark.parametrize(("pattern", "document", "expected"), DYNAMODB)
def test_filter_criteria_of_a_mapping_are_accepted_unchanged(
    pattern: str, document: dict[str, Any], *, expected: bool
) -> None:
    criteria = json.dumps({"Filters": [{"Pattern": pattern}]})
    assert parse_filter(criteria).matches(document) is expected


def test_one_of_up_to_five_filters_must_match() -> None:
    filters = [{"Pattern": json.dumps({"a": [number]})} for number in range(5)]
    criteria = parse_filter(json.dumps({"Filters": filters}))
    assert all(criteria.matches({"a": number}) for number in range(5))
    assert not criteria.matches({"a": 5})
