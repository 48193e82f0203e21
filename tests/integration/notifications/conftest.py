"""Empty tables, rules and mailboxes for one test."""

from collections.abc import Iterator

import pytest

from app.config.settings import Settings
from tests.integration.consumers.kit import Shop
from tests.integration.notifications.kit import Desk


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    shop = Shop(settings)
    desk = Desk(shop)
    yield desk
    desk.client.close()
    shop.close()
