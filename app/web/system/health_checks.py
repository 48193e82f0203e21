"""The state becomes one headline and a list of findings, worst first. Pure.

A finding says what to do, or that the system recovers by itself.
"""

from collections.abc import Sequence
from datetime import timedelta

from app.readmodel.copy_state import CopyState
from app.store.status import StoredStatus
from app.web.system.finding import Finding, span
from app.web.system.shard_lines import shard_lines
from app.web.system.sink_lines import sink_findings
from app.web.system.state import SystemState

LATE = 30.0  # seconds behind until a shard is a finding
UNSEEN = 5.0  # seconds behind that count as no delay
OVERDUE = 120.0  # seconds until a comparison that was requested should have begun
RECENT = timedelta(hours=24)


def findings(state: SystemState) -> list[Finding]:
    """All problems, worst first."""
    found = [*_of_parts(state), *_of_keys(state.live.refused_keys)]
    if state.trouble and not any(
        finding.bad for finding in found
    ):  # a part that fails (such as the engine) is the cause
        remedy = (
            "This does not recover by itself. The log has the error; the row has to be repaired."
            if state.needs_repair
            else "Stockpulse keeps retrying and recovers by itself. If this lasts, check the store."
        )
        found.append(Finding(f"The store cannot be read: {state.trouble}", remedy, bad=True))
    found += [*_of_workers(state), *_of_copy(state.live.copy)]
    if state.stored is not None:
        found += [*sink_findings(state), *_of_tables(state, state.stored)]
    return sorted(found, key=lambda finding: not finding.bad)


def _of_parts(state: SystemState) -> list[Finding]:
    remedies = {
        "engine": "If this lasts, check the log and the free disk space.",
        "store": "It retries by itself, and requests are answered again once the store answers. If "
        "this lasts, check the store of STOCKPULSE_DYNAMODB.",
        "web": "Requests are answered late. It recovers by itself once there are fewer; if this "
        "lasts, the access log shows who sends them.",
        "broker": "Nothing is lost: the stream keeps changes for 24 hours. They appear late or, if "
        "the workers cannot reach Redis either, only when it is back. It recovers by itself. If "
        "this lasts, check the Redis server of STOCKPULSE_BROKER_URL.",
        "worker": "It retries by itself, and nothing is lost meanwhile. If this lasts, check the "
        "log.",
    }
    return [
        Finding(
            f"{name.capitalize()}: {status.rstrip('.')}.",
            remedies.get(name, "It retries by itself. If this lasts, check the log."),
            bad=True,
        )
        for name, status in state.live.parts.items()
        if status != "ok"
    ]


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
        )
    ]


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


def _of_workers(state: SystemState) -> list[Finding]:
    if _needs_workers(state) and not any(worker.alive for worker in state.workers):
        return [
            Finding(
                "No worker is running, so changes are not read.",
                "Start one. It continues where the last one stopped:",
                bad=True,
                command="stockpulse worker",
            )
        ]
    found = []
    worst = max(_lags(state), default=0.0)
    if worst > LATE:
        found.append(
            Finding(
                f"Changes appear late: the reader is {span(worst)} behind.",
                "Nothing is lost, and it catches up by itself. If the lag grows, check the log.",
                bad=False,
            )
        )
    return found


def _lags(state: SystemState) -> list[float]:
    """Seconds behind, of each shard that a worker reads; a finished shard has no lag."""
    return [line.lag for line in shard_lines(state) if line.lag is not None]


def _needs_workers(state: SystemState) -> bool:
    """Whether other processes must read the stream; only their heartbeats show that they run."""
    if state.stored is None or state.live.shards is not None:
        return False
    return state.stored.host != "lambda"


def _of_tables(state: SystemState, stored: StoredStatus) -> list[Finding]:
    found = []
    letters = sum(stored.dead_letters.by_sink.values())
    if letters:
        count = f"{letters} or more" if stored.dead_letters.more else str(letters)
        noun = "dead letter" if count == "1" else "dead letters"
        found.append(
            Finding(
                f"There {'is' if count == '1' else 'are'} {count} {noun}.",
                "See the errors below, fix their cause, then deliver the dead letters again:",
                bad=False,
                command="stockpulse sinks redrive",
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
                "Changes were lost before they were read (see the gaps below).",
                "The table itself is complete. Compare the audit with the table. (A gap stays in "
                "this list for 24 hours, also after the comparison.)",
                bad=False,
                command="stockpulse reconcile",
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
    """The state in a sentence."""
    if found:
        bad = found[0].bad
        return "Stockpulse is not working." if bad else "Working, but something needs attention."
    if not is_sure(state):
        return "Checking: no worker heartbeat received yet. This takes a few seconds."
    lags = _lags(state)
    if not lags:
        return "All is well."
    shards = "shard is" if len(lags) == 1 else "shards are"
    behind = "without delay" if max(lags) < UNSEEN else f"{span(max(lags))} behind"
    return f"All is well: {len(lags)} {shards} read {behind}."


def is_sure(state: SystemState) -> bool:
    """Whether a worker's heartbeat has been observed, if workers are needed."""
    return not _needs_workers(state) or any(worker.heard for worker in state.workers)
