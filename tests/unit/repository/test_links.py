"""Every relative link in the documentation points to a file, and to a heading, that exists."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import DOCS, ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
]
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1\s*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")  # inline links and images
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/")  # another site, or an absolute path


def _links(page: Path) -> Iterator[str]:
    text = _CODE.sub("", _FENCE.sub("", page.read_text()))
    for link in [*_LINK.findall(text), *_REFERENCE.findall(text)]:
        if not _ELSEWHERE.match(link):
            yield link


@cache
def _anchors(page: Path) -> frozenset[str]:
    """The headings of a page as GitHub turns them into anchors; a repeated one gets a number."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text())):
        slug = _slug(heading)
        name, repeats = slug, 0
        while name in found:
            repeats += 1
            name = f"{slug}-{repeats}"
        found.add(name)
    return frozenset(found)


def _slug(heading: str) -> str:
    shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def _broken(page: Path) -> Iterator[str]:
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{link}: no such file"
        elif anchor and (target.suffix != ".md" or anchor not in _anchors(target)):
            yield f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert list(_broken(page)) == []


def test_a_missing_file_and_a_missing_heading_are_reported(tmp_path: Path) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# `GET /v1`: one, *two*\n\n## Again\n\n## Again\n\n```sh\n# comment\n```\n")
    page.write_text(
        "# Here\n[a](other.md) [b](other.md#get-v1-one-two) [c](other.md#again-1) [d](#here)\n"
        "[e](https://example.org/x) `[f](none.md)`\n\n```sh\n[g](none.md)\n```\n"
        "[h](gone.md) [i](other.md#comment) [j](#there) ![k](gone.png)\n[l]: gone.txt\n"
    )
    assert list(_broken(page)) == [
        "gone.md: no such file",
        "other.md#comment: no such heading",
        "#there: no such heading",
        "gone.png: no such file",
        "gone.txt: no such file",
    ]


def test_every_page_is_in_the_index() -> None:
    index = DOCS / "README.md"
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in _links(index)}
    pages = {page for page in DOCS.rglob("*.md") if page != index}
    assert pages - listed == set()
