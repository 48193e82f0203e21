"""One application for the tests of a file; each has products of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.alerts.kit import scanned
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("alerts"))) as running:
        until(lambda: scanned(running))
        yield running
