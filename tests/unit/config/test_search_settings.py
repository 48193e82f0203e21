"""Settings of the search index are checked at the start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config.settings import Settings


def settings(**values: str) -> Settings:
    """Settings with these values, and no file."""
    return Settings(_env_file=None, data_dir=Path("x"), **values)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9200",
        "https://stock:p%40ss@search.example:9200/under/a/path",
        "https://search-shop.eu-central-1.es.amazonaws.com",
        "http://[::1]:9200",
    ],
)
def test_a_url_may_have_a_user_and_a_path(url: str) -> None:
    found = settings(search_url=url).search_url
    assert found is not None
    assert found.get_secret_value() == url
    assert "p%40ss" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "search.example:9200",
        "ftp://x",
        "https://",
        "https://a b",
        "https://x?y=1",
        "https://x:0",
        "https://u:p/w@host",
    ],
)
def test_another_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValidationError, match="must be a URL such as"):
        settings(search_url=url)


@pytest.mark.parametrize("name", ["", "Products", "_all", "a,b", "*", "a/b", "x" * 201])
def test_an_index_name_that_opensearch_refuses_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="a-z 0-9"):
        settings(search_index=name)
