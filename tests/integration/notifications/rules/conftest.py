"""One application and one receiver for the tests of a file; each makes rules of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.consumers.webhooks import begun
from tests.support.http.receiver import Receiver, receiving
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("rules")
    settings = settings_for(endpoint, folder, notify_private_addresses=True)
    with serving(settings) as running:
        until(lambda: "notifications" in begun(running))  # it sends nothing about earlier changes
        yield running
