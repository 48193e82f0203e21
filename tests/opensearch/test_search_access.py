"""Requests carry the user's password or a signature, and messages carry neither."""

import base64
from collections.abc import Iterator

import pytest

from tests.opensearch.search_proxy import SearchProxy, response, search_proxy
from worker.consumers.sink import Unavailable
from worker.sinks.search.search_node import SearchNode


@pytest.fixture
def proxy() -> Iterator[SearchProxy]:
    """A cluster that refuses everybody, and keeps the last request."""
    with search_proxy("http://127.0.0.1:1") as proxy:
        yield proxy


def refused(proxy: SearchProxy, url: str, *, sign: bool = False) -> tuple[str, str]:
    """The head of a request that got 403, and the error."""
    heads: list[str] = []

    def fault(request: bytes) -> bytes:
        heads.append(request.decode().lower())
        return response(403, b'{"error": {"type": "security_exception", "reason": "no"}}')

    proxy.fault = fault
    node = SearchNode(url, sign=sign)
    with pytest.raises(Unavailable) as caught:
        node("GET", "/a,a-next", ignore_unavailable="true", filter_path="*.aliases,*.mappings")
    node.close()
    return heads[0], str(caught.value)


def test_a_user_and_password_are_sent_and_never_shown(proxy: SearchProxy) -> None:
    url = proxy.url.replace("//", "//stock:p%40ss@") + "/under"
    head, error = refused(proxy, url)
    assert head.startswith("get /under/a,a-next?")
    assert f"authorization: basic {base64.b64encode(b'stock:p@ss').decode().lower()}" in head
    assert "does not permit GET /a,a-next: security_exception: no" in error
    assert "stock" not in error


def test_requests_to_aws_are_signed_and_missing_credentials_are_named(
    proxy: SearchProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    node = SearchNode(proxy.url, sign=True)
    with pytest.raises(Unavailable, match="cannot be signed"):
        node("GET", "/")
    node.close()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    head, _ = refused(proxy, proxy.url, sign=True)
    assert "authorization: aws4-hmac-sha256 credential=akid/" in head
    assert "/eu-central-1/es/aws4_request" in head
