"""`stockpulse serve` starts store, broker, web and worker in one process.

With STOCKPULSE_BROKER_URL the worker runs in a process of its own (`app.bootstrap.worker`).
"""

import gc
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from zoneinfo import ZoneInfo

import uvicorn

from app.bootstrap.auth import open_authenticator
from app.bootstrap.broker_feed import feed_broker
from app.bootstrap.patience import Patience
from app.bootstrap.process import (
    announce,
    connections,
    end_by_signals,
    listener_at,
    open_files,
)
from app.bootstrap.rule_desk import open_rule_desk
from app.bootstrap.sink_rebuilder import SinkRebuilder
from app.bootstrap.sink_tester import SinkTester
from app.broker.in_process import InProcessBroker
from app.config.settings import Settings
from app.config.signing import signer_of
from app.demo.fitting import check_fits, fits
from app.demo.live import Plan
from app.demo.runner import DemoShop
from app.demo.simulation.shop import changes, monday_morning
from app.readmodel.opening import open_read_model
from app.runtime.version import our_version
from app.store import location
from app.store.access.api_keys import ApiKeys
from app.store.coordination.audit_key_ids import AuditKeyIDs
from app.store.coordination.audited_table import claim_audit
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb import cli_lines, tables
from app.store.dynamodb.products_table import BOTH_IMAGES, check_selection
from app.store.expiry import sweeping
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.products.barcodes import BarcodeChecks
from app.store.products.changes import StockRules
from app.store.products.product_expiry import expiring_products
from app.store.store import open_store
from app.store.timeline.timeline import OVERLAP_MS, Timeline
from app.web.app import create_app
from app.web.auth.stream_quota import StreamQuota
from app.web.auth.stream_revocation import StreamRevocation
from app.web.exports.export_jobs import Exports
from app.web.imports.import_threads import Imports
from app.web.services import About, Access, DemoSwitch, Probe, Services
from app.web.system.snapshot import SystemSnapshot
from app.web.system.state import live_of, vitals_of
from app.web.system.web_threads import WebThreads
from app.web.transport.protocol_class import bounded
from app.web.transport.server import Server
from worker.effects.log_writer import LogWriter

DEMO_RATE = 5.0  # changes per second when the demo shop is started from the page


def serve(settings: Settings, demo: Plan | None = None) -> None:
    """Run until a signal, with a demo shop if there is a plan for one.

    Raises:
        ListenError: the port is in use.
        AuditKeysDiffer: a worker elsewhere lacks the key that signs here.
        OpenAccessRefused: other machines can reach the address, and there is no key.
        EngineError, TableError, StoreUnavailable: the store cannot be used.

    """
    end_by_signals()
    files = open_files()
    with (
        suppress(KeyboardInterrupt),
        listener_at(settings.host, settings.port) as listener,
        running(settings, demo) as services,
    ):
        config = uvicorn.Config(
            create_app(services),
            http=bounded(services, connections(files)),
            ws="none",  # `bounded` limits HTTP only
            log_config=None,
            access_log=False,
            proxy_headers=False,  # see app.web.auth.trusted_proxies
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=65,
        )
        about = services.about
        announce(settings, about.version, about.cli_line, listener.getsockname()[1])
        # Modules and botocore's models stay for good. Looking for garbage among them would stop all
        # threads for 0.1 s, once in about a thousand writes.
        gc.freeze()
        Server(config, services.broker.close).run(sockets=[listener])


@contextmanager
def running(settings: Settings, demo: Plan | None = None) -> Iterator[Services]:
    """Everything but the web server (store, ring and worker), until the block ends.

    A plan for a demo shop starts at once. Without one, the page's button starts a shop.
    """
    # A computing thread keeps the event loop waiting for this long at a time; Python's 5 ms is too
    # much for a live feed. Without a worker in the process, longer turns serve 8 % more requests.
    sys.setswitchinterval(0.0005 if settings.broker_url is None else 0.002)
    names = settings.table_names
    with ExitStack() as opened:
        where = opened.enter_context(location.owned(settings.dynamodb, settings.data_dir, names))
        clients = where.connect()
        patience = Patience(clients.tables, has_answered=where.engine is not None)
        attributes = tables.ensure_tables(clients.tables, names, settings.attributes)
        check_selection(clients.tables, names, attributes)
        if demo is not None:
            check_fits(attributes)
        claim_audit(clients.tables, names, CONSUMER)
        deployment = Deployment(clients, names, attributes, signer_of(settings))
        if settings.broker_url is not None:
            AuditKeyIDs(*deployment.coordination).register_writer(
                deployment.signer.keys, None if settings.read_only else deployment.stamps.scope
            )
        authenticator = opened.enter_context(
            open_authenticator(settings, clients.tables, names.settings, deployment.signer.keys)
        )
        view_type = deployment.stream().view_type
        if where.engine is not None:
            opened.enter_context(sweeping(clients.tables, names))
            may_mark = view_type == BOTH_IMAGES and not settings.read_only
            opened.enter_context(
                expiring_products(clients.tables, deployment.stamps, may_mark=may_mark)
            )

        feed = Feed(
            clients.tables, names.feed, deployment.signer.retention, settings.feed_partitions
        )
        log = LogWriter(
            deployment,
            feed,
            CursorClock(feed.newest_ms()),
            sole_writer=settings.broker_url is None,
        )
        threads, key_cache = WebThreads(), authenticator.key_cache
        probes: dict[str, Probe] = {
            "engine": where.problem,
            "store": lambda: None if where.problem() else key_cache.problem(),
            "web": threads.problem,
        }
        broker = InProcessBroker(
            Timeline(feed, log.audit),
            names.products,
            version=our_version(),
            condition=lambda: system.condition(),
            max_streams=settings.max_streams,
            overlap_ms=0 if settings.broker_url is None else OVERLAP_MS,
        )
        model = opened.enter_context(
            open_read_model(
                settings.data_dir,
                deployment,
                feed,
                log.audit,
                log.tail,
                ZoneInfo(settings.timezone),
            )
        )
        fed = opened.enter_context(
            feed_broker(settings, where, deployment, log, broker, model.follower, probes)
        )
        store = open_store(
            deployment,
            feed,
            log.audit,
            view_type,
            rules=StockRules(settings.stock_decimals, settings.negative_stock),
            on_commit=fed.hint,
            on_control=fed.check_sinks,
            on_write=model.own_writes.add,
            stamps_elsewhere=settings.broker_url is not None,
        )
        vitals = vitals_of(probes, fed.workers)
        live = live_of(
            vitals,
            fed.shards,
            broker,
            kind=fed.kind,
            store=(where.name, where.kind),
            refused_keys=authenticator.key_cache.refused_keys,
            copy=lambda: model.state,
            write_took=lambda: store.products.write_took,
        )
        system = SystemSnapshot(store.status.read, live, vitals)
        shop = opened.enter_context(DemoShop(store.products, demo or _any_shop(settings)))
        if demo is not None:
            shop.start()
        endpoint = settings.cli_endpoint or where.endpoint
        patience.end()
        test_sink = SinkTester(settings, store.sinks, deployment)
        yield Services(
            settings=settings,
            about=About(
                version=our_version(),
                products_table=names.products,
                view_type=view_type,
                cli_line=cli_lines.update_line(endpoint, where.session, names.products, attributes),
            ),
            store=store,
            read_model=model,
            exports=opened.enter_context(Exports(settings.data_dir)),
            imports=opened.enter_context(
                Imports(settings.data_dir, store, settings.id_case, writes=not settings.read_only)
            ),
            barcodes=opened.enter_context(
                BarcodeChecks(clients.tables, names.products, attributes)
            ),
            broker=broker,
            access=Access(
                authenticator,
                ApiKeys(clients.tables, names.settings, deployment.signer.keys),
                StreamRevocation(authenticator.known, authenticator.now),
                StreamQuota(settings.max_streams_per_key),
            ),
            system=system,
            probes=probes,
            demo=DemoSwitch(
                shop.start if fits(attributes) else lambda: None,
                shop.stop,
                shop.running,
                is_possible=fits(attributes),
            ),
            rule_desk=opened.enter_context(
                open_rule_desk(settings, deployment, store, model, test_sink)
            ),
            test_sink=test_sink,
            rebuild_sink=SinkRebuilder(settings, store.sinks, deployment),
            web_threads=threads,
        )


def _any_shop(settings: Settings) -> Plan:
    """A demo shop with a random seed, for the page's button."""
    zone = ZoneInfo(settings.timezone)
    seed = secrets.randbelow(1_000_000)
    return Plan(changes(seed, monday_morning(zone), zone), DEMO_RATE)
