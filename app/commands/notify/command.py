"""`stockpulse notify` lists the notification rules, and sends a test message for one."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.commands.common import CommandError, actor, aligned
from app.config.settings import Settings
from app.config.signing import signer_of
from app.core.rules.rule import Recipient, Rule, UnreadableRule, subscription_id
from app.core.rules.secret_paths import shown_address
from app.notifications.channels.channel import Channel
from app.notifications.checking import is_broken
from app.notifications.desk.operator_webhook import OperatorWebhook
from app.notifications.desk.trying import RuleTester, TrialStores
from app.observability.logs import escaped, masked
from app.store import location
from app.store.access.admin_log import AdminLog
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb import tables
from app.store.feed.feed import Feed
from app.store.notifications.delivery_log import DeliveryLog
from app.store.notifications.rule_errors import TooManyTests
from app.store.notifications.rule_test_bound import RuleTestBound
from app.store.notifications.rules import RuleRepository
from app.store.notifications.subscriptions import SubscriptionRow, Subscriptions
from app.store.sinks.sink_control import SinkControl

_ERROR_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class _NotifyTools:
    """The objects that the actions use."""

    rules: RuleRepository
    subscriptions: Subscriptions
    channels: Mapping[str, Channel]
    operator: OperatorWebhook
    test: RuleTester


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "notify",
        help="list the rules that tell people of changes, and send test messages",
        description="A rule tells its recipients of changes and alerts. Rules are made on the page "
        "Notifications or over REST (docs/use/notifications.md).",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list all rules, with recipients and what waits")
    listing.set_defaults(run=_list)
    test = actions.add_parser(
        "test", help="send a test message to all recipients of a rule, from this process"
    )
    test.add_argument("name", metavar="NAME", help="the rule's name or id")
    test.set_defaults(run=_test)


def _list(_: argparse.Namespace, settings: Settings) -> int:
    with _open_tools(settings) as tools:
        every = tools.rules.every()
        behind = {row.id: row for row in tools.subscriptions.all()} if every else {}
        if (own := tools.operator.read()) is not None:
            every = [own.rule, *every]
            behind |= {row.id: row for row in own.waiting}
        lines = table(every, behind, tools.channels)
    print("\n".join(lines) if every else "There are no notification rules.")
    return 0


def _test(arguments: argparse.Namespace, settings: Settings) -> int:
    with _open_tools(settings) as tools:
        own = tools.operator.read()
        rules = [*([] if own is None else [own.rule]), *tools.rules.all()]
        rule = named(rules, arguments.name)
        try:
            sent = tools.test(rule.id, None, actor())
        except TooManyTests as error:
            raise CommandError(error.detail) from None
    for one in sent:
        outcome = "accepted" if one.accepted else "NOT ACCEPTED"
        to = f"{one.recipient.channel} {masked(shown_address(one.recipient.address))}"
        print(escaped(f"{to}: {outcome}: {masked(one.answer)}"))
    return 0 if all(one.accepted for one in sent) else 1


def named(rules: Sequence[Rule], name: str) -> Rule:
    """The rule with this id or name.

    Raises:
        CommandError: none has it, or several have the name.

    """
    found = [rule for rule in rules if rule.id == name] or [
        rule for rule in rules if rule.name == name
    ]
    if not found:
        raise CommandError(f"no rule is called {name!r}: see `stockpulse notify list`")
    if len(found) > 1:
        ids = ", ".join(rule.id for rule in found)
        raise CommandError(f"several rules are called {name!r}: give the id of one ({ids})")
    return found[0]


def table(
    rules: Sequence[Rule | UnreadableRule],
    behind: Mapping[str, SubscriptionRow],
    channels: Mapping[str, Channel],
) -> list[str]:
    """The lines of `notify list`: one for each rule and recipient; `behind` by subscription id."""
    rows = [("ID", "RULE", "TO", "STATE", "WAITING", "LAST ERROR")]
    for rule in rules:
        if isinstance(rule, UnreadableRule):
            rows.append((rule.id, rule.name, "-", "broken", "-", "a newer version wrote it"))
            continue
        for one in rule.recipients:
            row = behind.get(subscription_id(rule.id, one.id))
            rows.append(
                (
                    rule.id,
                    rule.name,
                    f"{one.channel} {masked(shown_address(one.address))}",
                    _state(rule, one, channels),
                    "-" if row is None else f"{row.waiting} ({row.why})",
                    (masked(row.error)[:_ERROR_CHARACTERS] if row is not None else "") or "-",
                )
            )
    return aligned(rows)


def _state(rule: Rule, recipient: Recipient, channels: Mapping[str, Channel]) -> str:
    if not rule.enabled:
        return "off"
    if recipient.id in dict(rule.disabled):
        return "disabled"
    return "broken" if is_broken(recipient, channels) else "on"


@contextmanager
def _open_tools(settings: Settings) -> Iterator[_NotifyTools]:
    from app.bootstrap.rule_desk import operator_webhook
    from app.bootstrap.sink_tester import SinkTester
    from app.notifications.channels.registry import open_channels  # with its templates

    names = settings.table_names
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        clients = where.connect()
        client = clients.tables
        attributes = tables.ensure_tables(client, names, settings.attributes)
        deployment = Deployment(clients, names, attributes, signer_of(settings))
        log = AdminLog(client, names.settings)
        rules = RuleRepository(client, names.settings, log)
        feed = Feed(client, names.feed, deployment.signer.retention)
        sinks = SinkControl(client, names.checkpoints, CONSUMER, feed, log)
        operator = operator_webhook(settings, sinks, SinkTester(settings, sinks, deployment))
        stores = TrialStores(
            rules, DeliveryLog(client, names.settings), RuleTestBound(client, names.settings)
        )
        with open_channels(settings, deployment) as channels:
            yield _NotifyTools(
                rules,
                Subscriptions(client, names.settings),
                channels,
                operator,
                RuleTester(stores, channels, operator),
            )
