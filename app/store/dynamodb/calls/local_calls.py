"""A call to a local engine is not signed, and its success does not pass through most of botocore.

An engine that accepts placeholder credentials verifies no signature, and at an `http://` endpoint
there is no TLS. So most of what botocore does for a call is not needed there. Its hook
`before-call` may return the response: the request is sent as botocore has serialized it, and a
success is parsed as plain JSON. Any other outcome (an error, a lost connection, a binary attribute)
becomes the outcome of botocore's first attempt, so retries, errors and their parsing stay its own.
Calls with real credentials or through a proxy never come here, so none to AWS do.
"""

import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import orjson
from botocore.awsrequest import AWSResponse
from botocore.handlers import disable_signing
from botocore.utils import get_environ_proxies

from app.store.dynamodb.calls.encoding import has_binary
from app.store.dynamodb.calls.local_transport import LocalTransport

# Operations whose responses botocore returns as they are, without dates, for example.
_PLAIN = {
    *("GetItem", "Query", "Scan", "BatchGetItem", "GetRecords", "GetShardIterator"),
    *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
}

# Local engines read the access key and the region, and that there is a date.
_DATE = "20260101T000000Z"
_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=none"
)


def use_local_calls(clients: Iterable[Any], endpoint: str, key: str) -> None:
    """Let these clients call the engine at `endpoint` directly, with `key` as the access key.

    Nothing changes for an endpoint with TLS, or behind a proxy.
    """
    for client in clients:
        config = client.meta.config
        proxies = get_environ_proxies(endpoint) if config.proxies is None else config.proxies
        if not endpoint.startswith("http://") or proxies.get("http"):
            continue
        transport = LocalTransport(
            endpoint, config.connect_timeout, config.read_timeout, config.max_pool_connections
        )
        calls = LocalCalls(
            transport, _AUTHORIZATION.format(key=key, region=client.meta.region_name)
        )
        events = client.meta.events
        events.register_last("before-call", calls.make)  # after the handlers that encode the body
        events.register("choose-signer", disable_signing)
        events.register("before-sign", calls.add_placeholder)
        events.register("before-send", calls.send)


class LocalCalls:
    """Handlers of botocore's events; thread-safe."""

    def __init__(self, transport: LocalTransport, authorization: str) -> None:
        self._transport = transport
        self._headers = {"X-Amz-Date": _DATE, "Authorization": authorization}
        self._thread = threading.local()  # `outcome`: of the attempt that `make` left to botocore

    def make(
        self, model: Any, params: dict[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        """Make the call (`before-call`); None if its outcome is left to botocore."""
        if model.name not in _PLAIN:
            return None
        body: bytes = params["body"]
        headers = {**params["headers"], **self._headers, "Content-Length": str(len(body))}
        try:
            response = self._transport.send(params["url"], headers, body)
        except Exception as error:  # noqa: BLE001 - botocore raises it, or tries again
            self._thread.outcome = body, error
            return None
        if response.status_code == 200 and not has_binary(response.content):
            with suppress(orjson.JSONDecodeError):  # DynamoDB Local stores halves of a character
                return response, _parsed(response)
        self._thread.outcome = body, response
        return None

    def add_placeholder(self, request: Any, **_: Any) -> None:
        """Add what an engine requires of an `Authorization` header (`before-sign`)."""
        for name, value in self._headers.items():
            request.headers[name] = value

    def send(self, request: Any, **_: Any) -> AWSResponse:
        """Send a request (`before-send`), unless `make` has just made its first attempt.

        Raises:
            EndpointConnectionError, ConnectTimeoutError: nothing was sent.
            ReadTimeoutError, ConnectionClosedError: there is no response.

        """
        body, outcome = getattr(self._thread, "outcome", (None, None))
        self._thread.outcome = None, None
        if outcome is None or body is not request.body:
            return self._transport.send(request.url, request.headers, request.body)
        if isinstance(outcome, AWSResponse):
            return outcome
        raise outcome


def _parsed(response: AWSResponse) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in response.headers.items()}
    metadata = {
        "RequestId": headers.get("x-amzn-requestid", ""),
        "HTTPStatusCode": 200,
        "HTTPHeaders": headers,
        "RetryAttempts": 0,
    }
    return {**orjson.loads(response.content), "ResponseMetadata": metadata}
