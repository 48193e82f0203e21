"""Settings of sinks: what they accept, and what the error for anything else says."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.config.settings import Settings

QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/stock.fifo"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:stock"
BUS = "arn:aws:events:eu-central-1:123456789012:event-bus/shop"
PATTERN = '{"data": {"kind": ["deleted"]}}'


def test_filters_and_attributes_are_read_by_the_name_of_the_sink() -> None:
    found = Settings(
        _env_file=None,
        sinks="pager, erp",
        sink_filters=f'{{"pager": {PATTERN}}}',
        sink_attributes='{"erp": ["Stock", "inventory.qty"]}',
    )
    assert found.sinks == ("pager", "erp")
    assert found.sink_filters == {"pager": PATTERN}
    assert found.sink_attributes == {"erp": ("Stock", "inventory.qty")}


def test_targets_are_accepted_as_aws_names_them() -> None:
    found = Settings(_env_file=None, sqs_queue=QUEUE, sns_topic=TOPIC, eventbridge_bus=BUS)
    assert (found.sqs_queue, found.sns_topic, found.eventbridge_bus) == (QUEUE, TOPIC, BUS)
    assert Settings(_env_file=None, eventbridge_bus="default").eventbridge_bus == "default"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sinks": "a,a"}, "must name each sink once"),
        ({"sink_filters": "{"}, "must be a JSON object"),
        ({"sink_filters": "[]"}, "must be a JSON object with a member for each sink"),
        ({"sink_filters": f'{{"a": {PATTERN}}}'}, "SINK_FILTERS names the sink a, which is not in"),
        ({"sinks": "a", "sink_filters": '{"a": {"x": 1}}'}, "values must be in a list"),
        ({"sinks": "a", "sink_attributes": '{"a": []}'}, "must name one attribute or more"),
        ({"sqs_attributes": ""}, "must name one attribute or more"),
        ({"sqs_attributes": "a...b"}, "three dots in a row"),
        ({"sqs_queue": "stock"}, "must be the URL of a queue"),
        ({"sqs_queue": "https://user:pass@sqs.example/1/q"}, "must be the URL of a queue"),
        ({"sns_topic": "stock"}, "must be the ARN of a topic"),
        ({"eventbridge_bus": "a bus"}, "must be the name or the ARN of an event bus"),
        ({"fan_out_endpoint": "localhost"}, "must be a URL"),
        ({"public_url": "https://shop.example/?a=1"}, "without a query"),
    ],
)
def test_the_error_says_what_is_valid(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(_env_file=None, **values)
    assert message in str(caught.value)
