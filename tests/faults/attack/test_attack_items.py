"""10,000 items that another program wrote: 0 answers of 5xx, and each item is audited."""

import os
from pathlib import Path

from tests.faults.engines import Engine
from tests.support.odd_trial import trial

ITEMS = int(os.environ.get("FAULT_ITEMS", "10000"))
WRITTEN = 5  # one item in so many is changed in every way before it is deleted
UNLIMITED = {"rate_limit_per_minute": 0, "address_rate_limit_per_minute": 0}


def test_no_odd_item_makes_an_answer_fail(engine: Engine, tmp_path: Path) -> None:
    found = trial(engine.url, tmp_path, ITEMS, 600, WRITTEN, **UNLIMITED)
    print(f"{engine.name}: {found.figures}")
    assert found.failures == {}
    assert len(found.stored) > ITEMS / 2
