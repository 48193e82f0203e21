"""Clients fail within seconds, and every foreign error is translated here into one of ours.

Botocore retries lost answers by itself; that is safe because every write that is not
idempotent goes through `TransactWriteItems` with a token (FACTS: a lost answer doubles
an unguarded ADD).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from app.core.errors import ConditionFailed, ItemTooLarge, StoreRefused, StoreUnavailable
from app.store.dynamodb.aws_session import aws_session
from app.store.dynamodb.encoding import use_fast_encoding

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

# Local engines believe any credentials; these are what the pasteable AWS CLI lines use.
LOCAL_REGION = "us-east-1"
LOCAL_CREDENTIAL = "stockpulse"

# As many connections as threads that may call at once: web threads and worker.
POOL_SIZE = 48


# What a shop manager reads in place of botocore's class names.
_FAILURES: tuple[tuple[type[BotoCoreError], str], ...] = (
    (EndpointConnectionError, "could not be reached"),
    (ConnectTimeoutError, "could not be reached in time"),
    (ReadTimeoutError, "did not answer in time"),
    (NoCredentialsError, "was not called, because there are no AWS credentials"),
)


@dataclass(frozen=True, slots=True)
class Clients:
    """The two clients that a process shares between its threads (boto3 clients are thread-safe)."""

    tables: "DynamoDBClient"
    streams: "DynamoDBStreamsClient"


def connect(endpoint: str | None, tries: int = 3) -> Clients:
    """Clients for a local `endpoint`, or for AWS with the usual region and credentials (None).

    Raises:
        AWSNotSetUp: AWS is meant, and a region or credentials are missing.

    Nothing is called yet. `tries` are botocore's own, which take seconds and cannot be cut
    short. Parameter validation is off: dynoxide's shard ids can be shorter
    than boto3's model allows, and the store builds every request itself.
    """
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": tries},
        max_pool_connections=POOL_SIZE,
        parameter_validation=False,
        tcp_keepalive=True,
        # Given whole: botocore would put its own together anew for each call, an eighth of it.
        user_agent=f"stockpulse boto3/{boto3.__version__}",
    )
    place: dict[str, Any] = {}
    if endpoint is None:
        session = aws_session()
    else:
        session = boto3.Session()
        place = {
            "endpoint_url": endpoint,
            "region_name": LOCAL_REGION,
            "aws_access_key_id": LOCAL_CREDENTIAL,
            "aws_secret_access_key": LOCAL_CREDENTIAL,
        }
    tables = session.client("dynamodb", config=config, **place)
    streams = session.client("dynamodbstreams", config=config, **place)
    use_fast_encoding(tables, streams)
    return Clients(tables, streams)


@contextmanager
def translated(*, write: bool = False) -> Iterator[None]:
    """Turn botocore's errors inside the block into the classes of `app.core.errors`.

    With `write`, an error that leaves the outcome open says so.

    Raises:
        ConditionFailed: a condition of the write did not hold.
        ItemTooLarge: the item exceeds 400 KB, or the request what one call may hold.
        StoreRefused: the request is invalid in itself.
        StoreUnavailable: unreachable, throttled, not permitted, or a server fault.

    """
    try:
        yield
    except ClientError as error:
        raise _translate(error) from error
    except BotoCoreError as error:
        failure = next(
            (text for kind, text in _FAILURES if isinstance(error, kind)),
            "could not be called",
        )
        outcome = " The change may or may not have been saved: check before you repeat it."
        raise StoreUnavailable(f"DynamoDB {failure}.{outcome if write else ''}") from error


def error_code(error: ClientError) -> str:
    """The service's code for a fault."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _translate(error: ClientError) -> Exception:
    code = error_code(error)
    message = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())[:300]
    cancelled = error.response.get("CancellationReasons", [])
    reasons = {str(reason.get("Code")) for reason in cancelled}
    # Of a transaction, only its reasons say what was wrong.
    message = " ".join(
        [message, *(reason["Message"] for reason in cancelled if "Message" in reason)]
    )
    if code == "ConditionalCheckFailedException" or "ConditionalCheckFailed" in reasons:
        return ConditionFailed()
    if "ThrottlingError" in reasons or "ProvisionedThroughputExceeded" in reasons:
        return StoreUnavailable(f"DynamoDB answered {code}: {message}")
    if "TransactionConflict" in reasons:  # another transaction has the item: look again
        return ConditionFailed()
    too_large = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 413
    if too_large or "size has exceeded" in message or "Item size" in message:
        return ItemTooLarge("A DynamoDB item holds at most 400 KB; shorten the attributes.")
    if code in {"ValidationException", "TransactionCanceledException"}:
        return StoreRefused(f"DynamoDB answered {code}: {message}")
    # Throttled, a server fault, or not allowed to us: nothing that another request would mend.
    return StoreUnavailable(f"DynamoDB answered {code}: {message}")
