"""One request to OpenSearch; whatever a wrong setting or an outage can cause is `Unavailable`."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from opensearchpy import ConnectionError as NoConnection
from opensearchpy import ConnectionTimeout, Urllib3HttpConnection

from app.config.addresses import without_query
from app.core import json_text
from app.notifications.channels.webhook.webhook_answers import retry_after
from app.store.dynamodb.aws_session import AWSNotSetUp, session_for
from worker.consumers.sink import Unavailable
from worker.sinks.search.bulk_outcomes import reason_of

SECONDS = 4.0  # to connect, and then between two parts of the answer
TOGETHER = 7.0  # for all requests of a delivery; a lease lasts 10 s
# Answers with an error reach us whole, with their headers: the connection is told to ignore them.
_ERRORS = range(300, 600)
_OURS = {400, 404, 409, 413}  # of our own request; what they mean depends on it


@dataclass(frozen=True, slots=True)
class Answer:
    """A status of 2xx, 400, 404, 409 or 413, and the JSON document."""

    status: int
    document: Any

    @property
    def reason(self) -> str:
        """The error in words."""
        error = self.document.get("error") if isinstance(self.document, Mapping) else None
        return reason_of(error or f"status {self.status}")


class SearchNode:
    """The node or cluster at one URL; threads share it. Messages show no credentials."""

    def __init__(self, url: str, *, sign: bool = False, seconds: float = SECONDS) -> None:
        """`url` may have a user and password; `sign`: use the AWS CLI's credentials instead."""
        parts = urlsplit(url)
        self.shown = without_query(url)
        auth: Any = None
        if sign:
            auth = _Signature()
        elif parts.username is not None:
            auth = (unquote(parts.username), unquote(parts.password or ""))
        secure = parts.scheme == "https"
        self._seconds = seconds
        self._limit = threading.local()
        self._connection = Urllib3HttpConnection(
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            url_prefix=parts.path.rstrip("/"),
            use_ssl=secure,
            ssl_context=ssl.create_default_context() if secure else None,
            http_auth=auth,
            timeout=seconds,
            pool_maxsize=4,
        )

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    @contextmanager
    def together(self, seconds: float = TOGETHER) -> Iterator[None]:
        """Limit the time of all requests that this thread sends in the block."""
        self._limit.ends = time.monotonic() + seconds
        try:
            yield
        finally:
            del self._limit.ends

    def __call__(
        self, method: str, path: str, body: Any = None, *, lines: bool = False, **params: str
    ) -> Answer:
        """Send one request; `body` is a document, or bytes (`lines`: newline-delimited JSON).

        Raises:
            Unavailable: no answer, or one that says that the request may succeed later.

        """
        kind = "application/x-ndjson" if lines else "application/json"
        seconds = self._seconds_left()
        data = body if body is None or isinstance(body, bytes) else json_text.dumps(body)
        try:
            status, headers, text = self._connection.perform_request(
                method,
                path,
                params,
                data,
                timeout=seconds,
                ignore=_ERRORS,
                headers={"content-type": kind},
            )
        except ConnectionTimeout:
            raise Unavailable(
                f"OpenSearch at {self.shown} did not answer within {seconds:.2g} s."
            ) from None
        except NoConnection as error:
            raise Unavailable(
                f"OpenSearch at {self.shown} cannot be reached ({_cause(error)}): start it, or "
                "correct STOCKPULSE_SEARCH_URL."
            ) from None
        answer = Answer(status, _document(text))
        if status < 300 or status in _OURS:
            if answer.document is None and method != "HEAD":
                raise Unavailable(f"{self.shown} does not answer as OpenSearch does.")
            return answer
        raise Unavailable(
            self._refusal(answer, f"{method} {path}"),
            retry_after=retry_after(headers.get("retry-after"), datetime.now(UTC)),
        )

    def _seconds_left(self) -> float:
        ends: float | None = getattr(self._limit, "ends", None)
        left = self._seconds if ends is None else min(self._seconds, ends - time.monotonic())
        if left <= 0:
            raise Unavailable(f"OpenSearch at {self.shown} takes too long to answer.")
        return left

    def _refusal(self, answer: Answer, request: str) -> str:
        at = f"OpenSearch at {self.shown}"
        match answer.status:
            case 401:
                return f"{at} refuses the user or password: correct STOCKPULSE_SEARCH_URL."
            case 403:
                return f"{at} does not permit {request}: {answer.reason}"
            case 429:
                return f"{at} asks to send less (429): {answer.reason}"
            case status if status < 400:
                return f"{at} redirects ({status}), which is not followed."
            case status:
                return f"{at} answered {status} to {request}: {answer.reason}"


class _Signature:
    """Signs requests for Amazon OpenSearch Service, with credentials found at the first one."""

    def __init__(self) -> None:
        self._sign: Callable[..., dict[str, str]] | None = None

    def __call__(self, method: str, url: str, body: Any) -> dict[str, str]:
        if self._sign is None:
            from opensearchpy import Urllib3AWSV4SignerAuth

            try:
                session = session_for(None)
            except AWSNotSetUp as error:
                raise Unavailable(f"The request cannot be signed. {error}") from error
            credentials = session.boto.get_credentials()
            self._sign = Urllib3AWSV4SignerAuth(credentials, session.region, "es")
        return self._sign(method, url, body)


def _document(text: str) -> Any:
    try:
        return json_text.loads(text)
    except ValueError:
        return None


def _cause(error: Exception) -> str:
    """The innermost reason of a failed connection, without the objects' addresses."""
    return str(error.args[1] if len(error.args) > 1 else error).rpartition(": ")[2][:200]
