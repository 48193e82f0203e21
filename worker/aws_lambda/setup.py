"""A function is set up by settings alone, and refuses to begin with half of them.

Containers run beside each other, and beside web servers elsewhere: they share a clock, a
broker and the keys, so none of these can be one's own.
"""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from app.broker.redis.connection import keys_of
from app.broker.redis.publisher import RedisPublisher
from app.config.settings import PREFIX, Settings
from app.config.signing import audit_keys, signer_of
from app.store.coordination.audit_key_ids import AuditKeyIDs
from app.store.coordination.audited_table import claim_audit
from app.store.coordination.workers import Workers
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb.client import Clients, connect
from app.store.dynamodb.tables import TableNames, table_names
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import ClockRow, SharedClock
from worker.aws_lambda.freeze_safe_clock import FreezeSafeClock
from worker.aws_lambda.invocation import LambdaHost
from worker.aws_lambda.scheduled_reconcile import compare_once
from worker.aws_lambda.scheduled_sinks import Deadline, run_until
from worker.consumers.sink import Sink
from worker.effects.log_writer import LogWriter
from worker.effects.publish_order import Publish
from worker.hosts.wiring import Wiring, sink_plan
from worker.reconcile.reconciler import Comparing
from worker.sharing.membership import new_owner


class HostRefused(Exception):
    """The function cannot work as it is set up; the message says what to set."""


def start(settings: Settings) -> LambdaHost:
    """The host of these settings, as the one kind that this deployment has.

    Raises:
        HostRefused: a setting is missing.
        OwnerRefused: workers of the other kind read this stream.

    """
    check(settings)
    clients, names = clients_of(settings)
    claim_audit(clients.tables, names, CONSUMER)
    Workers(clients.tables, names.checkpoints, CONSUMER).claim_host("lambda")
    AuditKeyIDs(clients.tables, names.checkpoints, CONSUMER).register([*audit_keys(settings)])
    clock = SharedClock(
        ClockRow(clients.tables, names.checkpoints, CONSUMER),
        Feed(clients.tables, names.feed).newest_ms(),
        monotonic=FreezeSafeClock(),
    )
    return make_host(settings, clients, names, publisher_of(settings, names), clock)


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
) -> LambdaHost:
    """The pipeline of any host, stopped by the clock.

    Containers run alongside each other and share the clock: each invocation first raises it above
    all stamps given out so far. The broker pushes back as the audit
    does: what is not published is not taken. `sinks` run besides those of the settings.
    """
    stop = threading.Event()
    deployment = Deployment(clients, names, settings.attributes, signer_of(settings))
    feed = Feed(clients.tables, names.feed, deployment.signer.retention, settings.feed_partitions)
    log = LogWriter(deployment, feed, clock)
    # A container ends without a word: what its sinks hold open ends with it.
    plan = ExitStack().enter_context(sink_plan(settings, deployment))
    plan = replace(plan, sinks=[*plan.sinks, *sinks])
    wiring = Wiring(deployment, log, publish, plan, stop, broker_elsewhere=True)

    comparing = Comparing(deployment, log.audit, wiring.chain, lambda: True, stop)

    def run_sinks(until: float) -> None:
        wiring.consumers.jobs = wiring.jobs(lambda _hold: Deadline(until))
        run_until(wiring.consumers, wiring.sink_rows, new_owner(), until, wait=stop.wait)

    return LambdaHost(
        wiring.pipeline.process,
        stop,
        {
            "reconcile": lambda _until: compare_once(comparing),
            "sinks": run_sinks,
        },
        lambda stamps: wiring.retry(partial(log.raise_clock, stamps), "clock"),
    )
