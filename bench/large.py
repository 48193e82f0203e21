"""The first comparison of a large table, and `verify` of a large audit, take little memory.

The tables are written into the engine's file. `verify` then reads them; and a server that finds
the products without an audit compares them, and writes a baseline for each.

    .venv/bin/python bench/large.py --products 100000 --events 1000000
"""

import argparse
import base64
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.core.events import ChangeEvent
from app.store.dynamodb.table_names import table_names
from bench.support.past import write_past
from bench.support.report import ROOT, Requirement, conditions, finish
from bench.support.store import store
from tests.support.processes.process import Process, with_settings

KEY = b"b" * 32
LIMIT = 1.25  # memory at the end, as a multiple of that after a tenth
EVERY = 1.0  # seconds between two readings of the memory
_DONE = re.compile(r"compared (\d+) products with the audit: (\d+) differed, (\d+) entries written")


def sale(number: int, products: int, first: datetime) -> ChangeEvent:
    """The change with this number: each product is created, and then sold piece by piece."""
    round_, product = divmod(number, products)
    after = _product(product, round_)
    return ChangeEvent(
        event_key=f"2026-11-21T08:00:00.000#{number + 1:040d}",
        kind="stock_changed" if round_ else "inserted",
        product_id=f"P{product}",
        product_name=after["ProductName"]["S"],
        category="Kitchen",
        before=_product(product, round_ - 1) if round_ else None,
        after=after,
        changed=("Stock",) if round_ else tuple(sorted(after)),
        stock_before=Decimal(100_001 - round_) if round_ else None,
        stock_after=Decimal(100_000 - round_),
        actor="local",
        reason="sold" if round_ else None,
        request_id=f"{number:032x}",
        occurred_at=first + timedelta(seconds=number),
        event_name="MODIFY" if round_ else "INSERT",
        sequence_number=str(number + 1),
        view_type="NEW_AND_OLD_IMAGES",
    )


def _product(number: int, round_: int) -> dict[str, Any]:
    return {
        "ProductID": {"S": f"P{number}"},
        "ProductName": {"S": f"Kettle no. {number}"},
        "Category": {"S": "Kitchen"},
        "Price": {"N": "19.9"},
        "Stock": {"N": str(100_000 - round_)},
        "ReorderPoint": {"N": "25"},
        "Tags": {"SS": ["blue", "steel"]},
        "Barcode": {"S": "4006381333931"},
    }


def make_tables(data_dir: Path, products: int, events: int) -> None:
    """Write the tables, without a server and without records in the stream."""
    data_dir.parent.mkdir(parents=True)
    with store(data_dir):
        pass
    first = datetime.now(UTC) - timedelta(seconds=events)
    made = partial(sale, products=products, first=first)
    write_past(data_dir / "engine.db", table_names("", None), events, made, products, KEY)


def drop_audit(data_dir: Path) -> None:
    """Leave only the products."""
    names = table_names("", None)
    with closing(sqlite3.connect(data_dir / "engine.db")) as engine, engine:
        for table in (names.audit, names.feed):
            engine.execute(f'DELETE FROM "{table}"')


def resident(pid: int) -> int:
    """A process's memory without that of other processes, in KiB; 0 if it has ended."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def sampled(pid: int, done: Callable[[], bool]) -> tuple[float, list[int]]:
    """Seconds until it is done, and the memory in KiB at regular times until then."""
    begun, memory = time.monotonic(), []
    while not done():
        memory.append(resident(pid))
        time.sleep(EVERY)
    return time.monotonic() - begun, [kib for kib in memory if kib]


def verify(data_dir: Path) -> tuple[float, list[int], str]:
    """Run `stockpulse verify`; returns seconds, memory and its output."""
    keys = f"bench:{base64.b64encode(KEY).decode()}"
    given = {"STOCKPULSE_DATA_DIR": str(data_dir), "STOCKPULSE_AUDIT_KEYS": keys}
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            [sys.executable, "-m", "app", "verify"],
            cwd=ROOT,
            env=with_settings(given),
            stdout=output,
        ) as process,
    ):
        took, memory = sampled(process.pid, lambda: process.poll() is not None)
        output.seek(0)
        return took, memory, output.read().decode()


def compare(data_dir: Path) -> tuple[float, list[int], str]:
    """Start a server on products without an audit; returns seconds, memory and its log line."""
    with Process(data_dir, forked=False) as process:
        found: list[str] = []

        def done() -> bool:
            found[:] = [match[0] for match in _DONE.finditer(process.output)]
            return bool(found)

        took, memory = sampled(process.pid, done)
    return took, memory, found[0]


def tenths(memory: list[int]) -> Iterator[int]:
    """The memory after each tenth of the time."""
    for tenth in range(1, 11):
        yield memory[max(0, len(memory) * tenth // 10 - 1)]


def main() -> int:
    """Return 0 if memory stays the same, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["verify", "compare"])
    parser.add_argument("--quick", action="store_true", help="a short run that proves nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.quick:
        given.products, given.events = 1_000, 5_000
    about = conditions()
    lines, measured, required = [], {}, []
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "store" / "data"
        make_tables(data_dir, given.products, given.events)
        if given.only != "compare":
            measured["verify"] = verify(data_dir)
        if given.only != "verify":
            drop_audit(data_dir)
            measured["first comparison"] = compare(data_dir)
    for name, (took, memory, output) in measured.items():
        seen = list(tenths(memory))
        lines += [
            f"{name}: {took:.0f} s, at most {max(memory) / 1024:.0f} MiB: {output.strip()}",
            "  MiB after each tenth: " + " ".join(f"{kib / 1024:.0f}" for kib in seen),
        ]
        required.append(
            Requirement(
                f"{name}: memory at the end / after a tenth",
                seen[-1] / seen[0],
                LIMIT,
                at_least=False,
            )
        )
    return finish(about, lines, measured, required, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
