"""Every page shows times in one way, and in words that people use."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.web.pages.templating import time_element

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TEMPLATES = Path(__file__).resolve().parents[4] / "templates"

# Words of programmers, for which pages have others.
JARGON = r"\b(superseded|redriven?|idempoten\w+|payload|null|undefined|enum|boolean)\b"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 10, 8, 5, 6, tzinfo=UTC), "09:05:06"),
        (datetime(2026, 3, 9, 22, 59, tzinfo=UTC), "9 Mar"),
        (datetime(2026, 3, 9, 23, 1, tzinfo=UTC), "00:01:00"),  # today in the shop
        (datetime(2025, 12, 31, 12, tzinfo=UTC), "2025-12-31"),
    ],
)
def test_time_has_the_date_of_another_day(moment: datetime, text: str) -> None:
    element = time_element(moment, ZoneInfo("Europe/Berlin"), NOW)
    assert element.endswith(f">{text}</time>")


def test_time_carries_the_whole_time_and_its_zone() -> None:
    moment = datetime(2026, 3, 9, 22, 59, tzinfo=UTC)
    assert time_element(moment, ZoneInfo("Europe/Berlin"), NOW) == (
        '<time datetime="2026-03-09T22:59:00Z" title="2026-03-09 23:59:00 Europe/Berlin">'
        "9 Mar</time>"
    )


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_page_has_no_words_of_programmers(template: Path) -> None:
    # What a reader sees: neither comments, nor statements, nor commands, nor tags.
    hidden = r"(?s)\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<code\b.*?</code>|<[^>]*>"
    shown = re.sub(hidden, " ", template.read_text())
    assert re.findall(JARGON, shown, re.IGNORECASE) == []
