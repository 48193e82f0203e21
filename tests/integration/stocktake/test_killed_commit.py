"""A server that is killed in the middle of a commit writes each line once when it goes on."""

from pathlib import Path

import httpx
import pytest

from tests.integration.stocktake.killed import Counting
from tests.support.processes.process import Process

LINES, BEFORE = 20, 8


@pytest.mark.embedded
def test_a_commit_that_is_killed_goes_on_and_writes_each_line_once(tmp_path: Path) -> None:
    server = Process(tmp_path / "data")
    counting = Counting(server)
    server.start()
    try:
        counting.create(LINES)
        mine = counting.received("1" * 16, counting.products)
        counted = counting.counted("2" * 16, counting.products, missing=3)
        for draft in (mine, counted):
            server.kill()
            # It kills itself right after the write of a line, before that is answered.
            dying = {"CRASH_AT": "between commit and answer", "CRASH_AFTER": str(BEFORE)}
            server.module, server.environment = "tests.faults.crashing", dying
            server.start()
            with pytest.raises(httpx.TransportError):
                counting.commit(draft)
            assert server.wait_dead() < 0
            server.module, server.environment = "app", {}
            server.start()
            written = counting.written(draft)
            assert BEFORE < written < LINES
            assert counting.run(draft) == LINES
        # 10 at first, 2 received, 3 missing in the count: none of it twice, none of it left out.
        assert counting.stocks() == dict.fromkeys(counting.products, 9)
        assert counting.changes() == {one: ["counted", "received"] for one in counting.products}
        assert counting.run(counted, "undo") == LINES
        assert counting.stocks() == dict.fromkeys(counting.products, 12)
    finally:
        server.kill()
