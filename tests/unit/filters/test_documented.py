"""Filters mean what the AWS documentation says: its examples, and what they do not match."""

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
EC2 = {
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "time": "2017-10-02T16:24:49Z",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"],
    "detail": {"c-count": 5, "d-count": 3, "x-limit": 301.8, "state": "running"},
}
LAUNCHED = {
    "source": "aws.autoscaling",
    "resources": [],
    "detail": {"eventVersion": "", "responseElements": None},
}
EMPLOYEES = {
    "employees": [
        [{"firstName": "John", "lastName": "Doe"}, {"firstName": "Anna", "lastName": "Smith"}],
        [{"firstName": "Peter", "lastName": "Jones"}],
    ]
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
INSTANCE = (
    '{"resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"], '
    '"detail": {"state": ["initializing", "running"]}}'
)
COUNTS = (
    '{"detail": {"c-count": [{"numeric": [">", 0, "<=", 5]}], "d-count": [{"numeric": ["<", '
    '10]}], "x-limit": [{"numeric": ["=", 3.018e2]}]}}'
)
CLOUDWATCH = (
    '{"source": ["aws.cloudwatch"], "$or": [{"metricName": ["CPUUtilization"]}, '
    '{"metricType": ["MetricType"], "namespace": ["AWS/EC2"], "$or": [{"metricId": [1234]}, '
    '{"spaceId": [1000]}]}]}'
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

# From the EventBridge user guide and the Event Ruler library, which has the same syntax.
EVENTBRIDGE = [
    (INSTANCE, EC2, True),
    ('{"resources": ["arn:other"]}', EC2, False),
    ('{"time": [{"prefix": "2017-10-02"}]}', EC2, True),
    ('{"source": [{"suffix": "ec2"}]}', EC2, True),
    ('{"source": [{"equals-ignore-case": "AWS.EC2"}]}', EC2, True),
    ('{"source": [{"prefix": {"equals-ignore-case": "AWS"}}]}', EC2, True),
    ('{"source": [{"suffix": {"equals-ignore-case": "EC2"}}]}', EC2, True),
    ('{"detail": {"state": [{"anything-but": "initializing"}]}}', EC2, True),
    ('{"detail": {"state": [{"anything-but": ["stopped", "running"]}]}}', EC2, False),
    ('{"detail": {"d-count": [{"anything-but": 3}]}}', EC2, False),
    ('{"detail": {"d-count": [{"anything-but": [100, 200, 300]}]}}', EC2, True),
    ('{"detail": {"state": [{"anything-but": {"prefix": "init"}}]}}', EC2, True),
    ('{"detail": {"state": [{"anything-but": {"prefix": "run"}}]}}', EC2, False),
    ('{"detail": {"state": [{"anything-but": {"suffix": "ning"}}]}}', EC2, False),
    ('{"detail": {"state": [{"anything-but": {"equals-ignore-case": "RUNNING"}}]}}', EC2, False),
    (
        '{"detail": {"state": [{"anything-but": {"equals-ignore-case": ["RUN", "STOP"]}}]}}',
        EC2,
        True,
    ),
    (COUNTS, EC2, True),
    ('{"detail": {"c-count": [{"exists": true}]}}', EC2, True),
    ('{"detail": {"c-count": [{"exists": false}]}}', EC2, False),
    ('{"detail": {"c-count": [{"exists": false}]}}', {"detail": {"c-count": {"c1": 100}}}, True),
    ('{"detail": {"c-count": [{"exists": false}, 5]}}', EC2, True),
    ('{"detail": {"c-count": [{"exists": false}, 6]}}', EC2, False),
    ('{"detail": {"eventVersion": [""]}}', LAUNCHED, True),
    ('{"detail": {"responseElements": [null]}}', LAUNCHED, True),
    ('{"detail": {"responseElements": [""]}}', LAUNCHED, False),
    ('{"resources": [{"exists": true}]}', LAUNCHED, False),
    ('{"resources": [{"exists": false}]}', LAUNCHED, True),
    (
        CLOUDWATCH,
        {
            "source": "aws.cloudwatch",
            "metricType": "MetricType",
            "namespace": "AWS/EC2",
            "spaceId": 1000,
        },
        True,
    ),
    (
        CLOUDWATCH,
        {"source": "aws.cloudwatch", "metricType": "MetricType", "namespace": "AWS/EC2"},
        False,
    ),
    ('{"detail": {"$or": [{"state": ["running"]}, {"c-count": [6]}]}}', EC2, True),
    ('{"$or": [{"a": [{"exists": false}]}, {"b": [1]}]}', {"a": 1}, False),
    ('{"$or": [{"a": [{"exists": false}]}, {"b": [1]}]}', {"c": 1}, True),
    ('{"employees": {"firstName": ["Anna"]}}', EMPLOYEES, True),
    ('{"employees": {"firstName": ["Anna"], "lastName": ["Smith"]}}', EMPLOYEES, True),
    # Both fields must be in the same object of a list.
    ('{"employees": {"firstName": ["Anna"], "lastName": ["Jones"]}}', EMPLOYEES, False),
    # A field is missing only if no object of the list has it.
    ('{"x": {"a": [{"exists": false}]}}', {"x": [{"a": 1}, {"b": 2}]}, False),
    ('{"x": {"a": [{"exists": false}], "b": [2]}}', {"x": [{"c": 1}, {"b": 2}]}, True),
    ('{"x": {"a": [{"exists": false}]}}', {"x": []}, True),
    ('{"x": {"a": [{"exists": false}]}}', {"x": "text"}, True),
    ('{"x": [{"anything-but": "a"}]}', {"x": ["a", "b"]}, True),
    ('{"x": [{"anything-but": "a"}]}', {"x": ["a"]}, False),
]


@pytest.mark.parametrize(("pattern", "document", "expected"), DYNAMODB + OPERATORS + EVENTBRIDGE)
def test_pattern_matches_what_the_documentation_says(
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
