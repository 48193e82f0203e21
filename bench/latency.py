"""From a REST write to its event at a client takes at most 1.5 times the bare calls.

Makes one adjustment at a time on the real application with its embedded engine. After each, makes
the same calls directly with plain boto3 on the same engine, so that both see the same machine.

    .venv/bin/python bench/latency.py
"""

import argparse
import json
import random
import selectors
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.store.engine import find_running
from bench.support.raw_trips import RawTrips, echo
from bench.support.report import Requirement, conditions, finish, percentile
from bench.support.store import bare
from tests.support.processes.process import Process

LIMIT = 1.5
PAUSE = (0.02, 0.1)  # seconds between samples, random relative to the reader's polling
STREAM = b"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"


class WriteTimer:
    """Times writes with one connection that writes and one that listens, in a single thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writes = _open(port)
        self._events = _open(port)
        self._selector = selectors.DefaultSelector()
        for stream in (self._writes, self._events):
            self._selector.register(stream, selectors.EVENT_READ)
        self._events.sendall(STREAM)
        self._until(self._events, b"event: hello")

    def adjust(self, product_id: str) -> tuple[float, float]:
        """Milliseconds from the request to its response, and to its event."""
        body = json.dumps({"delta": -1, "reason": "sold"})
        request = (
            f"POST /v1/products/{product_id}/adjustments HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        begun = time.perf_counter()
        self._writes.sendall(request.encode())
        answered = shown = 0.0
        answer = got = b""
        while not (answered and shown):
            for key, _ in self._selector.select():
                data = key.fileobj.recv(65536)
                if not data:
                    raise ConnectionError("the server closed a connection")
                now = time.perf_counter()
                if key.fileobj is self._writes:
                    answer += data
                    answered = now if _is_whole(answer) else 0.0
                else:
                    got += data
                    shown = now if b"event: change" in got else 0.0
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        return (answered - begun) * 1000, (shown - begun) * 1000

    def _until(self, stream: socket.socket, wanted: bytes) -> None:
        got = b""
        while wanted not in got:
            got += stream.recv(65536)


def _is_whole(answer: bytes) -> bool:
    """Whether head and body are complete; they may arrive separately."""
    head, found, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
    return bool(found) and len(body) >= int(length)


def _open(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def run(samples: int, folder: Path) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """(The application's times, the bare calls' times), one row per sample."""
    ours, baselines = [], []
    with Process(folder / "data", forked=False) as app, echo() as loopback:
        engine = find_running(app.data_dir)
        # Plain boto3: the application's own clients take less time for a call to a local engine.
        raw = RawTrips(bare(engine.url), loopback)
        body = {"product_id": "P1", "name": "Kettle", "stock": 10**6, "category": "Kitchen"}
        httpx.post(f"{app.url}/v1/products", json=body).raise_for_status()
        time.sleep(1)
        timer = WriteTimer(app.port)
        for number in range(samples + samples // 10 + 5):
            answer, event = timer.adjust("P1")
            time.sleep(random.uniform(*PAUSE))
            trips = raw.once()
            time.sleep(random.uniform(*PAUSE))
            if number >= samples // 10 + 5:  # the first ones warm up
                ours.append({"answer": answer, "event": event})
                baselines.append(trips | {"sum": sum(trips.values())})
    return ours, baselines


def main() -> int:
    """Return 0 if the required ratio holds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="50 samples")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    about = conditions()
    with tempfile.TemporaryDirectory() as folder:
        ours, baselines = run(50 if given.quick else given.samples, Path(folder))
    columns = [
        ("REST write → its response", ours, "answer"),
        ("REST write → its event", ours, "event"),
    ]
    columns += [(name, baselines, name) for name in baselines[0]]
    measured = {
        label: {
            "p50": statistics.median(row[name] for row in rows),
            "p99": percentile([row[name] for row in rows], 0.99),
        }
        for label, rows, name in columns
    }
    lines = [
        f"{len(ours)} writes, milliseconds",
        *(
            f"{label:<26} p50 {t['p50']:>6.2f}   p99 {t['p99']:>6.2f}"
            for label, t in measured.items()
        ),
    ]
    event, baseline = measured["REST write → its event"], measured["sum"]
    required = Requirement(
        "p50 event / sum of bare calls", event["p50"] / baseline["p50"], LIMIT, at_least=False
    )
    lines.append(f"p99 event / sum of bare calls {event['p99'] / baseline['p99']:.2f}")
    return finish(about, lines, measured, [required], as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
