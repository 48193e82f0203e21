"""A stream is read as docs/operate/dynamodb-streams.md requires; real worker, fake stream.

`test_stream_facts.py` maps the facts to these tests.
"""

import pytest

from tests.support.fakes.fake_errors import fault
from tests.support.fakes.fake_stream import ITERATOR_LIFE
from tests.unit.worker.machine.checks.ledger import CHECKPOINTS
from tests.unit.worker.machine.scene import Scene


def test_records_on_the_last_page_are_read(scene: Scene) -> None:
    scene.world.write("P1")
    scene.world.part(0, split=False, listed=True)
    scene.start()
    scene.settled()
    assert scene.row(scene.root)["Finished"] == {"BOOL": True}


def test_a_child_is_read_from_its_oldest_record(scene: Scene) -> None:
    scene.start()
    scene.run_for(20)
    scene.world.part(0, split=True, listed=False)
    for product in ("P1", "P2", "P3", "P4"):  # before the reader can know the children
        scene.world.write(product)
    scene.run_for(20)
    scene.world.stream.reveal()
    scene.settled()
    assert scene.world.streams.latest_asked == 0


def test_records_written_before_the_first_start_are_read(scene: Scene) -> None:
    scene.world.write("P1")
    scene.start()
    scene.settled()
    assert scene.world.streams.latest_asked == 0


def test_a_child_that_is_listed_late_is_found(scene: Scene) -> None:
    scene.start()
    scene.run_for(20)
    scene.world.part(0, split=False, listed=False)
    scene.world.write("P1")
    scene.run_for(5)
    assert scene.world.ledger.unsettled() != []
    scene.world.stream.reveal()
    scene.run_for(15)
    assert scene.world.ledger.unsettled() == []


def test_an_ending_number_on_an_open_shard_is_not_its_end(scene: Scene) -> None:
    scene.world.streams.options.ends_on_open = True
    scene.start()
    for _ in range(3):
        scene.world.write("P1")
        scene.settled()
    assert scene.row(scene.root)["Finished"] == {"BOOL": False}


def test_a_parent_that_looks_open_is_read_before_its_child(scene: Scene) -> None:
    scene.world.streams.options.ends_hidden = True
    scene.world.streams.options.page = 1
    for _ in range(5):
        scene.world.write("P1")
    scene.world.part(0, split=False, listed=True)
    scene.world.write("P1")
    scene.start()
    scene.settled()  # the ledger checks that parents come before children


def test_shards_that_opened_and_closed_between_two_listings_are_read(scene: Scene) -> None:
    scene.start()
    scene.run_for(20)
    for _ in range(3):
        scene.world.part(0, split=False, listed=True)
        scene.world.write("P1")
    scene.settled()


def test_a_listing_of_several_pages_is_read_to_its_end(scene: Scene) -> None:
    scene.world.streams.options.listing = 2
    for _ in range(5):
        scene.world.part(0, split=False, listed=True)
        scene.world.write("P1")
    scene.start()
    scene.settled()


def test_a_failed_page_of_the_listing_stops_no_reader(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams, right = scene.world.streams, scene.world.streams.describe_stream
    scene.start()
    scene.run_for(20)
    scene.world.part(0, split=True, listed=True)
    streams.options.listing = 2

    def failing(**request: object) -> object:
        if "ExclusiveStartShardId" in request:
            raise fault("LimitExceededException")
        return right(**request)  # type: ignore[arg-type]

    monkeypatch.setattr(streams, "describe_stream", failing)
    for product in ("P0", "P1", "P2", "P3", "P4"):
        scene.world.write(product)
    scene.run_for(20)
    assert len(scene.world.ledger.unsettled()) < 5, "the child on the first page was not read"
    monkeypatch.setattr(streams, "describe_stream", right)
    scene.settled()


def test_the_full_listing_is_requested(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ShardFilter` is an optimisation that not every engine has."""
    right, named = scene.world.streams.describe_stream, set()

    def noting(**request: object) -> object:
        named.update(request)
        return right(**request)  # type: ignore[arg-type]

    monkeypatch.setattr(scene.world.streams, "describe_stream", noting)
    scene.world.streams.options.listing = 2
    scene.world.part(0, split=True, listed=True)
    scene.start()
    scene.run_for(20)
    assert named == {"StreamArn", "ExclusiveStartShardId"}
    assert len(scene.world.ledger.holders) == 3


def test_empty_pages_are_neither_the_end_nor_a_reason_to_stop(scene: Scene) -> None:
    scene.world.streams.empty_pages = 6
    scene.world.write("P1")
    scene.start()
    scene.settled()
    assert scene.row(scene.root)["Finished"] == {"BOOL": False}


@pytest.mark.parametrize("read_before", [True, False])
def test_an_expired_iterator_is_replaced_at_the_last_position(
    scene: Scene,
    *,
    read_before: bool,
) -> None:
    if read_before:
        scene.world.write("P1")
    life = scene.start()
    scene.run_for(20)
    life.process.paused = True
    scene.world.hub.now += ITERATOR_LIFE + 1
    life.process.paused = False
    scene.world.write("P1")
    scene.settled()
    assert scene.gaps() == []


def test_a_checkpoint_is_stored_by_consumer_stream_and_shard(scene: Scene) -> None:
    scene.world.write("P1")
    scene.start()
    scene.settled()
    shards = {key for key in scene.world.tables.rows[CHECKPOINTS] if "~" not in key[1]}
    assert shards == {("stockpulse", f"{scene.world.stream.arn} {scene.root.id}")}


def test_a_sequence_number_is_stored_verbatim_and_compared_as_a_number(scene: Scene) -> None:
    scene.start()
    for _ in range(60):  # the fake stream's numbers get one digit longer here
        scene.world.write("P1")
    scene.settled()
    kept = scene.row(scene.root)["SequenceNumber"]
    assert kept == {"S": scene.root.last_number}
    assert {len(str(number)) for number in scene.root.numbers} == {21, 22}


def test_a_repeated_page_adds_no_duplicates(scene: Scene) -> None:
    scene.world.streams.repeats = 2
    for product in ("P1", "P2", "P1"):
        scene.world.write(product)
    scene.start()
    scene.settled()  # the ledger compares each entry's bytes, and every event id is "e"


def test_each_shard_has_one_reader_whatever_the_number_of_workers(scene: Scene) -> None:
    scene.world.part(0, split=True, listed=True)
    scene.start()
    scene.start()
    scene.run_for(60)
    owners = {
        key[1]: row["Owner"]["S"]
        for key, row in scene.world.tables.rows[CHECKPOINTS].items()
        if "Owner" in row and not key[1].startswith("~")
    }
    assert len(owners) == 2
    assert set(owners.values()) == {"worker-001", "worker-002"}


def test_full_pages_grow_to_the_maximum_number_of_records(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, limits = scene.world.streams.get_records, []

    def noting(**request: object) -> object:
        limits.append(request["Limit"])
        return right(**request)  # type: ignore[arg-type]

    monkeypatch.setattr(scene.world.streams, "get_records", noting)
    for _ in range(501):  # two full pages, and one more record
        scene.world.write("P1")
    scene.start()
    scene.settled()
    assert limits[:3] == [100, 400, 1000]
