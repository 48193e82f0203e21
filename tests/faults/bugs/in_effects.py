# ruff: noqa: SLF001 - bugs lie in what is private
"""Bugs in audit writes, publishing, dead letters and checkpoints."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from app.core.errors import ItemTooLarge, StoreRefused, StoreUnavailable
from app.store.audit.audit_repository import Appended, AuditRepository
from app.store.audit.entry import ImageForm
from app.store.coordination.leases import Leases
from app.store.dynamodb.batches import put_all
from app.store.dynamodb.client import translated
from tests.faults.bugs.bug import Patch, bug
from worker.effects.audit_writer import AuditWriter
from worker.pipeline.pipeline import Pipeline
from worker.stream.shards.reader import ShardReader
from worker.stream.shards.shard_iterator import ShardPages


@bug()
def checkpoint_is_saved_before_the_audit(patch: Patch) -> None:
    right = ShardReader._take

    def take(self: ShardReader, records: Any) -> None:
        if records:
            self._save(records[-1]["dynamodb"]["SequenceNumber"], finished=False)
        right(self, records)

    patch.setattr(ShardReader, "_take", take)


@bug()
def one_product_is_in_two_parallel_batches(patch: Patch) -> None:
    def dealt(records: Any, most: int, _names: Any) -> Any:
        return [part for part in (records[n::most] for n in range(most)) if part]

    patch.setattr("worker.pipeline.pipeline.split_by_product", dealt)


@bug("pause", "pause_in_call", "join", "answer_late", "throttle", "fail", "lose_answer")
def checkpoints_are_not_fenced(patch: Patch) -> None:
    right = Leases._update

    def update(self: Leases, lease: Any, expression: str, values: dict[str, Any]) -> None:
        row = self._row((lease.stream_arn, lease.shard_id)) or {}
        if "Owner" in row:
            owner, counter = row["Owner"]["S"], int(row["Counter"]["N"])
            lease = replace(lease, owner=owner, counter=counter)
        right(self, lease, expression, values)

    patch.setattr(Leases, "_update", update)


@bug("write_batch_in_part")
def unprocessed_items_are_not_retried(patch: Patch) -> None:
    def put_once(client: Any, puts: Any) -> None:
        waiting: dict[str, Any] = {}
        for table, item in puts:
            waiting.setdefault(table, []).append({"PutRequest": {"Item": item}})
        with translated():
            client.batch_write_item(RequestItems=waiting)

    patch.setattr("app.store.audit.audit_repository.put_all", put_once)


@bug()
def events_are_published_before_they_are_audited(patch: Patch) -> None:
    right = AuditWriter.accept

    def accept(self: AuditWriter, events: Any, *rest: Any, **more: Any) -> Any:
        return replace(right(self, events[:-1] or events, *rest, **more), refused=[])

    patch.setattr(AuditWriter, "accept", accept)


@bug("write_poison")
def undecodable_record_gets_no_dead_letter(patch: Patch) -> None:
    patch.setattr(Pipeline, "_park", lambda *_args, **_more: None)


@bug("throttle", "fail")
def throttled_write_counts_as_written(patch: Patch) -> None:
    def put_once(client: Any, puts: Any) -> None:
        with suppress(StoreUnavailable):
            put_all(client, puts)

    patch.setattr("app.store.audit.audit_repository.put_all", put_once)


@bug("write_oversize")
def oversized_entry_is_dropped(patch: Patch) -> None:
    def append(self: AuditRepository, events: Any) -> Appended:
        try:
            return Appended(self._write(events, ImageForm.PLAIN), [])
        except (StoreRefused, ItemTooLarge):
            return Appended([], [])

    patch.setattr(AuditRepository, "append", append)


@bug()
def restart_skips_a_record(patch: Patch) -> None:
    right = ShardPages._fresh

    def fresh(self: ShardPages) -> str:
        if self.after is None or "begun" in vars(self):
            vars(self)["begun"] = True
            return right(self)
        vars(self)["begun"] = True
        self.after = str(int(self.after) + 1).zfill(len(self.after))
        return right(self)

    patch.setattr(ShardPages, "_fresh", fresh)
