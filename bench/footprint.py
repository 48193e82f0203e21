"""A worker's memory stays flat, and it makes few calls while nothing happens.

Memory: a million records pass through the real pipeline, chain guard, audit and broker, and
through boto3 as far as the socket; a stub service accepts every write. Idle: counts the calls of a
whole `stockpulse serve` on its embedded engine after a quiet period.

    .venv/bin/python bench/footprint.py
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from botocore.awsrequest import AWSResponse

from app.bootstrap import broker_feed, web
from app.broker.in_process import InProcessBroker
from app.config.settings import Settings
from app.runtime.retry import Retry
from app.store import location
from app.store.audit.audit_repository import Arrived, AuditRepository
from app.store.audit.entry import Signer
from app.store.coordination.leases import Hold
from app.store.dead_letters.letter_repository import DeadLetters
from app.store.dynamodb.client import Clients, connect
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from app.store.products.model import ProductDraft, Stamp
from app.store.timeline.timeline import Timeline
from bench.support.report import Requirement, conditions, finish
from bench.support.store import PRODUCTS, STAMPS, item
from worker.continuity.gaps import ChainGuard, Gaps
from worker.effects.audit_writer import AuditWriter, ChainEntries
from worker.effects.publish_order import PublishOrder
from worker.pipeline.pipeline import Pipeline
from worker.stream.shards.polling import IDLE_AWS, IDLE_LOCAL, Idle

ARN = "arn:aws:dynamodb:eu-central-1:0:table/Products/stream/2026-11-21T00:00:00.000"
PAGE = 1_000
QUIET, WATCHED = 150.0, 60.0  # seconds; the first comparison takes up to two minutes of the quiet


class AcceptAll:
    """A service that accepts every write and stores nothing."""

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        """Answer the request in botocore's `before-send` hook, so that nothing is sent."""
        return AWSResponse(request.url, 200, {}, _Body(b"{}"))


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def records(count: int) -> Iterator[dict[str, Any]]:
    """Records of sales, product after product."""
    for change in range(count):
        new = item(change)
        old = None if change < PRODUCTS else item(change - PRODUCTS)
        yield {
            "eventName": "INSERT" if old is None else "MODIFY",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_795_200_000 + change // 1000,
                "Keys": {"ProductID": new["ProductID"]},
                "NewImage": new,
                **({} if old is None else {"OldImage": old}),
                "SequenceNumber": str(100_000_000_000_000_000_000 + change),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }


def resident() -> int:
    """This process's resident memory, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise RuntimeError("no /proc")


def memory(count: int, step: int) -> list[int]:
    """Resident memory in KiB after each `step` records."""
    clients = connect("https://127.0.0.1:1")  # so that the hook answers, and not a local engine
    clients.tables.meta.events.register("before-send.dynamodb.*", AcceptAll())
    feed = Feed(clients.tables, "Feed")
    retry = Retry(threading.Event())
    order = PublishOrder(CursorClock(0).stamp)
    audit = AuditRepository(
        clients.tables, "ProductEvents", feed, Signer("bench", b"k" * 32), order.stamp
    )
    broker = InProcessBroker(Timeline(feed, audit), "Products", version="bench")

    def publish(arrived: Sequence[Arrived], _hold: Hold) -> None:
        broker.publish(arrived)
        order.drop()

    letters = DeadLetters(clients.tables, "DeadLetters")
    pipeline = Pipeline(AuditWriter(audit, retry), publish, letters, retry, STAMPS)
    guard = ChainGuard(Gaps(audit, ChainEntries(audit, order.in_turn(broker.publish))), retry)
    source, seen = records(count), []
    for done in range(PAGE, count + 1, PAGE):
        pipeline.process(list(islice(source, PAGE)), ARN, guard=guard)
        if done % step == 0:
            seen.append(resident())
            print(f"{done:>9,} records: {seen[-1] / 1024:6.1f} MiB", file=sys.stderr)
    return seen


def idle(pace: Idle, quiet: float, watched: float) -> float:
    """Calls per second of a whole server while nothing happens."""
    calls: Counter[str] = Counter()

    def counted(endpoint: str | None, **given: Any) -> Clients:
        clients = connect(endpoint, **given)
        for client in (clients.tables, clients.streams):
            client.meta.events.register("before-call", partial(_count, calls))
        return clients

    location.connect, broker_feed.idle_at = counted, lambda _: pace
    with (
        tempfile.TemporaryDirectory() as folder,
        web.running(Settings(_env_file=None, data_dir=Path(folder) / "data")) as services,
    ):
        # A read of the timeline takes one more call once there is a change.
        draft = ProductDraft(product_id="IDLE-1", name="Tea", stock=Decimal(3))
        services.store.products.create(draft, Stamp(actor="bench", request_id="idle"))
        time.sleep(quiet)
        if not calls:
            raise RuntimeError("the calls are not counted")
        calls.clear()
        time.sleep(watched)
        print(f"{dict(calls)} in {watched:.0f} s", file=sys.stderr)
        return calls.total() / watched


def _count(calls: Counter[str], model: Any, **_: Any) -> None:
    calls[model.name] += 1


def main() -> int:
    """Return 0 if memory and idle calls are within their limits, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a short run that proves nothing")
    options = parser.parse_args()
    about = conditions()
    count = 20_000 if options.quick else options.records
    quiet, watched = (2.0, 5.0) if options.quick else (QUIET, WATCHED)
    seen = memory(count, count // 10)
    local, aws = idle(IDLE_LOCAL, quiet, watched), idle(IDLE_AWS, quiet, watched)
    # The ring fills during the first tenth; after that nothing may grow.
    lines = [
        "resident MiB after each tenth: " + " ".join(f"{kib / 1024:.0f}" for kib in seen),
        f"idle, embedded engine: {local:.2f} calls/s; polling as on AWS: {aws:.2f} calls/s",
    ]
    return finish(
        about,
        lines,
        {"resident_kib": seen, "idle_local": local, "idle_aws": aws},
        [
            Requirement(
                "resident at the end / after a tenth", seen[-1] / seen[0], 1.1, at_least=False
            ),
            Requirement("idle calls/s, embedded engine", local, 2.0, at_least=False),
            Requirement("idle calls/s, polling as on AWS", aws, 1.0, at_least=False),
        ],
        as_json=options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
