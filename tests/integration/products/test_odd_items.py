"""Whatever the store returns can be read, shown, compared, audited, delivered and deleted."""

from pathlib import Path

from tests.support.odd_trial import trial


def test_no_item_that_an_engine_stores_makes_an_answer_fail(endpoint: str, tmp_path: Path) -> None:
    found = trial(endpoint, tmp_path, 100, 60)
    assert found.failures == {}
    assert len(found.stored) > 50
