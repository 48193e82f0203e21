"""A replaced stream is read to its end; a vanished shard is one gap."""

import pytest

from tests.support.fakes.stub_streams import StubShard
from tests.support.processes.sharing import Shop
from tests.support.waiting import until
from worker.hosts.in_process import NEW_STREAM


class TestReplacedStreams:
    def test_an_old_stream_is_read_to_its_end_before_the_new_one_with_one_gap(
        self, store: Shop
    ) -> None:
        old = store.streams.current
        store.streams.add(StubShard("s1"))
        store.streams.put("s1", "a")
        with store.worker("ada"):
            until(lambda: store.products == ["a"])
        store.streams.add(StubShard("s2", "s1"))  # a new shard, and later a new stream
        store.streams.put("s1", "b")
        store.streams.put("s2", "c")
        new = store.streams.new_stream("2026-11-02T09:00:00.000")
        store.streams.add(StubShard("s3"))
        store.streams.put("s3", "d")
        for _ in range(2):  # the second time, nothing is read again
            with store.worker("ada"):
                until(lambda: {arn for arn, _ in store.rows().checkpoints} == {new})
                until(lambda: len(store.taken) >= 4)
        assert store.products == ["a", "b", "c", "d"]
        assert store.gaps == [(NEW_STREAM, new, None)]
        assert old != new

    def test_a_disabled_stream_is_reported_and_reading_resumes_by_itself(self, store: Shop) -> None:
        store.streams.add(StubShard("s1"))
        store.streams.put("s1", "a")
        with store.worker("ada") as ada:
            until(lambda: store.products == ["a"])
            store.streams.switch_off()
            until(lambda: ada.problem() == "the stream is off")
            new = store.streams.new_stream("2026-11-02T09:00:00.000")
            store.streams.add(StubShard("s2"))
            store.streams.put("s2", "b")
            until(lambda: store.products == ["a", "b"])
            until(lambda: ada.problem() is None)
        assert store.gaps == [(NEW_STREAM, new, None)]

    def test_a_vanished_shard_is_one_gap_and_its_child_is_read(self, store: Shop) -> None:
        arn = store.streams.current or ""
        store.streams.add(StubShard("s1"))
        store.streams.put("s1", "a")
        with store.worker("ada"):
            until(lambda: store.products == ["a"])
        number = store.streams.streams[arn]["s1"].records[0]["dynamodb"]["SequenceNumber"]
        store.streams.put("s1", "never seen")
        store.streams.streams[arn]["s1"].gone = True
        store.streams.add(StubShard("s2", "s1"))
        store.streams.put("s2", "b")
        for _ in range(2):
            with store.worker("ada"):
                until(lambda: "b" in store.products)
        assert store.products == ["a", "b"]
        assert store.gaps == [("s1", arn, number)]


class TestOneLog:
    """The embedded engine: a replaced stream serves the whole log again, under a new ARN."""

    @pytest.fixture(autouse=True)
    def _lists_often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("worker.sharing.coordinator.RELIST_EVERY", 0.1)

    def rename(self, store: Shop) -> str:
        old = store.streams.current or ""
        new = store.streams.new_stream("2026-11-02T09:00:00.000")
        store.streams.streams[new] = store.streams.streams[old]
        store.streams.streams[new]["s1"].closed = False
        return new

    def test_readers_continue_under_the_new_stream(self, store: Shop) -> None:
        store.streams.add(StubShard("s1"))
        store.streams.put("s1", "a")
        with store.worker("ada", one_log=True) as ada, store.worker("bob", one_log=True):
            until(lambda: store.products == ["a"])
            new = self.rename(store)
            until(lambda: {arn for arn, _ in store.rows().checkpoints} == {new})
            store.streams.put("s1", "b")
            until(lambda: store.products == ["a", "b"])
            assert ada.problem() is None
        assert store.gaps == []

    def test_nothing_is_read_while_the_stream_is_off_and_reading_resumes_later(
        self, store: Shop
    ) -> None:
        store.streams.add(StubShard("s1"))
        store.streams.put("s1", "a")
        old = store.streams.current
        with store.worker("ada", one_log=True) as ada:
            until(lambda: store.products == ["a"])
            store.streams.current = None
            until(lambda: ada.problem() == "the stream is off")
            until(lambda: not ada.shards())
            store.streams.current = old
            self.rename(store)
            store.streams.put("s1", "b")
            until(lambda: store.products == ["a", "b"])
        assert store.gaps == []
