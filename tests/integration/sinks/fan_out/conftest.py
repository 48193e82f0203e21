"""One MiniStack for a file; each test makes targets of its own."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from app.config.settings import Settings
from app.config.signing import signer_of
from app.store.deployment import Deployment
from app.store.dynamodb.client import connect
from tests.integration.consumers.kit import Shop
from tests.support.processes.ministack import PYTHON, MiniStack, ministack
from worker.consumers.sink import Sink
from worker.sinks.configured import sinks_of

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """A running MiniStack."""
    if not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("no MiniStack here: scripts/ministack.sh sets it up")
    with ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """Empty tables."""
    shop = Shop(settings)
    yield shop
    shop.close()


@pytest.fixture
def opened(shop: Shop) -> Opened:
    """Opens the sinks that these settings describe, in a `with` statement."""

    @contextmanager
    def sinks(**changes: Any) -> Iterator[Sequence[Sink]]:
        settings = Settings(_env_file=None, **(shop.settings.model_dump() | changes))
        clients = connect(settings.dynamodb)
        names = shop.settings.attributes
        deployment = Deployment(clients, shop.names, names, signer_of(settings))
        with sinks_of(settings, deployment) as found:
            # The worker of the shop has notifications already.
            yield [sink for sink in found if sink.name != "notifications"]

    return sinks
