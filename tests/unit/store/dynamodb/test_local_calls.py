"""A successful call to a local engine skips botocore's request; other outcomes do not."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.endpoint import Endpoint
from botocore.session import Session as CoreSession

from app.core.errors import ConditionFailed, StoreUnavailable
from app.store.dynamodb.aws_session import Session
from app.store.dynamodb.client import connect, translated
from app.store.dynamodb.reads import answer_bytes
from tests.support.fakes.scripted_engine import CUT, KEEP, REFUSED, ScriptedEngine

ITEM = b'{"Item": {"ProductID": {"S": "P1"}, "Stock": {"N": "3"}}}'
BINARY = b'{"Item": {"ProductID": {"S": "P1"}, "Photo": {"B": "aGVsbG8="}}}'
HALF = b'{"Item": {"ProductID": {"S": "P1"}, "Name": {"S": "\\ud83d"}}}'
UNMET = b'{"__type": "ConditionalCheckFailedException", "message": "no"}'


def response(body: bytes, status: str = "200 OK") -> bytes:
    length = f"Content-Length: {len(body)}"
    return f"HTTP/1.1 {status}\r\nx-amzn-RequestId: R1\r\n{length}\r\n\r\n".encode() + body


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[ScriptedEngine]:
    running = ScriptedEngine(*request.param)
    yield running
    running.close()


def tables_at(engine: ScriptedEngine, tries: int = 1) -> Any:
    core = CoreSession()
    core.set_credentials("stockpulse", "stockpulse")
    boto = boto3.Session(botocore_session=core, region_name="eu-west-1")
    return connect(engine.url, tries, Session(boto, placeholder=True)).tables


def get(client: Any) -> Any:
    with translated():
        return client.get_item(TableName="Products", Key={"ProductID": {"S": "P1"}})


@pytest.mark.parametrize("engine", [[response(ITEM)]], indirect=True)
def test_a_success_skips_botocores_request(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_request(*_: Any) -> None:
        raise AssertionError("botocore made the request itself")

    monkeypatch.setattr(Endpoint, "make_request", make_request)
    answer = get(tables_at(engine))
    assert answer["Item"] == {"ProductID": {"S": "P1"}, "Stock": {"N": "3"}}
    assert answer_bytes(answer) == len(ITEM)
    assert answer["ResponseMetadata"]["RequestId"] == "R1"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("engine", [[response(BINARY)]], indirect=True)
def test_a_binary_attribute_is_decoded_by_botocore_without_another_call(
    engine: ScriptedEngine,
) -> None:
    assert get(tables_at(engine))["Item"]["Photo"] == {"B": b"hello"}
    assert len(engine.requests) == 1


@pytest.mark.parametrize("engine", [[response(HALF)]], indirect=True)
def test_half_a_character_is_decoded_by_botocore_without_another_call(
    engine: ScriptedEngine,
) -> None:
    assert get(tables_at(engine))["Item"]["Name"] == {"S": "\ud83d"}
    assert len(engine.requests) == 1


@pytest.mark.parametrize("engine", [[response(UNMET, "400 Bad Request"), KEEP]], indirect=True)
def test_an_error_is_raised_by_botocore_without_another_call(engine: ScriptedEngine) -> None:
    client = tables_at(engine, tries=3)
    with pytest.raises(ConditionFailed), translated():
        client.put_item(TableName="Products", Item={"ProductID": {"S": "P1"}})
    assert len(engine.requests) == 1


@pytest.mark.parametrize("engine", [[CUT, REFUSED, response(ITEM)]], indirect=True)
def test_the_first_attempt_counts_among_botocores(engine: ScriptedEngine) -> None:
    client = tables_at(engine, tries=2)
    with pytest.raises(StoreUnavailable, match="throttling"):
        get(client)
    assert len(engine.requests) == 2
    assert get(client)["Item"]["Stock"] == {"N": "3"}


@pytest.mark.parametrize("engine", [[CUT, response(ITEM)]], indirect=True)
def test_a_repeated_call_reports_its_retries(engine: ScriptedEngine) -> None:
    assert get(tables_at(engine, tries=2))["ResponseMetadata"]["RetryAttempts"] == 1
    assert len(engine.requests) == 2
