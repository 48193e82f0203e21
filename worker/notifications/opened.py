"""The sink `notifications` of a process, with the channels that its settings allow."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from app.notifications.channels.channel import Channel
from app.notifications.notice import TROUBLE
from app.store.access.admin_log import AdminLog
from app.store.alerts.alert_rows import TRANSITION
from app.store.audit.audit_repository import AuditRepository
from app.store.coordination.checkpoints import Checkpoints
from app.store.deployment import Deployment
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.notifications.delivery_log import DeliveryLog
from app.store.notifications.notice_log import NoticeLog
from app.store.notifications.rules import RuleRepository
from app.store.notifications.subscriptions import Subscriptions
from app.store.notifications.totals import NoticeTotals
from app.store.notifications.trouble_log import LOG, TroubleLog
from app.store.sinks.sink_status import SinkStatuses
from app.store.timeline.event_cache import EventCache
from app.store.timeline.tail import Tail
from worker.consumers.sink import Sink
from worker.notifications.call_threads import CallThreads
from worker.notifications.catch_up import CatchUp
from worker.notifications.dispatch import Dispatch
from worker.notifications.log_head import LogHead, of_alerts, of_troubles
from worker.notifications.messages.digest import Present
from worker.notifications.messages.sending import Sender, Unsubscribe
from worker.notifications.notifier import Notifier, Parts
from worker.notifications.state.rates import Rates
from worker.notifications.state.roster import Roster
from worker.notifications.state.rule_book import ALERTS, RuleBook
from worker.notifications.stores import Stores
from worker.notifications.trouble_watch import TroubleWatch


@contextmanager
def notifications(
    deployment: Deployment,
    channels: Mapping[str, Channel],
    zone: ZoneInfo,
    unsubscribe: Unsubscribe = lambda _rule, _recipient: None,
    feed_partitions: int = 1,
    rates: Rates | None = None,
) -> Iterator[Sink]:
    """The sink, until the block ends; `zone` is the shop's."""
    client, settings, names = (
        deployment.clients.tables,
        deployment.tables.settings,
        deployment.names,
    )
    feed = Feed(client, deployment.tables.feed, deployment.signer.retention, feed_partitions)
    audit = AuditRepository(
        client, deployment.tables.audit, feed, deployment.signer, CursorClock(0).stamp
    )
    rules = RuleRepository(client, settings, AdminLog(client, settings))
    book, present, threads = RuleBook(rules, names), Present(deployment), CallThreads()
    sender = Sender(channels, present, unsubscribe)
    roster = Roster(book, sender.is_singly, rates or Rates(), zone)
    stores = Stores(Subscriptions(client, settings), DeliveryLog(client, settings))
    dispatch = Dispatch(roster, book, stores, sender, threads)
    alerts = LogHead(
        "alerts", NoticeLog(client, settings, TRANSITION), ALERTS, of_alerts(present, names)
    )
    troubles = LogHead("troubles", NoticeLog(client, settings, LOG), [TROUBLE], of_troubles)
    coordination = deployment.coordination
    watch = TroubleWatch(
        TroubleLog(client, settings),
        SinkStatuses(*coordination, feed).views,
        channels,
        lambda: Checkpoints(*coordination).rows().workers.values(),
    )
    catch_up = CatchUp(
        dispatch,
        book,
        Tail(feed, audit, EventCache()),
        {"alerts": alerts.read, "troubles": troubles.read},
        names,
    )
    notifier = Notifier(
        Parts(
            book,
            rules,
            dispatch,
            catch_up,
            [alerts, troubles],
            watch,
            threads,
            NoticeTotals(client, settings),
            names,
        )
    )
    try:
        yield notifier.sink()
    finally:
        notifier.leave()
