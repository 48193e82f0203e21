"""Large responses are compressed for clients that accept gzip, and then have a weak ETag."""

import gzip
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.web.middleware.compression import MINIMUM_BYTES, Compression, accepts_gzip
from app.web.middleware.head_requests import HeadAsGet

LARGE = "Blue kettle. " * 1_000
ETAG = '"a.b"'


def large(_: Request) -> Response:
    return PlainTextResponse(LARGE, headers={"ETag": ETAG, "Vary": "Accept"})


def small(_: Request) -> Response:
    return PlainTextResponse("x" * (MINIMUM_BYTES - 1), headers={"ETag": ETAG})


def unchanged(_: Request) -> Response:
    return Response(status_code=304, headers={"ETag": ETAG})


def events(_: Request) -> Response:
    async def body() -> AsyncIterator[str]:
        yield LARGE

    return StreamingResponse(body(), media_type="text/event-stream")


def ask(path: str, accept: str | None = "gzip", method: str = "GET", **headers: str) -> Any:
    routes = [Route(f"/{f.__name__}", f) for f in (large, small, unchanged, events)]
    app = HeadAsGet(Compression(Starlette(routes=routes)))

    async def send() -> tuple[httpx.Response, bytes]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            del client.headers["Accept-Encoding"]
            given = headers if accept is None else headers | {"Accept-Encoding": accept}
            async with client.stream(method, path, headers=given) as answer:
                return answer, b"".join([part async for part in answer.aiter_raw()])

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, send).result()


def test_large_response_is_compressed() -> None:
    answer, body = ask("/large")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(body) < len(LARGE) / 10
    assert gzip.decompress(body).decode() == LARGE


@pytest.mark.parametrize("accept", ["gzip", "identity"])
def test_vary_lists_accept_encoding(accept: str) -> None:
    answer, _ = ask("/large", accept)
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"


def test_client_without_gzip_gets_an_uncompressed_response_with_a_strong_etag() -> None:
    answer, body = ask("/large", "br")
    assert "Content-Encoding" not in answer.headers
    assert body.decode() == LARGE
    assert answer.headers["ETag"] == ETAG


def test_compressed_response_has_a_weak_etag() -> None:
    answer, _ = ask("/large")
    assert answer.headers["ETag"] == f"W/{ETAG}"


@pytest.mark.parametrize("known", [ETAG, f"W/{ETAG}"])
def test_304_has_the_etag_form_that_the_client_sent(known: str) -> None:
    answer, _ = ask("/unchanged", **{"If-None-Match": f'"other", {known}'})
    assert answer.headers["ETag"] == known


def test_small_response_is_not_compressed() -> None:
    answer, _ = ask("/small")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["ETag"] == ETAG


def test_event_stream_is_not_compressed() -> None:
    answer, body = ask("/events")
    assert "Content-Encoding" not in answer.headers
    assert body.decode() == LARGE


def test_head_has_the_same_headers_as_get() -> None:
    (head, body), (get, _) = ask("/large", method="HEAD"), ask("/large")
    assert body == b""
    assert head.headers == get.headers


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=1, *;q=0", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("xgzip", False),
    ],
)
def test_accept_encoding_headers_that_allow_gzip(header: str, *, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
