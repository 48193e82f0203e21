"""What keeps Stockpulse from working, as its own rows show it. Pure.

A trouble has a name that stays while it goes on, so it begins once and ends once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.rules.rule import Rule, UnreadableRule
from app.core.rules.secret_paths import shown_address
from app.store.notifications.subscriptions import SubscriptionRow
from app.store.notifications.trouble_log import UNREADABLE
from app.store.sinks.sink_lag import SinkView

LAGS = 300.0  # seconds that a sink is behind
FAILS = 900.0  # seconds for which a recipient accepts nothing
SILENT = 60.0  # seconds without a heartbeat
RECOVERED = 60.0  # seconds: a lag that is shorter has ended


@dataclass(frozen=True, slots=True)
class Change:
    """A trouble that begins or ends, and a sentence about it."""

    about: str
    text: str
    begins: bool


def of_sinks(sinks: Iterable[SinkView], going_on: Mapping[str, str]) -> dict[str, str]:
    """The troubles of sinks: those that stopped, paused by themselves, or are behind."""
    found = {}
    for sink in sinks:
        name, row = sink.row.name, sink.row
        if row.state == "stopped":
            found[f"sink-stopped {name}"] = f"The connection {name} has stopped: {row.why}"
        elif sink.paused_itself:
            found[f"sink-paused {name}"] = f"The connection {name} paused itself: {row.why}"
        elif row.state == "running":
            about = f"sink-lag {name}"
            if sink.lag_seconds > (RECOVERED if about in going_on else LAGS):
                why = f": {row.health.error}" if row.health.error else ""
                found[about] = f"The connection {name} is more than five minutes behind{why}"
    return found


def of_workers(silent: Mapping[str, float]) -> dict[str, str]:
    """The troubles of workers; `silent`: seconds since the last sign of life, by worker."""
    return {
        f"worker {name}": f"A worker has been silent for more than {SILENT:.0f} seconds"
        for name, seconds in silent.items()
        if seconds > SILENT
    }


def of_unreadable(rules: Iterable[UnreadableRule]) -> dict[str, str]:
    """The troubles of rules that a newer version wrote."""
    return {
        f"{UNREADABLE}{rule.id}": (
            f"The rule {rule.name or rule.id} was written by a newer version of Stockpulse, and "
            "this worker cannot read it: its messages wait until the worker is updated"
        )
        for rule in rules
    }


def of_rules(rules: Iterable[Rule], channels: Iterable[str]) -> dict[str, str]:
    """The troubles of rules: recipients that were disabled, and channels that are not set up."""
    found, known = {}, set(channels)
    for rule in rules:
        if not rule.enabled:
            continue
        reasons = dict(rule.disabled)
        for one in rule.recipients:
            if one.id in reasons:
                found[f"recipient {rule.id} {one.id}"] = (
                    f"The rule {rule.name} does not send to {one.channel} "
                    f"{shown_address(one.address)} any more: "
                    f"{reasons[one.id].rstrip('.')}"  # the page ends the sentence
                )
            elif one.channel not in known:
                found[f"channel {rule.id} {one.id}"] = (
                    f"The rule {rule.name} cannot send: the channel {one.channel} is not set up"
                )
    return found


def of_waiting(
    rows: Iterable[SubscriptionRow], rules: Mapping[str, Rule], now: float
) -> dict[str, str]:
    """The troubles of recipients that have not accepted anything for a while; `now` in seconds."""
    found = {}
    for row in rows:
        rule = rules.get(row.rule_id)
        failing = now - row.failing_since / 1000 if row.failing_since else 0.0
        if rule is not None and failing > FAILS:
            found[f"recipient {row.rule_id} {row.recipient_id} fails"] = (
                f"The rule {rule.name} does not reach {row.channel} "
                f"{shown_address(row.address)}: {row.error}"
            )
    return found


def changes(found: Mapping[str, str], going_on: Mapping[str, str]) -> list[Change]:
    """What has begun and what has ended since the troubles were noted."""
    begun = [Change(about, text, begins=True) for about, text in found.items()]
    ended = [Change(about, f"Over: {text}", begins=False) for about, text in going_on.items()]
    return [one for one in begun if one.about not in going_on] + [
        one for one in ended if one.about not in found
    ]
