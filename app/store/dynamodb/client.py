"""Calls fail within seconds, and every botocore error is translated into one of our own.

Botocore repeats a call whose response was lost. That would apply an unguarded `ADD` twice, so
every write that is not idempotent goes through `TransactWriteItems` with a token.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)
from botocore.exceptions import ConnectionError as NoConnection

from app.core.errors import ConditionFailed, ItemTooLarge, StoreRefused, StoreUnavailable
from app.store.dynamodb.aws_session import LOCAL_CREDENTIAL, Session, session_for
from app.store.dynamodb.calls.encoding import use_fast_encoding

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

# One connection for each thread that may call at the same time: web threads and worker.
POOL_SIZE = 48

NO_ANSWER = (NoConnection, HTTPClientError)
_NOT_SENT = (EndpointConnectionError, ConnectTimeoutError)  # of these, the ones without doubt
_UNANSWERED = "stockpulse_unanswered"  # name in a call's context, and in what it returns or raises

_CREATING = threading.Lock()  # threads must not create clients of one session at the same time

_THROTTLED = (
    "ThrottlingException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
)


@dataclass(frozen=True, slots=True)
class Clients:
    """The two clients that all threads of a process share (boto3 clients are thread-safe)."""

    tables: "DynamoDBClient"
    streams: "DynamoDBStreamsClient"


def connect(endpoint: str | None, tries: int = 3, session: Session | None = None) -> Clients:
    """Clients for an `endpoint` URL or for AWS (None); by default with `session_for(endpoint)`.

    This makes no call to DynamoDB. `tries` are botocore's attempts per call; they take seconds and
    cannot be interrupted. Parameter validation is off: dynoxide's shard ids can be shorter than
    boto3's model allows, and the store builds every request itself.

    Raises:
        AWSNotSetUp: see `session_for`.

    """
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": tries},
        max_pool_connections=POOL_SIZE,
        parameter_validation=False,
        tcp_keepalive=True,
        # Botocore would assemble its own for each call, which takes an eighth of the call's CPU.
        user_agent=f"stockpulse boto3/{boto3.__version__}",
    )
    session = session or session_for(endpoint)
    with _CREATING:
        tables = session.boto.client("dynamodb", config=config, endpoint_url=endpoint)
        streams = session.boto.client("dynamodbstreams", config=config, endpoint_url=endpoint)
    use_fast_encoding(tables, streams)
    if endpoint is not None and session.placeholder:
        with suppress(ImportError):  # a Lambda function has no httptools
            from app.store.dynamodb.calls.local_calls import use_local_calls

            use_local_calls((tables, streams), endpoint, LOCAL_CREDENTIAL)
    tables.meta.events.register("needs-retry.dynamodb.TransactWriteItems", _note_unanswered)
    return Clients(tables, streams)


@contextmanager
def translated() -> Iterator[None]:
    """Turn botocore's errors inside the block into the classes of `app.core.errors`.

    Raises:
        ConditionFailed: a condition of the write did not hold, or another transaction conflicted.
        ItemTooLarge: the item exceeds 400 KB, or the request exceeds the limit of one call.
        StoreRefused: the request is invalid.
        StoreUnavailable: no answer, throttled, not permitted, or a server fault.

    """
    try:
        yield
    except ClientError as error:
        raise _translate(error) from error
    except BotoCoreError as error:
        raise StoreUnavailable(_no_answer(error)) from error


def is_unanswered(error: Exception) -> bool:
    """Whether an attempt of a failed transaction may have been applied although it got no answer.

    `error` is one of our own, as `translated` raises it.
    """
    cause = error.__cause__
    if isinstance(cause, ClientError):
        metadata: Any = cause.response.get("ResponseMetadata", {})
        return _UNANSWERED in metadata or metadata.get("HTTPStatusCode", 0) >= 500
    if isinstance(cause, BotoCoreError):
        lost = isinstance(cause, NO_ANSWER) and not isinstance(cause, _NOT_SENT)
        return lost or _UNANSWERED in cause.kwargs
    return False


def _note_unanswered(
    request_dict: Any, response: Any, caught_exception: Exception | None, **_: Any
) -> None:
    """Keep in a call's outcome that one of botocore's attempts got no answer."""
    if response is not None:
        outcome, lost = response[1]["ResponseMetadata"], response[0].status_code >= 500
    elif isinstance(caught_exception, BotoCoreError):
        outcome, lost = caught_exception.kwargs, not isinstance(caught_exception, _NOT_SENT)
    else:
        return
    if lost or _UNANSWERED in request_dict["context"]:
        outcome[_UNANSWERED] = request_dict["context"][_UNANSWERED] = True


def error_code(error: ClientError) -> str:
    """The service's code for an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _no_answer(error: BotoCoreError) -> str:
    if isinstance(error, NO_ANSWER):
        return "DynamoDB did not answer. Try again in a moment."
    return f"DynamoDB cannot be called: {str(error).rstrip('.')}."  # such as: no credentials


def _translate(error: ClientError) -> Exception:
    code = error_code(error)
    message = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())[:300]
    cancelled = error.response.get("CancellationReasons", [])
    reasons = {str(reason.get("Code")) for reason in cancelled}
    # For a transaction, only the cancellation reasons say what was wrong.
    message = " ".join(
        [message, *(reason["Message"] for reason in cancelled if "Message" in reason)]
    )
    if code == "ConditionalCheckFailedException" or "ConditionalCheckFailed" in reasons:
        return ConditionFailed()
    if code in _THROTTLED or reasons & {"ThrottlingError", "ProvisionedThroughputExceeded"}:
        return StoreUnavailable("DynamoDB is throttling requests: raise the capacity or wait.")
    if "TransactionConflict" in reasons:  # another transaction has the item: read and try again
        return ConditionFailed()
    too_large = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 413
    if too_large or "size has exceeded" in message or "Item size" in message:
        return ItemTooLarge("A DynamoDB item holds at most 400 KB. Shorten the attributes.")
    if code in {"ValidationException", "TransactionCanceledException"}:
        return StoreRefused(f"DynamoDB answered {code}: {message}")
    # Throttled, a server fault, or not permitted: a different request would not help.
    return StoreUnavailable(f"DynamoDB answered {code}: {message}")
