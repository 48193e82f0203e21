"""Ctrl-C ends the live streams first, so that the stop does not wait for them."""

import time
from pathlib import Path

import pytest

from tests.support.http.sse import Listener
from tests.support.processes.process import Process


@pytest.mark.embedded
def test_ctrl_c_ends_open_streams_at_once(tmp_path: Path) -> None:
    app = Process(tmp_path / "data")
    with app, Listener(app.url) as first, Listener(app.url) as second:
        begun = time.monotonic()
        assert app.stop() == 0, app.output
        assert time.monotonic() - begun < 4, "the stop waited for the streams"
        for listener in (first, second):
            listener.wait_until(lambda one=listener: one.ended)
    assert "ERROR" not in app.output, app.output
