"""The server is a separate process with its own engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.down.kit import Server
from tests.support.http import plain
from tests.support.http.sse import Listener
from tests.support.processes.process import Process


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with (
        Process(tmp_path / "data") as process,
        plain.Client(base_url=process.url, timeout=60) as http,
        Listener(process.url) as feed,
    ):
        yield Server(process, http, feed)
