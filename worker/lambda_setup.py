"""A function is set up by settings alone, and refuses to begin with half of them.

Containers run beside each other, and beside web servers elsewhere: they share a clock, a
broker and the keys, so none of these can be one's own.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial

from app.broker.redis.link import keys_of
from app.broker.redis.publisher import RedisPublisher
from app.settings import PREFIX, Settings
from app.signing import audit_keys, signer_of
from app.store.audit import AuditRepository
from app.store.audit_keys import AuditKeyIDs
from app.store.client import Clients, connect
from app.store.clock import ClockRow, SharedClock
from app.store.dead_letters import DeadLetters
from app.store.feed import Feed
from app.store.lanes import Lanes
from app.store.tables import TableNames, table_names
from app.store.workers import Workers
from worker.chain import ChainSink
from worker.lambda_host import LambdaHost
from worker.lambda_reconcile import compare_once
from worker.lambda_sinks import LambdaSinks
from worker.order import ArrivalOrder, Publish
from worker.pipeline import Pipeline
from worker.retry import Retry
from worker.sinks.audit import AuditSink
from worker.sinks.broker import BrokerSink
from worker.sinks.sink import Sink
from worker.source import CONSUMER, source_of
from worker.thawed import ThawedClock
from worker.wiring import Wiring


class HostRefused(Exception):
    """The function cannot work as it is set up; the message says what to set."""


def start(settings: Settings, reached: Callable[[str], None] = lambda _point: None) -> LambdaHost:
    """The host of these settings, as the one kind that this deployment has.

    Raises:
        HostRefused: a setting is missing.
        OwnerRefused: workers of the other kind read this stream.

    """
    check(settings)
    clients, names = clients_of(settings)
    Workers(clients.tables, names.checkpoints, CONSUMER).claim_host("lambda")
    AuditKeyIDs(clients.tables, names.checkpoints, CONSUMER).register([*audit_keys(settings)])
    clock = SharedClock(
        ClockRow(clients.tables, names.checkpoints, CONSUMER),
        Feed(clients.tables, names.feed).newest_ms(),
        monotonic=ThawedClock(),
    )
    publish = publisher_of(settings, names)
    return make_host(settings, clients, names, publish, clock, reached=reached)


def publisher_of(settings: Settings, names: TableNames) -> Publish:
    """The way to the web servers.

    Raises:
        HostRefused: none is set.

    """
    if settings.broker_url is None:
        raise HostRefused(f"set {PREFIX}BROKER_URL")
    stream = keys_of(settings.table_prefix, names.products).stream
    return RedisPublisher(settings.broker_url.get_secret_value(), stream, names.products).publish


def check(settings: Settings) -> None:
    """Refuse settings that this host cannot keep its promises with.

    Raises:
        HostRefused: the message names each variable.

    """
    wrong = []
    if settings.dynamodb == "embedded":
        wrong.append(f"{PREFIX}DYNAMODB=aws: the tables cannot be in a Lambda function")
    if settings.broker_url is None:
        wrong.append(f"{PREFIX}BROKER_URL=redis://…: web servers elsewhere show what is read here")
    if settings.audit_keys is None:
        wrong.append(f"{PREFIX}AUDIT_KEYS=id:base64,…: a function keeps no key of its own")
    if wrong:
        raise HostRefused("set " + "; ".join(wrong))


def clients_of(settings: Settings) -> tuple[Clients, TableNames]:
    """The way to the tables, and their names.

    Each call is tried once: what repeats it must hear when time is up.
    """
    endpoint = None if settings.dynamodb == "aws" else settings.dynamodb
    return connect(endpoint, tries=1), table_names(settings.table_prefix, settings.products_table)


def make_host(
    settings: Settings,
    clients: Clients,
    names: TableNames,
    publish: Publish,
    clock: SharedClock,
    sinks: Sequence[Sink] = (),
    reached: Callable[[str], None] = lambda _point: None,
) -> LambdaHost:
    """The pipeline of any host, stopped by the clock.

    Containers run alongside each other and share the clock: each invocation first raises it
    above all stamps given out so far. The broker pushes back as the audit does: what is not
    published is not taken. A tick drains what is due of the dead letters, and compares the table
    with the audit.
    """
    stop = threading.Event()
    retry = Retry(stop)
    signer = signer_of(settings)
    feed = Feed(clients.tables, names.feed, signer.retention, settings.feed_partitions)
    order = ArrivalOrder(clock.stamp)
    audit = AuditRepository(clients.tables, names.audit, feed, signer, order.stamp, clock)
    audit_sink = AuditSink(audit, retry, drop_stamps=order.drop)
    tell = BrokerSink(publish, order, audit.restamp, retry).accept
    letters = DeadLetters(clients.tables, names.dead_letters)
    taken = LambdaSinks(
        sinks,
        Wiring(
            audit=audit,
            audit_sink=audit_sink,
            publish=tell,
            pipeline=Pipeline(audit_sink, tell, letters, retry, settings.attributes, reached),
            letters=letters,
            lanes=Lanes(clients.tables, names.dead_letters),
            names=settings.attributes,
            retry=retry,
            stop=stop,
        ),
    )
    chain = ChainSink(audit, tell, order.drop)
    compare = partial(
        compare_once, source_of(clients, names, settings.attributes), audit, chain, stop
    )

    def begin(stamps: int) -> None:
        retry(partial(clock.raise_past_row, stamps), "clock")

    return LambdaHost(taken.process, stop, [taken.tick, compare], begin)
