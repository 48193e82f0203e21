"""All tests in this folder attack one application."""

from collections.abc import Iterator

import pytest

from tests.integration.bad_input.attacks import Target
from tests.support.processes.running import serving, settings_for


@pytest.fixture(scope="package")
def target(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("bad-input")
    with serving(settings_for(endpoint, folder, refused_per_minute=0)) as app:
        yield Target(app)
