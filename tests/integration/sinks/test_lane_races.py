"""Whatever falls between two calls of a drain, no letter is lost and none overtakes another.

A drain's calls to the store are counted; before chosen ones something else happens: a
parking, a second drainer that holds the claim for dead, a deletion, a crash.
"""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.store.cursor import wall_ms
from app.store.lanes import ClaimLost, Lanes
from app.store.letters import Letter
from tests.support.builders import STREAM_ARN, an_event
from tests.support.sinking import Deployment, Recorder, change
from tests.support.waiting import until
from worker.retry import Retry
from worker.sinks.drain import Drain
from worker.sinks.open_lanes import OpenLanes
from worker.sinks.sink import Sink

ACTIONS = ("park the next", "park the first again", "another drains", "delete the first", "crash")


class Crash(BaseException):
    """The process is gone."""


class Interrupted:
    """A client that does something else before its numbered calls."""

    def __init__(self, client: Any, before: Callable[[int], None]) -> None:
        self._client = client
        self._before = before
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            self._before(self.calls)
            return method(*arguments, **named)

        return call


class Lane:
    """One product's lane of one sink, and everything that was ever put behind or taken from it."""

    def __init__(self, deployment: Deployment, product_id: str) -> None:
        self.deployment = deployment
        self.product_id = product_id
        self.parked: list[str] = []
        self.delivered: list[str] = []
        self.deleted: set[str] = set()
        self.known = OpenLanes()

    def letter(self, number: int) -> Letter:
        event = an_event(number, product_id=self.product_id)
        return Letter(
            sink="archive",
            product_id=self.product_id,
            event_key=event.event_key,
            record=change(self.product_id, number),
            stream_arn=STREAM_ARN,
            error="down",
        )

    def park(self, number: int) -> None:
        letter = self.letter(number)
        with self.known.parking([("archive", self.product_id)]):
            self.deployment.letters.park([letter])
        if letter.event_key not in self.parked:
            self.parked.append(letter.event_key)

    def drain(self, lanes: Lanes) -> None:
        """Take the lane over, whoever has it, and drain it."""
        deliver = {"archive": lambda letter: self.delivered.append(letter.event_key)}
        drain = Drain(lanes, deliver, self.known, Retry(threading.Event()))
        for lane in self.deployment.lanes.open():
            if lane.product_id == self.product_id:
                drain(lane)

    def delete_first(self) -> None:
        letters = self.deployment.desk.page(1, product_id=self.product_id).items
        if letters:
            self.deployment.desk.delete(letters[0].id, "ada")
            self.deleted.add(letters[0].event_key)

    def act(self, action: str) -> None:
        match action:
            case "park the next":
                self.park(len(self.parked) + 1)
            case "park the first again":
                self.park(1)
            case "another drains":
                self.drain(self.deployment.lanes)
            case "delete the first":
                self.delete_first()
            case "crash":
                raise Crash

    def rows(self) -> list[Any]:
        return [x for x in self.deployment.rows() if x["ProductID"]["S"] == self.product_id]


_count = iter(range(1_000_000))


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    letters=st.integers(1, 3),
    script=st.dictionaries(st.integers(1, 14), st.sampled_from(ACTIONS), max_size=4),
)
def test_nothing_is_lost_and_nothing_overtakes(
    deployment: Deployment, letters: int, script: dict[int, str]
) -> None:
    lane = Lane(deployment, f"P{next(_count)}")
    for number in range(1, letters + 1):
        lane.park(number)

    def before(call: int) -> None:
        if call in script:
            lane.act(script[call])

    table = deployment.tables.dead_letters
    with suppress(Crash):
        lane.drain(Lanes(Interrupted(deployment.clients.tables, before), table))  # type: ignore[arg-type]
    for _ in range(3):  # whoever comes next
        lane.drain(deployment.lanes)

    assert lane.rows() == []
    wanted = [key for key in lane.parked if key not in lane.deleted]
    assert [key for key in dict.fromkeys(lane.delivered) if key in wanted] == wanted
    if not script:
        assert lane.delivered == lane.parked
        assert ("archive", lane.product_id) not in lane.known


def test_a_crash_between_delivery_and_deletion_delivers_once_more(deployment: Deployment) -> None:
    lane = Lane(deployment, "P1")
    lane.park(1)
    lane.park(2)

    def before(call: int) -> None:
        if call == 3:  # after the claim and the first letter: its deletion
            raise Crash

    client = Interrupted(deployment.clients.tables, before)
    with pytest.raises(Crash):
        lane.drain(Lanes(client, deployment.tables.dead_letters))  # type: ignore[arg-type]
    assert len(lane.rows()) == 3
    lane.drain(deployment.lanes)
    assert lane.delivered == [lane.parked[0], *lane.parked]
    assert lane.rows() == []


def test_a_live_claim_keeps_others_out(deployment: Deployment) -> None:
    lane = Lane(deployment, "P1")
    lane.park(1)
    (seen,) = deployment.lanes.open()
    assert deployment.lanes.claim(seen, "mine")
    assert not deployment.lanes.claim(seen, "yours")  # it moved since it was seen
    (seen,) = deployment.lanes.open()
    assert (seen.claim, seen.beat) == ("mine", 1)
    with pytest.raises(ClaimLost):
        deployment.lanes.delivered(seen, lane.letter(1), "yours")
    assert len(lane.rows()) == 2


def test_what_is_parked_twice_is_kept_once_and_was_first_seen_at_first(
    deployment: Deployment,
) -> None:
    lane = Lane(deployment, "P1")
    lane.park(1)
    (first,) = deployment.parked()
    deployment.letters._now_ms = lambda: wall_ms() + 5_000  # noqa: SLF001
    lane.park(1)
    (again,) = deployment.parked()
    assert (again.id, again.first_seen) == (first.id, first.first_seen)
    assert again.last_seen > first.last_seen


def test_a_letter_whose_record_was_too_large_is_read_from_the_audit(
    deployment: Deployment,
) -> None:
    large = [change("P1", 1)]
    large[0]["dynamodb"]["NewImage"]["Noise"] = {"S": random.Random(1).randbytes(400_000).hex()}
    archive = Recorder(_fail_once())
    with deployment.worker(Sink("archive", archive), retries=0) as work:
        work.process(large)
        until(lambda: archive.of("P1") == [1] and not deployment.rows())


def _fail_once() -> Callable[[Any], None]:
    failures = iter([ConnectionError("no route")])

    def mood(_: Any) -> None:
        for failure in failures:
            raise failure

    return mood
