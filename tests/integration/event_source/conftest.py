"""One MiniStack with one function for all tests here; each test uses its own products."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.event_source.kit import Deployment, deployed
from tests.support.processes.ministack import PYTHON


@pytest.fixture(scope="package")
def function(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Deployment]:
    """A deployed function."""
    if not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("no MiniStack here: scripts/ministack.sh sets it up")
    package: Path = request.getfixturevalue("lambda_zip")  # only built if there is a MiniStack
    with deployed(tmp_path_factory.mktemp("ministack"), package) as deployment:
        yield deployment
