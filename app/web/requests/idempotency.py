"""`Idempotency-Key`: a POST that is repeated with its key is answered as it was the first time.

The key belongs to its actor and route. Only what was applied is kept; an error applies
nothing, so a repeat after one is a new try.
"""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response

from app.store.idempotency import Answer, Once, Replayed, RequestKey
from app.web.errors import InvalidRequest
from app.web.middleware.request_guard import request_id_of
from app.web.requests.write_stamp import actor_of
from app.web.services import services_of

REPLAYED = "Idempotent-Replayed"
_KEPT_HEADERS = ("content-type", "etag", "location")

Left = TypeVar("Left")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Keyed:
    """A request's key, if it has one, for as many writes as the request makes."""

    def __init__(self, request: Request, key: str | None, body: bytes) -> None:
        self._receipts = services_of(request).store.idempotency_keys
        self._route = f"{request.method} {request.url.path}"
        self._actor = actor_of(request)
        self._request_id = request_id_of(request.scope)
        self._key = key
        self._said = request.url.query.encode() + b"\n" + body

    def once(self, answer: Callable[[Left], Response]) -> Once[Left] | None:
        """The one write of this request, and how it will be answered; None without a key."""
        own = self._own(self._said)
        return Once(self._receipts, own, _kept(answer)) if own else None

    def once_of(
        self, index: int, said: bytes, answer: Callable[[Left], Response]
    ) -> Once[Left] | None:
        """Write number `index` of this request, which said `said` of it."""
        own = self._own(said, f"#{index}")
        return Once(self._receipts, own, _kept(answer)) if own else None

    def once_for(self, what: str, key: str, answer: Callable[[Left], Response]) -> Once[Left]:
        """The one write of this kind for `key`, whoever asks for it and under whatever key."""
        record_action = RequestKey("", what, key, b"", self._request_id)
        return Once(self._receipts, [*self._own(self._said), record_action], _kept(answer))

    def _own(self, said: bytes, part: str = "") -> list[RequestKey]:
        if self._key is None:
            return []
        key = self._key + part
        return [RequestKey(self._actor, self._route, key, said, self._request_id)]


def _kept(answer: Callable[[Left], Response]) -> Callable[[Left], Answer]:
    """What is kept of an answer."""

    def kept(left: Left) -> Answer:
        response = answer(left)
        headers = {n: value for n, value in response.headers.items() if n in _KEPT_HEADERS}
        return Answer(response.status_code, headers, bytes(response.body))

    return kept


def replay(error: Replayed) -> Response:
    """The answer that was kept."""
    again = {REPLAYED: "true"} if error.again else {}
    kept = error.answer
    return Response(kept.body, status_code=kept.status, headers={**kept.headers, **again})


async def _keyed(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="A key of your own making (a UUID, say), 1 to 255 printable ASCII "
            "characters: repeat the request with it for up to 24 hours, and it is applied once."
        ),
    ] = None,
) -> Keyed:
    given = request.headers.getlist("idempotency-key")
    if len(given) > 1 or not all(map(_KEY.fullmatch, given)):
        reason = "must be one word of 1 to 255 printable ASCII characters"
        raise InvalidRequest(
            f"Idempotency-Key {reason}.",
            extra={"errors": [{"pointer": "header:idempotency-key", "detail": reason}]},
        )
    return Keyed(request, idempotency_key, await request.body())


KeyedDep = Annotated[Keyed, Depends(_keyed)]
