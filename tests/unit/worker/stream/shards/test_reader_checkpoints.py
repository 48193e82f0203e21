"""A checkpoint follows its effects, and a reader that lost its lease writes nothing."""

import pytest

from app.core.errors import StoreUnavailable
from app.runtime.retry import Stopped
from app.store.coordination.leases import LeaseLost
from tests.support.fakes.stub_streams import StubStreams
from tests.support.reading import FIRST, Reading, closed

pytestmark = pytest.mark.usefixtures("no_pauses")


class TestSaving:
    def test_a_checkpoint_is_retried_until_it_succeeds(self, streams: StubStreams) -> None:
        streams.put("s1", "a")
        closed(streams)
        reading = Reading(streams)
        save, failures = reading.save, iter([StoreUnavailable("down")] * 3)

        def flaky(sequence_number: str | None, *, finished: bool) -> None:
            for error in failures:
                raise error
            save(sequence_number, finished=finished)

        reading.save = flaky  # type: ignore[method-assign]
        reading.run()
        assert reading.saved == [(str(FIRST), False), (str(FIRST), True)]

    def test_a_lost_lease_ends_the_reader(self, streams: StubStreams) -> None:
        streams.put("s1", "a", "b")
        streams.page = 1
        reading = Reading(streams)

        def lost(_number: str | None, *, finished: bool) -> None:
            raise LeaseLost

        reading.save = lost  # type: ignore[method-assign]
        with pytest.raises(LeaseLost):
            reading.run()
        assert reading.taken == ["a"]


def test_a_page_read_under_a_lost_lease_is_dropped(streams: StubStreams) -> None:
    streams.put("s1", "a")

    def lost() -> None:
        raise LeaseLost

    reading = Reading(streams, guard=lost)
    with pytest.raises(LeaseLost):
        reading.run()
    assert (reading.taken, reading.saved) == ([], [])


def test_a_reader_that_is_asked_to_leave_finishes_its_page(streams: StubStreams) -> None:
    streams.put("s1", "a", "b")
    streams.page = 1
    reading = Reading(streams)
    reading.on_page = lambda: reading.reader.leave()
    reading.run()
    assert reading.taken == ["a"]
    assert reading.saved == [(str(FIRST), False)]


def test_a_stop_in_the_middle_of_a_page_saves_nothing_of_it(streams: StubStreams) -> None:
    streams.put("s1", "a")
    reading = Reading(streams)

    def stopped() -> None:
        raise Stopped

    reading.on_page = stopped
    with pytest.raises(Stopped):
        reading.run()
    assert reading.saved == []
