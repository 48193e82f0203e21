"""Pages for developers name files, functions, folders and layers that exist."""

import re
import tomllib
from typing import Any

import pytest

from tests.support.paths import DOCS, ROOT

ARCHITECTURE = DOCS / "extend" / "architecture.md"
GLOSSARY = DOCS / "glossary.md"
PAGES = [ARCHITECTURE, GLOSSARY, DOCS / "operate" / "dynamodb-streams.md", ROOT / "CONTRIBUTING.md"]

# Files that the worked examples of CONTRIBUTING.md have a reader create.
CREATED = {
    "worker/sinks/change_log.py",
    "tests/unit/worker/sinks/test_change_log.py",
    "templates/about.html",
}
_PATH = re.compile(r"`((?:app|worker|tests|scripts|static|templates|bench|samples)/[\w./-]*)`")
_NAME_OF_A_FILE = re.compile(r"`(?!STOCKPULSE_)(\w+)`\s+(?:in\s+|\()`([\w/]+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_folders_exist(page: Any) -> None:
    named = set(_PATH.findall(page.read_text())) - CREATED
    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_name_that_is_given_with_its_file_is_in_it(page: Any) -> None:
    for name, path in _NAME_OF_A_FILE.findall(page.read_text()):
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), (name, path)


def test_the_layout_table_has_every_folder() -> None:
    rows = re.findall(r"^\| `([\w/]+)/` \|", ARCHITECTURE.read_text(), re.MULTILINE)
    inits = [*(ROOT / "app").rglob("__init__.py"), *(ROOT / "worker").rglob("__init__.py")]
    folders = {init.parent.relative_to(ROOT).as_posix() for init in inits}
    in_the_row_of_the_demo = {"app/demo/history", "app/demo/simulation"}
    assert set(rows) == folders - in_the_row_of_the_demo
    assert len(rows) == len(set(rows))


def test_the_layers_are_those_that_import_linter_checks() -> None:
    text = " ".join(ARCHITECTURE.read_text().split())
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        assert " > ".join(contract["layers"]) in text, contract["name"]


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = re.findall(r"^### (.+)$", GLOSSARY.read_text(), re.MULTILINE)
    assert terms == sorted(terms, key=str.casefold)
    assert len(terms) > 50
