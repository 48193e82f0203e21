"""Every test that docs/operate/security.md names exists, and each of its lines names one."""

import re

from tests.support.paths import TESTS

DOCUMENT = TESTS.parent / "docs" / "operate" / "security.md"


def test_every_test_named_in_the_document_exists() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if re.match(r"\| \d", line)]
    assert len(rows) > 15
    named = 0
    for row in rows:
        _, _, here, shown_by, _ = re.split(r"(?<!\\)\|", row)
        assert "`" in shown_by or "the same" in shown_by or here.startswith(" no:"), row
        file = ""
        for path, name in re.findall(r"`((?:\w+/)+\w+\.py)?(?:::(\w+))?`", row):
            file = path or file
            if file:
                assert not name or f"def {name}(" in (TESTS / file).read_text(), name
                assert (TESTS / file).exists(), file
                named += 1
    assert named > 20
