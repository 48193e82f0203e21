"""What the web side needs, made by an entry point and handed in; handlers take it from the app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from app.broker.in_process import InProcessBroker
from app.settings import Settings
from app.store.admin_log import AdminLog
from app.store.coordination.control import SinkControl
from app.store.dead_letters.desk import LetterDesk
from app.store.past import Past
from app.store.products import ProductRepository
from app.store.receipts import Once, Receipts
from app.store.timeline import Timeline
from app.web.door import Door
from app.web.places import Places
from app.web.system.board import SystemBoard
from app.web.watch import Watch

# Sends a test through a sink (name, actor, idempotency) and returns a sentence about the answer.
TestSink = Callable[[str, str, Once[str] | None], str]

# Says what is wrong with a part, or None; never blocks.
Probe = Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class DemoSwitch:
    """Opens and closes a made-up shop in this process; both do nothing where it is so already."""

    start: Callable[[], None]
    stop: Callable[[], None]
    running: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the routes."""

    settings: Settings
    version: str
    products: ProductRepository
    receipts: Receipts
    timeline: Timeline
    past: Past
    letters: LetterDesk
    sinks: SinkControl
    test_sink: TestSink
    broker: InProcessBroker
    products_table: str
    view_type: str
    cli_line: str
    probes: Mapping[str, Probe]
    demo: DemoSwitch
    door: Door
    watch: Watch
    places: Places
    admin_log: AdminLog
    system: SystemBoard


def services_of(request: Request) -> Services:
    """The services of the app that serves this request."""
    services: Services = request.app.state.services
    return services
