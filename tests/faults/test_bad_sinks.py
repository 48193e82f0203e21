"""20,000 changes while one sink hangs and another fails; then both recover.

The feed is not delayed, nothing becomes a dead letter, and each sink then gets every event, each
product's in order. FAULT_SINK_SECONDS=600 is the long form.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from app.store.client import connect
from tests.faults.engines import Engine
from tests.faults.sinking_worker import FAILS, HANGS
from tests.faults.split import CHANGES, Split, pause
from tests.faults.writers import Writers, audited, out_of_order

BAD = float(os.environ.get("FAULT_SINK_SECONDS", "60"))
WELL = max(30.0, BAD / 5)  # seconds before, to compare with
WATCHED = CHANGES // 4  # changes while both are well, then bad; most others come before
AFTER = CHANGES // 20  # changes after both have recovered
CAUGHT_UP = 600.0  # seconds, on a busy machine


@dataclass(frozen=True)
class Accepted:
    """What became of the changes at a sink that drops repeated ids."""

    accepted: int
    missing: int
    out_of_order: int
    repeats: int


def test_a_sink_that_hangs_and_one_that_fails_delay_nothing_and_get_everything(
    engine: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "sinks"
    folder.mkdir()
    bad = folder / "bad"
    with Split(
        tmp_path,
        engine,
        workers=1,
        module="tests.faults.sinking_worker",
        environment={"SINKS": str(folder)},
    ) as split:
        writers = split.write(0)
        while writers.written < CHANGES - WATCHED - AFTER:
            time.sleep(0.05)
        writers.pause = pause(WELL + BAD, WATCHED)
        split.client.wait_for(CHANGES - WATCHED - AFTER, 300)
        wait_accepted(folder, CHANGES - WATCHED - AFTER)
        broken = time.monotonic() + WELL
        time.sleep(WELL)
        bad.touch()
        time.sleep(BAD)
        recovered = time.monotonic()
        assert writers.running
        behind = {sink: writers.written - accepted(folder / sink) for sink in (HANGS, FAILS)}
        bad.unlink()
        writers.pause = 0
        split.finish(f"two sinks bad for {BAD:.0f} s", writers)
        caught_up = wait_accepted(folder, CHANGES) - recovered
        well = delays(split, writers, broken - WELL, broken)
        ill = delays(split, writers, broken, recovered)
        print(f"behind when they recovered: {behind}; all delivered {caught_up:.0f} s later")
        print(f"write to SSE event: well {figures(well)}; bad {figures(ill)}")
        print(f"bad / well: p50 {median(ill) / median(well):.2f}, p99 {p99(ill) / p99(well):.2f}")
        for sink in (HANGS, FAILS):
            found = at_sink(folder / sink, writers)
            print(f"the sink that {sink}: {found}")
            assert found == Accepted(CHANGES, 0, 0, found.repeats), split.trouble
            assert behind[sink] > 0
        assert dead_letters(engine) == 0
        assert median(ill) < 2 * median(well)


def dead_letters(engine: Engine) -> int:
    client = connect(engine.url).tables
    found = client.scan(TableName="DeadLetters", ConsistentRead=True, Select="COUNT")["Count"]
    client.close()
    return found


def accepted(file: Path) -> int:
    """How many different events the sink has accepted."""
    return len({line.split()[2] for line in file.read_text().splitlines()})


def wait_accepted(folder: Path, count: int) -> float:
    """When both sinks had accepted so many events."""
    deadline = time.monotonic() + CAUGHT_UP
    while (least := min(accepted(folder / sink) for sink in (HANGS, FAILS))) < count:
        assert time.monotonic() < deadline, f"only {least} of {count} were accepted"
        time.sleep(0.5)
    return time.monotonic()


def at_sink(file: Path, writers: Writers) -> Accepted:
    lines = [line.split() for line in file.read_text().splitlines()]
    first = {event_id: (product, int(stock)) for product, stock, event_id in reversed(lines)}
    in_order = [first[id_] for id_ in dict.fromkeys(line[2] for line in lines)]
    return Accepted(
        accepted=len(first),
        missing=len(writers.expected - set(in_order)),
        out_of_order=out_of_order(in_order),
        repeats=len(lines) - len(first),
    )


def delays(split: Split, writers: Writers, since: float, to: float) -> list[float]:
    """Milliseconds from each write that began in this span of time to its event at the client."""
    follower = split.client.follower
    came = dict(zip(reversed(follower.ids), reversed(follower.at), strict=True))  # the first time
    begun = {
        event.id: writers.begun[event.product_id, event.stock_after or 0]
        for event in audited(writers.url)
    }
    return [1000 * (came[id_] - at) for id_, at in begun.items() if since <= at < to]


def p99(times: list[float]) -> float:
    return quantiles(times, n=100)[-1]


def figures(times: list[float]) -> str:
    return f"p50 {median(times):.0f} ms, p99 {p99(times):.0f} ms of {len(times)}"
