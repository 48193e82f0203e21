# ruff: noqa: SLF001 - bugs lie in what is private
"""The state machine bites: each of these bugs, put in on purpose, is found within its examples.

A machine that finds nothing proves nothing until it is known what it would have found.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.store.checkpoints import Checkpoint
from app.store.client import translated
from app.store.leases import Leases
from tests.unit.worker.machine.rules import WorkerMachine
from worker.pipeline import Pipeline
from worker.sinks.audit import AuditSink
from worker.stream import coordinator
from worker.stream.lineage import Listing, Position, readable
from worker.stream.pages import Page, ShardPages
from worker.stream.reader import ShardReader
from worker.stream.readers import Readers

EXAMPLES = 600

Patch = pytest.MonkeyPatch
BUGS: dict[str, Callable[[Patch], None]] = {}


def bug(seed: Callable[[Patch], None]) -> Callable[[Patch], None]:
    """Note a bug under its name."""
    BUGS[seed.__name__] = seed
    return seed


@bug
def a_child_is_read_from_latest(patch: Patch) -> None:
    right = ShardPages._call

    def call(self: ShardPages, name: str, **request: Any) -> Any:
        if request.get("ShardIteratorType") == "TRIM_HORIZON":
            request["ShardIteratorType"] = "LATEST"
        return right(self, name, **request)

    patch.setattr(ShardPages, "_call", call)


@bug
def a_child_is_read_before_its_parent(patch: Patch) -> None:
    def all_at_once(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> list[Position]:
        orphans = tuple(replace(shard, parent=None) for shard in listing.shards)
        return readable(replace(listing, shards=orphans), checkpoints)

    patch.setattr(coordinator, "readable", all_at_once)


@bug
def the_checkpoint_is_saved_before_the_audit(patch: Patch) -> None:
    right = ShardReader._take

    def take(self: ShardReader, records: Any) -> None:
        if records:
            self._save(records[-1]["dynamodb"]["SequenceNumber"], finished=False)
        right(self, records)

    patch.setattr(ShardReader, "_take", take)


@bug
def the_last_page_is_skipped(patch: Patch) -> None:
    right = ShardPages.next

    def next_page(self: ShardPages) -> Page:
        page = right(self)
        return Page((), last=True) if page.last else page

    patch.setattr(ShardPages, "next", next_page)


@bug
def saves_are_not_fenced(patch: Patch) -> None:
    right = Leases._update

    def update(self: Leases, lease: Any, expression: str, values: dict[str, Any]) -> None:
        row = self._row((lease.stream_arn, lease.shard_id)) or {}
        if "Owner" in row:
            owner, counter = row["Owner"]["S"], int(row["Counter"]["N"])
            lease = replace(lease, owner=owner, counter=counter)
        right(self, lease, expression, values)

    patch.setattr(Leases, "_update", update)


@bug
def trimmed_records_are_dropped_without_a_gap(patch: Patch) -> None:
    patch.setattr(ShardReader, "_go_on_after_gap", lambda self: self._pages.rewind())


@bug
def a_vanished_shard_is_dropped_without_a_gap(patch: Patch) -> None:
    patch.setattr(
        Readers,
        "_give_up",
        lambda self, lease, reader: self._leases.save(lease, reader.saved, finished=True),
    )


@bug
def an_expired_iterator_starts_at_the_newest_record(patch: Patch) -> None:
    right = ShardPages._fresh

    def fresh(self: ShardPages) -> str:
        if self.after is None:
            return right(self)
        answer = self._call(
            "get_shard_iterator",
            StreamArn=self._arn,
            ShardId=self.shard_id,
            ShardIteratorType="LATEST",
        )
        return str(answer["ShardIterator"])

    patch.setattr(ShardPages, "_fresh", fresh)


@bug
def an_empty_page_is_taken_for_the_end(patch: Patch) -> None:
    right = ShardPages.next

    def next_page(self: ShardPages) -> Page:
        page = right(self)
        return page if page.records else Page((), last=True)

    patch.setattr(ShardPages, "next", next_page)


@bug
def what_was_left_unprocessed_is_forgotten(patch: Patch) -> None:
    def put_once(client: Any, puts: Any) -> None:
        waiting: dict[str, Any] = {}
        for table, item in puts:
            waiting.setdefault(table, []).append({"PutRequest": {"Item": item}})
        with translated():
            client.batch_write_item(RequestItems=waiting)

    patch.setattr("app.store.audit.put_all", put_once)


@bug
def events_are_published_before_they_are_audited(patch: Patch) -> None:
    right = AuditSink.accept

    def accept(self: AuditSink, events: Any, *rest: Any, **more: Any) -> Any:
        return replace(right(self, events[:-1] or events, *rest, **more), refused=[])

    patch.setattr(AuditSink, "accept", accept)


@bug
def what_cannot_be_decoded_is_not_parked(patch: Patch) -> None:
    patch.setattr(Pipeline, "_park", lambda *_args, **_more: None)


@bug
def a_new_stream_is_not_told_of(patch: Patch) -> None:
    right = coordinator.Coordinator.__init__

    def init(self: Any, *args: Any, **more: Any) -> None:
        right(self, *args, **(more | {"report_new_stream": lambda _arn: None}))

    patch.setattr(coordinator.Coordinator, "__init__", init)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_the_machine_finds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = 0

    class Counting(WorkerMachine):
        def __init__(self) -> None:
            nonlocal examples
            examples += 1
            super().__init__()

    BUGS[name](monkeypatch)
    with pytest.raises((AssertionError, ExceptionGroup)) as found:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Counting,
            settings=settings(
                max_examples=EXAMPLES,
                phases=[Phase.generate],
                derandomize=True,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(f"\n{name}: found in example {examples}: {str(found.value).splitlines()[0][:150]}")
