"""What the web side needs, made by an entry point and handed in; handlers take it from the app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from app.broker.in_process import InProcessBroker
from app.config.settings import Settings
from app.store.idempotency import Once
from app.store.store import Store
from app.web.auth.authenticator import Authenticator
from app.web.auth.stream_quota import StreamQuota
from app.web.auth.stream_revocation import StreamRevocation
from app.web.system.snapshot import SystemSnapshot

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
class About:
    """What pages say of this deployment; `view_type` is the stream's."""

    version: str
    products_table: str
    view_type: str
    cli_line: str


@dataclass(frozen=True, slots=True)
class Access:
    """Who gets in, who is still allowed to stay, and how many streams each may open."""

    authenticator: Authenticator
    watch: StreamRevocation
    places: StreamQuota


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the routes."""

    settings: Settings
    about: About
    store: Store
    broker: InProcessBroker
    access: Access
    system: SystemSnapshot
    probes: Mapping[str, Probe]
    demo: DemoSwitch
    test_sink: TestSink


def services_of(request: Request) -> Services:
    """The services of the app that serves this request."""
    services: Services = request.app.state.services
    return services
