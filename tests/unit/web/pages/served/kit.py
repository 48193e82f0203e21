"""The application with a store and a broker that a test gives."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from app.broker.condition import Condition
from app.broker.in_process import InProcessBroker
from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.store.dynamodb.paging import Page
from tests.support.builders import a_cursor
from tests.support.open_site import OpenSite
from tests.unit.broker.kit import MemoryFeed


class Down:
    """A store that does not answer."""

    def __getattr__(self, _name: str) -> Any:
        def refuse(*_arguments: object, **_named: object) -> None:
            raise StoreUnavailable("DynamoDB did not answer.")

        return refuse


def a_broker(*events: ChangeEvent, trouble: str | None = None) -> InProcessBroker:
    condition = Condition("stale" if trouble else "live")
    broker = InProcessBroker(MemoryFeed(), "Products", version="1", condition=lambda: condition)
    broker.load()
    broker.publish([(a_cursor(n), event) for n, event in enumerate(events)])
    return broker


def a_store(products: Any, **more: Any) -> Any:
    return SimpleNamespace(products=products, views=SimpleNamespace(all=lambda _: []), **more)


def client(settings: Mapping[str, Any] | None = None, **given: Any) -> OpenSite:
    parts: dict[str, Any] = {
        "store": a_store(
            SimpleNamespace(page=lambda *_: Page([], None), carry_no_stock=lambda: False)
        ),
        "broker": a_broker(),
        "barcodes": SimpleNamespace(start=lambda *_: None),
    }
    return OpenSite(settings, **(parts | given))
