"""One condition, computed from what is known without a call, is what all pages show. Pure.

The System page's headline and findings, `/readyz` and the heartbeats of the live stream rest on it,
so they never contradict each other.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.broker.condition import Condition, State
from app.web.system.finding import Finding, span
from app.web.system.state import Vitals

BEHIND = 5.0  # seconds that a change may wait before pages count as behind
UNHEARD = 5.0  # seconds without a proof until a worker counts as failing; it sends one a second
UNANSWERED = 8.0  # seconds; on Lambda the store is asked every 5 s

_REMEDIES = {
    "engine": "If this lasts, check the log and the free disk space.",
    "store": "It retries by itself, and requests are answered again once the store answers. If "
    "this lasts, check the store of STOCKPULSE_DYNAMODB.",
    "web": "Requests are answered late. It recovers by itself once there are fewer; if this "
    "lasts, the access log shows who sends them.",
    "broker": "Nothing is lost: the stream keeps changes for 24 hours. They appear late or, if "
    "the workers cannot reach Redis either, only when it is back. It recovers by itself. If "
    "this lasts, check the Redis server of STOCKPULSE_BROKER_URL.",
    "worker": "It retries by itself, and nothing is lost meanwhile. If this lasts, check the log.",
}
_NAMES = {"store": "Database", "web": "Server", "broker": "Redis"}
_OTHER = "It retries by itself. If this lasts, check the log."
_THROTTLED = "Nothing is lost: it goes on by itself, as fast as the capacity allows."
# The hop that each part belongs to (app/web/system/hops.py).
_HOPS = {"engine": "stream", "store": "stream", "web": "screens", "broker": "feed"}


def condition_of(vitals: Vitals, now: datetime, fine_at: datetime) -> Condition:
    """The condition at `now`; `fine_at` is when pages were last known not to be stale."""
    bad = next(problems(vitals), None)
    workers = vitals.workers or ()
    behind = max((worker.behind + worker.age for worker in workers if worker.behind), default=0.0)
    state, says = _verdict(vitals, bad, behind)
    return Condition(
        state,
        says,
        since=fine_at if state == "stale" else None,
        lag=max(behind, *(worker.answer for worker in workers), 0.0),
        part=next((status for status in vitals.parts.values() if status != "ok"), ""),
        seen=_seen(vitals, now),
    )


def _verdict(vitals: Vitals, bad: Finding | None, behind: float) -> tuple[State, str]:
    if bad is not None:
        return "stale", bad.what
    if vitals.workers is None:
        return "unproven", "Checking whether a worker is running. This takes a few seconds."
    if behind > BEHIND:
        return "behind", f"Changes appear {span(behind)} late."
    if vitals.on_lambda:
        return "unproven", "No problem is known. Only a change shows that Lambda reads the stream."
    return "live", "All is well: changes are read without delay."


def problems(vitals: Vitals) -> Iterator[Finding]:
    """Why newer changes may be missing on the pages."""
    for name, status in vitals.parts.items():
        if status != "ok":
            what = f"{_NAMES.get(name, name.capitalize())}: {status.rstrip('.')}."
            remedy = _remedy(status, _REMEDIES.get(name, _OTHER))
            yield Finding(what, remedy, bad=True, at=_HOPS.get(name, name))
    if vitals.workers is None:
        return
    if not vitals.workers:
        yield Finding(
            "No worker is running, so changes are not read.",
            "Start one. It continues where the last one stopped:",
            bad=True,
            command="stockpulse worker",
            at="worker",
        )
    for worker in vitals.workers:
        if vitals.on_lambda:
            if worker.age > UNANSWERED:
                what = f"Database: DynamoDB has not answered for {worker.age:.0f} s."
                yield Finding(what, _REMEDIES["store"], bad=True, at="stream")
        elif worker.age > UNHEARD:
            yield Finding(
                f"A worker has not been heard of for {worker.age:.0f} s.",
                "Nothing is lost. If it does not recover, another worker takes over its shards "
                "within 15 s. If there is none, start one:",
                bad=True,
                command="stockpulse worker",
                at="worker",
            )
        elif worker.problem:
            what = f"Worker: {worker.problem.rstrip('.')}."
            remedy = _remedy(worker.problem, _REMEDIES["worker"])
            yield Finding(what, remedy, bad=True, at="worker")


def _remedy(trouble: str, usual: str) -> str:
    """What to do; the text of a throttled call says already to raise the capacity or wait."""
    return _THROTTLED if "throttl" in trouble else usual


def _seen(vitals: Vitals, now: datetime) -> dict[str, datetime | None]:
    """Each hop's last proof: this process now; the store by its last answer to any worker."""
    ages = [worker.silent + worker.age for worker in vitals.workers or ()]

    def ago(age: float) -> datetime:
        return now - timedelta(seconds=age)

    return {
        "web": now,
        "store": ago(min(ages)) if ages else None,
        "worker": ago(max(ages)) if ages and not vitals.on_lambda else None,
    }
