"""Rows from other versions are read as far as understood, and none stops the read."""

import json
from typing import Any

from app.core.events import ChangeEvent, event_id
from app.store.coordination.checkpoints import Checkpoint, checkpoint_of
from app.store.coordination.shard_state import ShardState
from app.store.coordination.sink_row import SinkRow
from app.store.coordination.workers import WorkerRow, worker_of
from app.store.dead_letters.letter_summary import SHOWN, summary
from app.store.dynamodb.table_names import table_names
from app.store.notifications.totals import RuleTotal
from app.store.sinks.sink_lag import view_of
from app.store.status import StatusReader
from tests.support.builders import an_event

ARN = "arn:aws:dynamodb:::table/Products/stream/2026"


def a_shard(name: str = "s1", **fields: Any) -> dict[str, Any]:
    return {"Consumer": {"S": "c"}, "Shard": {"S": f"{ARN} {name}"}, **fields}


def the_shard(**fields: Any) -> Checkpoint:
    found = checkpoint_of(a_shard(**fields))
    assert found is not None
    return found


def the_worker(**fields: Any) -> WorkerRow:
    found = worker_of({"Shard": {"S": "~worker w1"}, **fields})
    assert found is not None
    return found


def a_letter(number: int, sink: str = "notify", **fields: Any) -> dict[str, Any]:
    return {
        "ProductID": {"S": f"P{number}"},
        "SinkKey": {"S": f"{sink}#2026#{number:040}"},
        "Error": {"S": "refused"},
        "LastSeenAt": {"S": f"2026-11-21T10:00:{number % 60:02}Z"},
        **fields,
    }


def test_a_shard_without_a_lease_has_only_a_position() -> None:
    shard = the_shard(SequenceNumber={"S": "12"}, Finished={"BOOL": True})
    assert (shard.stream_arn, shard.shard_id, shard.sequence_number) == (ARN, "s1", "12")
    assert (shard.finished, shard.owner, shard.counter) == (True, None, 0)


def test_a_leased_shard_has_an_owner() -> None:
    shard = the_shard(Owner={"S": "w1"}, Counter={"N": "7"})
    assert (shard.owner, shard.counter, shard.sequence_number) == ("w1", 7, None)


def test_a_worker_s_status_is_read_as_far_as_understood() -> None:
    status = json.dumps([{"shard_id": "s1", "lag": 3.5, "later": 1}, "nonsense", {"lag": 1}])
    worker = the_worker(Counter={"N": "4"}, Status={"S": status})
    assert (worker.owner, worker.counter) == ("w1", 4)
    assert worker.shards == [ShardState("s1", lag=3.5)]


def test_an_invalid_status_is_ignored() -> None:
    for status in ("{", "7", '{"shards": 7}', "null"):
        assert the_worker(Status={"S": status}).shards == []


def test_dead_letters_are_counted_by_sink_and_the_newest_come_first() -> None:
    found = summary([a_letter(1), a_letter(3, "audit"), a_letter(2)], more=False)
    assert found.by_sink == {"notify": 2, "audit": 1}
    assert [letter.product_id for letter in found.newest] == ["P3", "P2", "P1"]
    assert summary([a_letter(n) for n in range(80)], more=True).more
    assert len(summary([a_letter(n) for n in range(80)], more=True).newest) == SHOWN


def test_a_sink_s_dead_letter_has_an_event_id_and_the_audit_s_has_none() -> None:
    due = {"Due": {"BOOL": True}, "Attempts": {"N": "3"}}
    of_sink, of_audit = summary([a_letter(2, **due), a_letter(1, "audit")], more=False).newest
    assert of_sink.event_id == event_id("P2", f"2026#{2:040}")
    assert (of_sink.due, of_sink.attempts) == (True, 3)
    assert (of_audit.event_id, of_audit.due, of_audit.attempts) == (None, False, None)


class Tables:
    """A client that answers the reader's calls from these rows."""

    def __init__(self, rows: list[dict[str, Any]], letters: list[dict[str, Any]]) -> None:
        self._rows = rows
        self._letters = letters

    def query(self, **request: Any) -> dict[str, Any]:
        before = " < " in request["KeyConditionExpression"]
        return {"Items": [row for row in self._rows if (row["Shard"]["S"] < "~") == before]}

    def scan(self, **_: Any) -> dict[str, Any]:
        return {"Items": self._letters, "LastEvaluatedKey": {}}


def test_one_read_returns_shards_workers_host_sinks_letters_and_gaps() -> None:
    rows = [
        a_shard(),
        {"Shard": {"S": "~sink archive"}, "Version": {"N": "1"}},
        {"Shard": {"S": "~clock"}, "Ms": {"N": "1"}},
        {"Shard": {"S": "~host"}, "Kind": {"S": "lambda"}},
        {"Shard": {"S": "~reconcile"}, "Requested": {"N": "2"}, "Error": {"S": "it died"}},
        {"Shard": {"S": "~worker w1"}, "Counter": {"N": "4"}},
    ]

    def gaps(limit: int) -> list[ChangeEvent]:
        assert limit == SHOWN
        return [
            an_event(2, kind="gap", product_id="\0shard#s1", note="trimmed"),
            an_event(1, kind="gap", product_id="P1"),
        ]

    client: Any = Tables(rows, [a_letter(1)])
    sinks = [view_of(SinkRow("archive"), None, 0)]
    troubles = {"recipient r1 x": "The rule Watch does not send to mail ann any more"}
    totals = [RuleTotal(channel="mail", rule_id="r1", rule_name="Watch", waiting=3)]
    given = (gaps, lambda: sinks, lambda: True, lambda: troubles, lambda: totals)
    status = StatusReader(client, table_names("", None), "c", *given).read()
    assert (status.troubles, status.notices) == (troubles, totals)
    assert status.no_stock
    assert (status.comparison.requested, status.comparison.outcome.error) == (2, "it died")
    assert status.sinks == sinks
    assert [shard.shard_id for shard in status.shards] == ["s1"]
    assert [worker.owner for worker in status.workers] == ["w1"]
    assert (status.host, status.dead_letters.more) == ("lambda", True)
    assert [(gap.shard_id, gap.product_id, gap.why) for gap in status.gaps] == [
        ("s1", None, "trimmed"),
        (None, "P1", ""),
    ]
