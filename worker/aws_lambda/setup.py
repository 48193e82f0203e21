"""A function is configured by settings alone, and does not start if required settings are missing.

Containers run alongside each other, and alongside web servers elsewhere. They share the clock, the
broker and the keys, so none of these can be local.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from pydantic import SecretStr

from app.broker.redis.connection import keys_of
from app.broker.redis.publisher import RedisPublisher
from app.config.settings import PREFIX, Settings
from app.config.signing import signer_of
from app.store.coordination.audit_key_ids import AuditKeyIDs
from app.store.coordination.audited_table import claim_audit
from app.store.coordination.workers import Workers
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb.client import Clients, connect
from app.store.dynamodb.products_table import with_key
from app.store.dynamodb.table_names import TableNames
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import ClockRow, SharedClock
from worker.aws_lambda.freeze_safe_clock import FreezeSafeClock
from worker.aws_lambda.invocation import LambdaHost
from worker.aws_lambda.scheduled_tasks import compare_once, guard_until, run_until
from worker.consumers.sink import Sink
from worker.effects.log_writer import LogWriter
from worker.effects.publish_order import Publish
from worker.hosts.wiring import Wiring, sink_plan
from worker.sharing.membership import new_owner


class HostRefused(Exception):
    """The function cannot run with its settings; the message says what to set."""


def start(settings: Settings) -> LambdaHost:
    """Create the host for these settings, and claim the deployment for Lambda.

    Raises:
        HostRefused: a setting is missing.
        OwnerRefused: workers that are not Lambda functions read this stream.

    """
    broker_url = check(settings)
    clients, names = clients_of(settings), settings.table_names
    claim_audit(clients.tables, names, CONSUMER)
    Workers(clients.tables, names.checkpoints, CONSUMER).claim_host("lambda")
    clock = SharedClock(
        ClockRow(clients.tables, names.checkpoints, CONSUMER),
        Feed(clients.tables, names.feed).newest_ms(),
        monotonic=FreezeSafeClock(),
    )
    return make_host(settings, clients, names, publisher_of(broker_url, settings, names), clock)


def publisher_of(broker_url: SecretStr, settings: Settings, names: TableNames) -> Publish:
    """The function that publishes to the web servers."""
    stream = keys_of(settings.table_prefix, names.products).stream
    return RedisPublisher(broker_url.get_secret_value(), stream, names.products).publish


def check(settings: Settings) -> SecretStr:
    """Check that the required settings are present; returns the broker's URL.

    Raises:
        HostRefused: the message names each variable.

    """
    wrong = []
    if settings.dynamodb == "embedded":
        wrong.append(f"{PREFIX}DYNAMODB=aws: a Lambda function cannot host the tables")
    if settings.broker_url is None:
        wrong.append(f"{PREFIX}BROKER_URL=redis://…: the web servers get the changes through it")
    if settings.audit_keys is None:
        wrong.append(f"{PREFIX}AUDIT_KEYS=id:base64,…: a function cannot store a key")
    if wrong or settings.broker_url is None:
        raise HostRefused("set " + "; ".join(wrong))
    return settings.broker_url


def clients_of(settings: Settings) -> Clients:
    """Clients that try each call once: retries are done by `Retry`, which stops in time."""
    return connect(None if settings.dynamodb == "aws" else settings.dynamodb, tries=1)


def make_host(
    settings: Settings,
    clients: Clients,
    names: TableNames,
    publish: Publish,
    clock: SharedClock,
    sinks: Sequence[Sink] = (),
) -> LambdaHost:
    """Create the host, with the same pipeline as any other host; the clock ends its retries.

    Containers run alongside each other and share the clock: each invocation first raises it above
    all stamps issued so far. A failing broker delays the pipeline as a failing audit does: a record
    that is not published is not done. `sinks` run in addition to those of the settings.
    """
    attributes = with_key(clients.tables, names, settings.attributes)
    deployment = Deployment(clients, names, attributes, signer_of(settings))
    AuditKeyIDs(*deployment.coordination).register_reader(
        deployment.signer.keys, deployment.stamps.scope
    )
    feed = Feed(clients.tables, names.feed, deployment.signer.retention, settings.feed_partitions)
    log = LogWriter(deployment, feed, clock)
    # A container ends without notice; the resources of its sinks end with it.
    plan = ExitStack().enter_context(sink_plan(settings, deployment))
    plan = replace(plan, sinks=[*plan.sinks, *sinks])
    wiring = Wiring(deployment, log, publish, plan, broker_elsewhere=True)
    compare = partial(wiring.comparison, lambda: True)

    def run_sinks(until: float) -> None:
        wiring.consumers.jobs = wiring.jobs(lambda _hold: guard_until(until))
        run_until(wiring.consumers, wiring.sink_rows, new_owner(), until, wait=wiring.stop.wait)

    return LambdaHost(
        wiring.pipeline.process,
        wiring.stop,
        {"reconcile": lambda _until: compare_once(deployment, compare), "sinks": run_sinks},
        lambda stamps: wiring.retry(partial(log.raise_clock, stamps), "clock"),
    )
