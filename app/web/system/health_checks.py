"""The state becomes one headline and a list of findings, worst first. Pure.

A finding says what to do, or that the system recovers by itself.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from app.observability.logs import masked
from app.readmodel.copy_state import CopyState
from app.store.notifications.trouble_log import OF_RULES, UNREADABLE
from app.store.status import StoredStatus
from app.web.system.condition import problems
from app.web.system.finding import Finding, span
from app.web.system.sink_lines import sink_findings
from app.web.system.state import SystemState

LATE = 30.0  # seconds behind until a shard is a finding
OVERDUE = 120.0  # seconds until a comparison that was requested should have begun
RECENT = timedelta(hours=24)
_SHOWN_RULES = 5


def findings(state: SystemState) -> list[Finding]:
    """All problems, worst first."""
    found = [*problems(state.live.vitals), *_of_keys(state.live.refused_keys)]
    if state.trouble and not any(
        finding.bad for finding in found
    ):  # a part that fails (such as the engine) is the cause
        remedy = (
            "This does not recover by itself. The log has the error; the row has to be repaired."
            if state.needs_repair
            else "Stockpulse keeps retrying and recovers by itself. If this lasts, check the store."
        )
        found.append(Finding(f"The tables cannot be read: {state.trouble}", remedy, bad=False))
    found += [*_of_lag(state.condition.lag), *_of_copy(state.live.copy)]
    if state.stored is not None:
        found += [*sink_findings(state), *_of_tables(state, state.stored)]
        found += _of_rules(state.stored.troubles)
    return sorted(found, key=lambda finding: not finding.bad)


def _of_keys(refused: int) -> list[Finding]:
    if not refused:
        return []
    what = "One stored API key is" if refused == 1 else f"{refused} stored API keys are"
    return [
        Finding(
            f"{what} refused: this deployment has not signed it, or it was changed since.",
            "Somebody may have written to the Settings table. An admin can see which key it is, "
            "and why:",
            bad=False,
            command="stockpulse key list",
            at="admin",
        )
    ]


def _of_rules(troubles: Mapping[str, str]) -> list[Finding]:
    """Rules that do not reach a recipient; other troubles are findings by themselves."""
    known = [(about, text) for about, text in troubles.items() if about.startswith(OF_RULES)]
    remedy = "The rule's other recipients are told. Change the rule on the page Notifications."
    found = [
        Finding(
            f"{masked(text)}.",
            "Nothing is lost, and other rules go on." if about.startswith(UNREADABLE) else remedy,
            bad=False,
        )
        for about, text in known[:_SHOWN_RULES]
    ]
    if more := len(known) - len(found):
        found.append(Finding(f"{more} more recipients of rules are not told.", remedy, bad=False))
    return found


def _of_copy(copy: CopyState) -> list[Finding]:
    """The read model; while the store is down it cannot follow, and that is a finding already."""
    why = f": {copy.trouble.rstrip('.')}" if copy.trouble else ""
    if copy.filled and not copy.events.filled and why:
        of_about = f" of about {copy.events.expected}" if copy.events.expected else ""
        return [
            Finding(
                f"The changes cannot be read for searches{why}. {copy.events.scanned}{of_about} "
                "were read so far.",
                "Live changes and products' histories are complete. It retries by itself; if this "
                "lasts, check the log and the free disk space.",
                bad=False,
            )
        ]
    if not copy.is_late:
        return []
    return [
        Finding(
            "Lists of products and searches of changes lack the changes of the last "
            f"{span(copy.lag)}{why}.",
            "Single products and the live feed are up to date. It retries by itself; if this "
            "lasts, check the log and the free disk space.",
            bad=False,
        )
    ]


def _of_lag(lag: float) -> list[Finding]:
    if lag <= LATE:
        return []
    return [
        Finding(
            f"Changes appear late: the reader is {span(lag)} behind.",
            "Nothing is lost, and it catches up by itself. If the lag grows, check the log.",
            bad=False,
            at="shards",
        )
    ]


def _of_tables(state: SystemState, stored: StoredStatus) -> list[Finding]:
    found = []
    letters = sum(stored.dead_letters.by_sink.values())
    if letters:
        count = f"{letters} or more" if stored.dead_letters.more else str(letters)
        what = "change was" if count == "1" else "changes were"
        found.append(
            Finding(
                f"{count} {what} not delivered to a connection.",
                "See the errors, fix their cause, then send the changes again:",
                bad=False,
                command="stockpulse sinks redrive",
                at="dead-letters",
            )
        )
    if stored.no_stock:
        found.append(
            Finding(
                "The products have no stock: none of a sample has a number in the attribute of "
                "STOCKPULSE_STOCK_ATTRIBUTE.",
                "If their stock is in another attribute, set its name. This command finds it:",
                bad=False,
                command="stockpulse inspect TABLE",
            )
        )
    if (comparison := _of_comparison(state, stored)) is not None:
        found.append(comparison)
    recent = [gap for gap in stored.gaps if state.as_of - gap.occurred_at < RECENT]
    if recent:
        found.append(
            Finding(
                "Changes were lost before they were read.",
                "The table itself is complete. Compare the audit with the table. (A gap stays in "
                "this list for 24 hours, also after the comparison.)",
                bad=False,
                command="stockpulse reconcile",
                at="gaps",
            )
        )
    return found


def _of_comparison(state: SystemState, stored: StoredStatus) -> Finding | None:
    """A comparison that ended early, left differences, or was requested and does not begin."""
    last = stored.comparison
    waiting = (state.as_of - last.requested_at).total_seconds() if last.requested_at else 0.0
    on_lambda = stored.host == "lambda"  # its schedule may be long
    if last.is_due and not last.busy and waiting > OVERDUE and not on_lambda:
        what = "The table has to be compared with the audit"
        why = f"this was requested {span(waiting)} ago, and no worker has begun"
    elif last.is_due:
        return None  # it runs, or begins within seconds
    elif last.outcome.error:
        what = "The last comparison of the table with the audit ended early"
        why = last.outcome.error
    elif last.outcome.left:
        what = "The last comparison of the table with the audit left differences"
        why = f"{last.outcome.left} products still differ"
    else:
        return None
    return Finding(
        f"{what}: {why}.",
        "A worker repeats it by itself every 10 minutes. The worker's log has the cause. To repeat "
        "it now:",
        bad=False,
        command="stockpulse reconcile",
    )


def headline(state: SystemState, found: Sequence[Finding]) -> str:
    """The state in a sentence, which agrees with the connection shown on every page."""
    condition = state.condition
    if condition.state == "stale":
        return "Stockpulse is not working."
    if condition.state == "behind":
        return f"Working, but changes appear {span(condition.lag)} late."
    if found:
        return "Working, but something needs attention."
    return condition.says
