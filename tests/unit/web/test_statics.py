"""The URL of a static file changes with the folder's content, and can be cached for ever."""

import re
from pathlib import Path

import pytest

from app.web.statics import FOLDER, static_path, version_of
from tests.unit.web.pages.served.kit import client

IMMUTABLE = "public, max-age=31536000, immutable"
_IMPORT = re.compile(r'(?:from|import\()\s*"(\.[^"]+)"')


def test_version_changes_with_every_path_and_content(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    file = tmp_path / "css" / "a.css"
    file.write_text("a{}")
    versions = [version_of(tmp_path)]
    file.write_text("b{}")
    versions.append(version_of(tmp_path))
    file.rename(tmp_path / "css" / "b.css")
    versions.append(version_of(tmp_path))
    (tmp_path / "new.js").touch()
    versions.append(version_of(tmp_path))
    assert len(set(versions)) == 4
    assert version_of(tmp_path) == versions[-1]


def test_every_file_referenced_by_a_page_exists_and_is_cacheable() -> None:
    browser = client()
    paths = ["/", "/products", "/products/new", "/sign-in", "/docs", "/nowhere"]
    urls = {
        url for path in paths for url in re.findall(r'"(/static/[^"]+)"', browser.get(path).text)
    }
    assert any("/vendor/" in url for url in urls)
    assert all(url.startswith(f"{static_path()}/") for url in urls)
    for url in urls:
        answer = browser.get(url)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, IMMUTABLE), url


def test_modules_import_each_other_by_relative_path() -> None:
    modules = [path for path in FOLDER.rglob("*.js") if "vendor" not in path.parts]
    imports = [(module, name) for module in modules for name in _IMPORT.findall(module.read_text())]
    assert imports
    for module, name in imports:
        assert (module.parent / name).resolve().is_relative_to(FOLDER), module
        assert (module.parent / name).is_file(), module
    assert not [module for module in modules if '"/static' in module.read_text()]


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/favicon.svg",
        "/static/0123456789abcdef/favicon.svg",
        f"{static_path()}/none.css",
        static_path(),
        f"{static_path()}/../favicon.svg",
        f"{static_path()}/%2e%2e/%2e%2e/README.md",
    ],
)
def test_any_other_path_is_not_found_and_not_cacheable(path: str) -> None:
    answer = client().get(path)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_matching_etag_returns_304() -> None:
    browser, path = client(), f"{static_path()}/css/base.css"
    etag = browser.get(path).headers["ETag"]
    again = browser.get(path, **{"If-None-Match": etag})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, IMMUTABLE)
