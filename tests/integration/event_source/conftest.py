"""One MiniStack with one function for all tests here: each keeps to products of its own."""

import os
from collections.abc import Iterator

import pytest

from tests.integration.event_source.kit import Deployment, deployed
from tests.support.ministack import PYTHON


@pytest.fixture(scope="package")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployed function."""
    if not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("no MiniStack here: scripts/ministack.sh sets it up")
    with deployed(tmp_path_factory.mktemp("ministack")) as deployment:
        yield deployment
