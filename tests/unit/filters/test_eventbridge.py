"""Filters have the syntax of EventBridge: its documentation's examples, and their opposites."""

from typing import Any

import pytest

from app.filters.pattern import parse_filter

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


@pytest.mark.parametrize(("pattern", "document", "expected"), EVENTBRIDGE)
def test_pattern_matches_what_the_documentation_says(
    pattern: str, document: dict[str, Any], *, expected: bool
) -> None:
    assert parse_filter(pattern).matches(document) is expected
