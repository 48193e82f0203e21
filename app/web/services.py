"""Handlers get their services from the app; an entry point creates them and passes them in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from app.broker.in_process import InProcessBroker
from app.config.settings import Settings
from app.notifications.desk.rule_desk import RuleDesk
from app.readmodel.read_model import ReadModel
from app.store.access.api_keys import ApiKeys
from app.store.idempotency import Once
from app.store.products.barcodes import BarcodeChecks
from app.store.store import Store
from app.web.auth.authenticator import Authenticator
from app.web.auth.stream_quota import StreamQuota
from app.web.auth.stream_revocation import StreamRevocation
from app.web.exports.export_jobs import Exports
from app.web.imports.import_threads import Imports
from app.web.system.snapshot import SystemSnapshot
from app.web.system.web_threads import WebThreads

# Sends a test message through a sink (name, actor, idempotency) and describes the response.
SendTest = Callable[[str, str, Once[str] | None], str]

# Requests that a worker builds a sink's state again (arguments as above), and says what follows.
RequestRebuild = Callable[[str, str, Once[str] | None], str]

# Describes what is wrong with a part, or returns None; never blocks.
Probe = Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class DemoSwitch:
    """Starts and stops the demo shop in this process; both are idempotent."""

    start: Callable[[], None]
    stop: Callable[[], None]
    is_running: Callable[[], bool]
    is_possible: bool = True  # the demo's products fit into the table


@dataclass(frozen=True, slots=True)
class About:
    """What pages show about this deployment.

    `view_type` is the stream's view type. `cli_line` is an AWS CLI command that changes a product.
    """

    version: str
    products_table: str
    view_type: str
    cli_line: str


@dataclass(frozen=True, slots=True)
class Access:
    """Authentication, the keys, and the limits of live streams: until when, how many for a key."""

    authenticator: Authenticator
    keys: ApiKeys
    stream_revocation: StreamRevocation
    stream_quota: StreamQuota


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the routes."""

    settings: Settings
    about: About
    store: Store
    read_model: ReadModel
    exports: Exports
    imports: Imports
    barcodes: BarcodeChecks
    broker: InProcessBroker
    access: Access
    system: SystemSnapshot
    probes: Mapping[str, Probe]
    demo: DemoSwitch
    rule_desk: RuleDesk
    test_sink: SendTest
    rebuild_sink: RequestRebuild
    web_threads: WebThreads


def services_of(request: Request) -> Services:
    """The services of the app that handles this request."""
    services: Services = request.app.state.services
    return services
