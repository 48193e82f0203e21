"""A POST that is repeated with the same `Idempotency-Key` returns the first response again.

A key is scoped to its actor and route. Only responses of applied requests are stored: an error
applies nothing, so the request can be tried again with the same key.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response

from app.core.errors import StockpulseError
from app.store.idempotency import Answer, Once, Replayed, RequestKey
from app.web.errors import InvalidRequest
from app.web.middleware.request_guard import request_id_of
from app.web.requests.write_stamp import actor_of
from app.web.services import services_of

REPLAYED = "Idempotent-Replayed"
_STORED_HEADERS = ("content-type", "etag", "location")

Outcome = TypeVar("Outcome")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Idempotency:
    """A request's idempotency key, if it has one, for all writes of the request."""

    def __init__(self, request: Request, key: str | None, body: bytes) -> None:
        self._store = services_of(request).store.idempotency_keys
        self._route = f"{request.method} {request.url.path}"
        self._actor = actor_of(request)
        self._request_id = request_id_of(request.scope)
        self._key = key
        self._content = request.url.query.encode() + b"\n" + body

    def once(self, respond: Callable[[Outcome], Response]) -> Once[Outcome] | None:
        """For the only write of this request; None without a key.

        `respond` makes the response to store from the write's outcome.
        """
        keys = self._keys(self._content)
        return Once(self._store, keys, _stored(respond)) if keys else None

    def once_for_item(
        self, index: int, content: bytes, respond: Callable[[Outcome], Response]
    ) -> Once[Outcome] | None:
        """For item number `index` of a batch, whose JSON is `content`; None without a key."""
        keys = self._keys(content, f"#{index}")
        return Once(self._store, keys, _stored(respond)) if keys else None

    def once_for_action(
        self,
        action: str,
        key: str,
        respond: Callable[[Outcome], Response],
        spent: Callable[[str], StockpulseError],
        item: tuple[int, bytes] | None = None,
    ) -> Once[Outcome]:
        """For an action that happens once per `key`, whatever the actor and idempotency key.

        `spent` returns the error for repeats without the first one's idempotency key. `item`: as
        the arguments of `once_for_item`.
        """
        request_id, keys = self._request_id, self._keys(self._content)
        if item is not None:
            request_id, keys = f"{request_id}.{item[0]}", self._keys(item[1], f"#{item[0]}")
        record_action = RequestKey("", action, key, b"", request_id, spent)
        return Once(self._store, [record_action, *keys], _stored(respond))

    def once_whoever_sends(
        self, kept: timedelta, respond: Callable[[Outcome], Response]
    ) -> Once[Outcome] | None:
        """For the only write of a request that may be sent again by somebody else; as `once`."""
        keys = [replace(one, actor="", kept=kept) for one in self._keys(self._content)]
        return Once(self._store, keys, _stored(respond)) if keys else None

    def _keys(self, content: bytes, suffix: str = "") -> list[RequestKey]:
        if self._key is None:
            return []
        key = self._key + suffix
        return [RequestKey(self._actor, self._route, key, content, self._request_id)]


def _stored(respond: Callable[[Outcome], Response]) -> Callable[[Outcome], Answer]:
    """The part of the response that is stored."""

    def stored(outcome: Outcome) -> Answer:
        response = respond(outcome)
        headers = {n: value for n, value in response.headers.items() if n in _STORED_HEADERS}
        return Answer(response.status_code, headers, bytes(response.body))

    return stored


def replay(error: Replayed) -> Response:
    """The stored response."""
    replayed = {REPLAYED: "true"} if error.again else {}
    stored = error.answer
    return Response(stored.body, status_code=stored.status, headers={**stored.headers, **replayed})


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        description="A unique key that you generate for this request, such as a UUID: 1 to "
        "255 printable ASCII characters without spaces. If you repeat the request with the "
        "same key within 24 hours, it is applied only once and you get the first response "
        "again.",
    ),
]


def check_key(request: Request) -> None:
    """Return if the request has no key, or a valid one.

    Raises:
        InvalidRequest: it has several, or another text.

    """
    sent = request.headers.getlist("idempotency-key")
    if len(sent) > 1 or not all(map(_KEY.fullmatch, sent)):
        reason = "must be one value of 1 to 255 printable ASCII characters without spaces"
        raise InvalidRequest(
            f"Idempotency-Key {reason}.",
            extra={"errors": [{"pointer": "header:idempotency-key", "detail": reason}]},
        )


async def _idempotency(request: Request, idempotency_key: IdempotencyKey = None) -> Idempotency:
    check_key(request)
    return Idempotency(request, idempotency_key, await request.body())


IdempotencyDep = Annotated[Idempotency, Depends(_idempotency)]
