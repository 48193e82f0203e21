"""Store, broker and web in one process, opened and closed in order; without a Redis the worker too.

(`app.feeding` wires the worker.)
"""

import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from zoneinfo import ZoneInfo

import uvicorn

from app.announcement import announce
from app.broker.in_process import InProcessBroker
from app.demo.live import Plan
from app.demo.runner import DemoShop
from app.demo.shop import changes, monday_morning
from app.door import open_door
from app.feeding import feeding
from app.listener import listener_at
from app.settings import Settings
from app.signals import end_by_signals
from app.signing import signer_of
from app.sink_tester import SinkTester
from app.store import place, shell, tables
from app.store.admin_log import AdminLog
from app.store.client import connect
from app.store.coordination.control import SinkControl
from app.store.dead_letters.desk import LetterDesk
from app.store.deployment import CONSUMER, Deployment
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.gaps import NewestGaps
from app.store.past import Past
from app.store.products import ProductRepository
from app.store.receipts import Receipts
from app.store.status import StatusReader
from app.store.timeline import OVERLAP_MS, Timeline
from app.version import our_version
from app.web.app import create_app
from app.web.places import Places
from app.web.server import Server
from app.web.services import DemoSwitch, Probe, Services
from app.web.system.board import SystemBoard
from app.web.system.live import live_of
from app.web.watch import Watch
from app.web.wire import bounded
from worker.log_writer import LogWriter

DEMO_RATE = 5.0  # changes a second of a shop that is started from the page


def serve(settings: Settings, demo: Plan | None = None) -> None:
    """Run until a signal ends it, with a demo shop inside if there is a plan for one.

    Raises:
        ListenError: the port is taken.
        OpenToAll: others can reach the address, and there is no key.
        EngineError, TableError, StoreUnavailable: the store cannot be used.

    """
    end_by_signals()
    with (
        suppress(KeyboardInterrupt),
        listener_at(settings.host, settings.port) as listener,
        running(settings, demo) as services,
    ):
        config = uvicorn.Config(
            create_app(services),
            http=bounded(settings.max_header_bytes, settings.request_timeout_seconds),
            ws="none",  # the wire bounds HTTP only
            log_config=None,
            access_log=False,
            proxy_headers=False,  # app.web.proxies reads them, from the configured ones only
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=65,
        )
        announce(settings, services.version, services.cli_line, listener.getsockname()[1])
        Server(config, services.broker.close).run(sockets=[listener])


@contextmanager
def running(settings: Settings, demo: Plan | None = None) -> Iterator[Services]:
    """Everything but the web server: store, ring and worker, until the block ends.

    A plan for a demo shop begins at once; without one the page's button begins one.
    """
    # Threads that compute must not keep the event loop waiting (FACTS §2b).
    sys.setswitchinterval(0.0005)
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with place.owned(settings.dynamodb, settings.data_dir, names) as where, ExitStack() as opened:
        clients = connect(where.endpoint)
        attributes = settings.attributes
        tables.ensure_tables(clients.tables, names, attributes)
        door = opened.enter_context(open_door(settings, clients.tables, names.settings))
        stream = tables.stream_of(clients.tables, names.products)

        deployment = Deployment(clients, names, attributes, signer_of(settings))
        feed = Feed(
            clients.tables, names.feed, deployment.signer.retention, settings.feed_partitions
        )
        log = LogWriter(deployment, feed, CursorClock(feed.newest_ms()))
        timeline = Timeline(feed, log.audit)
        probes: dict[str, Probe] = {"engine": where.problem}
        broker = InProcessBroker(
            timeline,
            names.products,
            version=our_version(),
            status=lambda: next((bad for probe in probes.values() if (bad := probe())), None),
            max_streams=settings.max_streams,
            overlap_ms=0 if settings.broker_url is None else OVERLAP_MS,
        )
        admin_log = AdminLog(clients.tables, names.settings)
        with feeding(settings, where, deployment, log, broker, probes) as fed:
            sinks = SinkControl(*deployment.coordination, feed, admin_log, fed.look)
            products = ProductRepository(
                clients.tables,
                names.products,
                attributes,
                stamps_deletes=stream.view_type == "NEW_AND_OLD_IMAGES",
                was_known=log.audit.knows,
                on_commit=fed.hint,
            )
            status = StatusReader(
                clients.tables, names, CONSUMER, NewestGaps(feed, log.audit), sinks.views
            )
            live = live_of(probes, fed.shards, broker, kind=fed.kind, store=where.name)
            with DemoShop(products, demo or _any_shop(settings)) as shop:
                if demo is not None:
                    shop.start()
                yield Services(
                    settings=settings,
                    version=our_version(),
                    products=products,
                    receipts=Receipts(clients.tables, names.idempotency),
                    timeline=timeline,
                    past=Past(log.audit, attributes),
                    letters=LetterDesk(
                        clients.tables, names.dead_letters, admin_log, sinks, on_due=fed.look
                    ),
                    sinks=sinks,
                    test_sink=SinkTester(settings, sinks, names.products),
                    broker=broker,
                    products_table=names.products,
                    view_type=stream.view_type,
                    cli_line=shell.update_line(
                        settings.cli_endpoint or where.endpoint, names.products, attributes
                    ),
                    probes=probes,
                    demo=DemoSwitch(shop.start, shop.stop, shop.running),
                    door=door,
                    watch=Watch(door.known, door.now),
                    places=Places(settings.max_streams_per_key),
                    admin_log=admin_log,
                    system=SystemBoard(status.read, live),
                )


def _any_shop(settings: Settings) -> Plan:
    """A demo shop for the page's button."""
    zone = ZoneInfo(settings.timezone)
    seed = secrets.randbelow(1_000_000)
    return Plan(changes(seed, monday_morning(zone), zone), DEMO_RATE)
