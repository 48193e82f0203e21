"""The repositories that web requests and commands use, created once per process."""

from collections.abc import Callable
from dataclasses import dataclass

from app.core.item import Item
from app.store.access.admin_log import AdminLog
from app.store.access.saved_views import SavedViews
from app.store.alerts.alert_control import AlertControl
from app.store.alerts.alert_lists import AlertLists
from app.store.alerts.transition_log import TransitionLog
from app.store.audit.as_of import Past
from app.store.audit.audit_repository import AuditRepository
from app.store.dead_letters.letter_admin import DeadLetterAdmin
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb.store_clock import StoreClock
from app.store.feed.arrival_clock import arrival_clock
from app.store.feed.feed import Feed
from app.store.idempotency import IdempotencyKeyRows
from app.store.imports.bulk_writes import BulkWrites
from app.store.imports.rehearsal import Rehearsal
from app.store.imports.remembered_columns import RememberedColumns
from app.store.notifications.delivery_log import DeliveryLog
from app.store.notifications.inbox import Inbox
from app.store.notifications.inbox_news import InboxNews
from app.store.notifications.rule_test_bound import RuleTestBound
from app.store.notifications.rules import RuleRepository
from app.store.notifications.subscriptions import Subscriptions
from app.store.notifications.totals import NoticeTotals
from app.store.notifications.trouble_log import TroubleLog
from app.store.products.changes import StockRules
from app.store.products.product_repository import ProductRepository
from app.store.products.reversal.reversals import Reversals
from app.store.sinks.sink_control import SinkControl
from app.store.status import StatusReader
from app.store.stocktake.books import Books
from app.store.stocktake.line_store import LineStore
from app.store.stocktake.line_writer import LineWriter
from app.store.timeline.newest_gaps import NewestGaps
from app.store.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Store:
    """The repositories of one deployment."""

    products: ProductRepository
    reversals: Reversals
    idempotency_keys: IdempotencyKeyRows
    timeline: Timeline
    past: Past
    letters: DeadLetterAdmin
    sinks: SinkControl
    admin_log: AdminLog
    alerts: AlertControl
    alert_lists: AlertLists
    transitions: TransitionLog
    rules: RuleRepository
    subscriptions: Subscriptions
    deliveries: DeliveryLog
    rule_tests: RuleTestBound
    troubles: TroubleLog
    inbox_news: InboxNews
    views: SavedViews
    rehearsal: Rehearsal
    bulk_writes: BulkWrites
    import_columns: RememberedColumns
    stocktakes: LineStore
    books: Books
    line_writer: LineWriter
    status: StatusReader


def open_store(
    deployment: Deployment,
    feed: Feed,
    audit: AuditRepository,
    view_type: str,
    *,
    on_commit: Callable[[], None],
    on_control: Callable[[], None],
    on_write: Callable[[str, Item | None, str], None],
    rules: StockRules,
    stamps_elsewhere: bool = False,
) -> Store:
    """The store of a process.

    `view_type` is the stream's. `on_commit` is called after each write to a product, `on_control`
    after each admin action on a sink or a dead letter, and each change of a rule. `on_write`: as in
    `ProductRepository`. `stamps_elsewhere`: other processes stamp arrivals.
    """
    client, tables, names = deployment.clients.tables, deployment.tables, deployment.names
    admin_log = AdminLog(client, tables.settings)
    sinks = SinkControl(*deployment.coordination, feed, admin_log, on_control)
    now = StoreClock(client).now
    products = ProductRepository(
        client,
        deployment.stamps,
        marks_deletes=view_type == "NEW_AND_OLD_IMAGES",
        was_known=audit.knows,
        on_commit=on_commit,
        on_write=on_write,
        now=now,
        rules=rules,
    )
    rehearsal = Rehearsal(client, deployment.stamps, rules)
    gaps = NewestGaps(feed, audit)
    past, timeline = Past(audit, names), Timeline(feed, audit)
    arrivals = arrival_clock(now, elsewhere=stamps_elsewhere)
    rule_rows = RuleRepository(client, tables.settings, admin_log, on_control, arrivals, now)
    stocktakes = LineStore(client, tables.settings)
    alerts = AlertControl(client, tables.settings, admin_log)
    transitions = TransitionLog(client, tables.settings)
    troubles = TroubleLog(client, tables.settings)
    return Store(
        products=products,
        reversals=Reversals(products, deployment.stamps, rules, now, audit.chains.event_of_request),
        idempotency_keys=IdempotencyKeyRows(client, tables.idempotency),
        timeline=timeline,
        past=past,
        letters=DeadLetterAdmin(client, tables.dead_letters, admin_log, sinks, on_due=on_control),
        sinks=sinks,
        admin_log=admin_log,
        alerts=alerts,
        alert_lists=AlertLists(alerts, transitions),
        transitions=transitions,
        rules=rule_rows,
        subscriptions=Subscriptions(client, tables.settings),
        deliveries=DeliveryLog(client, tables.settings),
        rule_tests=RuleTestBound(client, tables.settings),
        troubles=troubles,
        inbox_news=InboxNews(rule_rows, Inbox(client, tables.settings)),
        views=SavedViews(client, tables.settings, admin_log),
        rehearsal=rehearsal,
        bulk_writes=BulkWrites(
            client, deployment.stamps, rules, rehearsal.items, now, on_commit, on_write
        ),
        import_columns=RememberedColumns(client, tables.settings),
        stocktakes=stocktakes,
        books=Books(products, past, timeline, names),
        line_writer=LineWriter(products, stocktakes, rules, names),
        status=StatusReader(
            client,
            tables,
            CONSUMER,
            gaps,
            sinks.views,
            products.carry_no_stock,
            troubles.going_on,
            NoticeTotals(client, tables.settings).read,
        ),
    )
