"""The read model answers at the cost of the answer, and follows at the cost of the bare calls.

Loads a made-up year of a shop into an engine's tables and into a copy, at three sizes. Asks the
copy every kind of question, follows the last events, and fills an empty copy, each beside a loop
that only makes the calls.

    .venv/bin/python bench/readmodel.py
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.readmodel.database import Database
from app.readmodel.opening import FILE
from bench.support.readmodel.event_questions import event_questions, trend_questions
from bench.support.readmodel.following import bare_follow, bare_scan, fill, follow
from bench.support.readmodel.live import live
from bench.support.readmodel.loaded import Loaded, load
from bench.support.readmodel.questions import Timing, past_questions, product_questions, timed
from bench.support.report import Requirement, conditions, finish, median_of
from bench.support.store import Store, store

# Every kind of question.
KINDS = (product_questions, past_questions, event_questions, trend_questions)
SIZES = (10_000, 100_000, 1_000_000)  # events; a tenth as many products
PER_PRODUCT = 10
FOLLOW_LIMIT = 0.7
FILL_LIMIT, LIST_LIMIT = 1.5, 2.0
MEMORY_LIMIT = 150.0  # MiB
SHOWN = 12  # slowest questions, unless all are printed


def ask(folder: Path, identity: str, times: int) -> tuple[list[Timing], float]:
    """The timings of every question, and the MiB by which asking them grows the process."""
    process = psutil.Process()
    before = process.memory_info().rss
    with Database(folder / FILE, identity) as database:
        questions = chain.from_iterable(kind(folder, database) for kind in KINDS)
        timings = [timed(question, times) for question in questions]
        return timings, (process.memory_info().rss - before) / 2**20


def measure(folder: Path, kept: Path, events: int, given: argparse.Namespace) -> dict[str, Any]:
    """One size's figures. `kept`: the folder of what is loaded, `folder`: of everything else."""
    folder /= f"work {events}"
    folder.mkdir()
    say(f"{events:,} events: making a year, unless it was kept")
    began = time.perf_counter()
    loaded = load(kept / str(events), events, events // PER_PRODUCT)
    say(f"{events:,} events: loaded in {time.perf_counter() - began:.0f} s; asking")
    row: dict[str, Any] = {"mib": (loaded.whole / FILE).stat().st_size / 2**20}
    # In a process of its own, so that its memory is that of the read model.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as asking:
        arguments = (loaded.whole, loaded.identity, given.times)
        row["timings"], row["memory"] = asking.submit(ask, *arguments).result()
    with store(loaded.engine) as made:
        row["follow"] = rounds(made, loaded, folder, given.rounds)
        if events <= given.fill:
            say(f"{events:,} events: filling an empty copy")
            read, seconds = bare_scan(made)
            products, whole = fill(made, folder / "fill")
            row["fill"] = {
                "bare_per_s": read / seconds,
                "per_s": read / whole,
                "products_s": products,
                "s": whole,
            }
    if events == max(given.events):
        say(f"{events:,} events: a live server, while it fills its copy and after that")
        row["live"] = live(loaded, folder, given.seconds)
    return row


def rounds(made: Store, loaded: Loaded, folder: Path, count: int) -> list[dict[str, float]]:
    """Events per second, followed and in the bare loop, in turns."""
    say(f"following the last {loaded.lacking:,} events")
    return [
        {
            "ours": loaded.lacking / follow(made, loaded, folder / f"ours{turn}"),
            "bare": loaded.lacking / bare_follow(made, loaded, folder / f"bare{turn}"),
        }
        for turn in range(count)
    ]


def say(text: str) -> None:
    """Print what is being done."""
    print(f"{time.strftime('%H:%M:%S')} {text} …", file=sys.stderr, flush=True)


def main() -> int:
    """Return 0 if the requirements are met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=SIZES, help="the sizes")
    parser.add_argument("--times", type=int, default=300, help="requests of each kind")
    parser.add_argument("--rounds", type=int, default=5, help="of following, at each size")
    parser.add_argument("--fill", type=int, default=SIZES[-1], help="the largest size to fill")
    parser.add_argument("--seconds", type=float, default=60, help="of writes to the live server")
    parser.add_argument("--keep", type=Path, help="keep what is loaded in this folder, or use it")
    parser.add_argument("--all", action="store_true", help="print every question")
    parser.add_argument("--quick", action="store_true", help="2,000 and 5,000 events, few requests")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.quick:
        given.events, given.times, given.rounds, given.seconds = (2_000, 5_000), 20, 1, 5
    about = conditions()
    rows: dict[int, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for events in given.events:
            rows[events] = measure(Path(folder), (given.keep or Path(folder)), events, given)
    measured = {
        str(events): row | {"timings": [asdict(one) for one in row["timings"]]}
        for events, row in rows.items()
    }
    return finish(
        about,
        lines_of(rows, SHOWN if not given.all else None),
        measured,
        required(rows),
        as_json=given.json,
    )


def lines_of(rows: Mapping[int, Mapping[str, Any]], shown: int | None) -> list[str]:
    """The figures as text."""
    lines = []
    for events, row in rows.items():
        size, per_gb = row["mib"], events / row["mib"] * 1024
        lines.append(
            f"{events:>9,} events: {size:,.0f} MiB ({per_gb:,.0f} events per GiB), "
            f"memory {row['memory']:.0f} MiB, "
            + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in median_of(row["follow"]).items())
        )
        if filled := row.get("fill"):
            lines.append(
                f"{'':>9} filled in {filled['s']:.0f} s (products in {filled['products_s']:.0f} s):"
                f" {filled['per_s']:,.0f} rows/s, bare scan {filled['bare_per_s']:,.0f}"
            )
        if found := row.get("live"):
            filling = found.get("while_filling", float("nan"))
            lines.append(
                f"{'':>9} live server, ms: write → event p99 {filling:.1f} while it fills, "
                f"{found['filled']:.1f} after; p50 write → list {found['listed']:.1f}, "
                f"→ event {found['event']:.1f}; memory +{found['memory']:.0f} MiB"
            )
    lines += ["", f"{'milliseconds, p50/p99':<50}" + "".join(f"{size:>18,}" for size in rows)]
    questions = list(zip(*(row["timings"] for row in rows.values()), strict=True))
    questions.sort(key=lambda same: same[-1].p99 / same[-1].limit, reverse=True)
    for same in questions[:shown]:
        figures = "".join(f"{one.p50:>9.1f}/{one.p99:>8.1f}" for one in same)
        lines.append(f"{same[0].name:<50}{figures}   limit {same[0].limit:.0f}")
    return lines


def required(rows: Mapping[int, Mapping[str, Any]]) -> list[Requirement]:
    """The limits at the largest size."""
    last = rows[max(rows)]
    live = last["live"]
    slowest = max(last["timings"], key=lambda one: one.p99 / one.limit)
    ratios = [turn["ours"] / turn["bare"] for turn in last["follow"]]
    most = [
        (f"p99 / limit of {slowest.name}", slowest.p99 / slowest.limit, 1.0),
        ("p50 write → list / write → event", live["listed"] / live["event"], LIST_LIMIT),
        ("MiB of memory of a server", live["memory"], MEMORY_LIMIT),
    ]
    if filling := live.get("while_filling"):
        most.append(("p99 while filling / filled", filling / live["filled"], FILL_LIMIT))
    return [
        Requirement("follow / bare loop", statistics.median(ratios), FOLLOW_LIMIT, at_least=True),
        *(Requirement(*one, at_least=False) for one in most),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
