"""A live server with a read model: beside the fill, after a write, and its memory."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil

from app.readmodel.opening import FILE
from bench.latency import WriteTimer
from bench.support.readmodel.loaded import Loaded
from bench.support.report import percentile
from tests.support.processes.process import Process
from tests.support.waiting import until

RATE = 50  # writes per second
WARM_UP = 5.0  # seconds
TURNS, SAMPLES = 6, 50  # of timing writes until they are listed
_WORDS = ("kettle", "honey", "copper", "series", "tea", "wooden", "b", "29")


def live(loaded: Loaded, folder: Path, seconds: float) -> dict[str, float]:
    """Milliseconds of writes and lists, and MiB of memory, of a server beside its copy.

    `while_filling` and `filled`: p99 from a write to its event, of a server that fills an empty
    copy, and of one with the whole copy; the first is missing if the fill took less than the time
    to warm up. `memory`: how much more the larger of the two has than a server without data.
    """
    (folder / "empty").mkdir(parents=True)
    with Process(folder / "empty" / "data", forked=False) as empty:
        _create(empty, "P1")
        _list(empty)
        without = _resident(empty)
    data = shutil.copytree(loaded.engine, folder / "live", ignore=shutil.ignore_patterns(FILE))
    found: dict[str, float] = {}
    with Process(data, forked=False) as app:
        _create(app, "P1")
        timer = WriteTimer(app.port)
        _write(timer, WARM_UP)
        while_filling = _write(timer, seconds, lambda: not _is_filled(app))
        if while_filling:
            found["while_filling"] = percentile(while_filling, 0.99)
        filling = _resident(app)
    for file in data.glob(f"{FILE}*"):
        file.unlink()
    shutil.copyfile(loaded.whole / FILE, data / FILE)
    with Process(data, forked=False) as app:
        timer = WriteTimer(app.port)
        until(lambda: _is_filled(app), 60)
        _write(timer, WARM_UP)
        found["filled"] = percentile(_write(timer, seconds), 0.99)
        _list(app)
        found["memory"] = max(filling, _resident(app)) - without
        found |= _visible(app)
    return found


def _create(app: Process, product_id: str) -> None:
    body = {"product_id": product_id, "name": "Zymurgy kit", "stock": 10**6, "category": "Kitchen"}
    httpx.post(f"{app.url}/v1/products", json=body).raise_for_status()


def _is_filled(app: Process) -> bool:
    state = httpx.get(f"{app.url}/readyz").json()["details"]["read_model"]
    return bool(state["filled"] and state["events"]["filled"])


def _write(
    timer: WriteTimer, seconds: float, goes_on: Callable[[], bool] = lambda: True
) -> list[float]:
    """Milliseconds from each write to its event, at a steady rate."""
    times: list[float] = []
    due = time.perf_counter()
    end = due + seconds
    while due < end:
        if len(times) % RATE == 0 and not goes_on():
            break
        time.sleep(max(0.0, due - time.perf_counter()))
        times.append(timer.adjust("P1")[1])
        due = max(due + 1 / RATE, time.perf_counter())
    return times


def _visible(app: Process) -> dict[str, float]:
    """The p50 from a write to a list that shows it, and from a write to its event, in turns."""
    shown: list[float] = []
    heard: list[float] = []
    with httpx.Client(base_url=app.url) as http:
        for _ in range(TURNS):
            timer = WriteTimer(app.port)  # whose stream has no events of the other writes
            for _ in range(SAMPLES):
                heard.append(timer.adjust("P1")[1])
                time.sleep(0.02)
            for _ in range(SAMPLES):
                shown.append(_until_listed(http))
                time.sleep(0.02)
    return {"listed": percentile(shown, 0.5), "event": percentile(heard, 0.5)}


def _until_listed(http: httpx.Client) -> float:
    """Milliseconds from a write until a list shows it."""
    began = time.perf_counter()
    body = {"delta": 1, "reason": "received"}
    stock = http.post("/v1/products/P1/adjustments", json=body).json()["stock"]
    while http.get("/v1/products?q=zymurgy").json()["items"][0]["stock"] != stock:
        pass
    return (time.perf_counter() - began) * 1000


def _list(app: Process) -> None:
    """Ask for lists, after which the server has what memory it needs for them."""
    with httpx.Client(base_url=app.url) as http:
        for _ in range(10):
            for word in _WORDS:
                http.get("/v1/products", params={"q": word, "total": "capped"})
                http.get("/v1/products", params={"q": word, "sort": "-stock", "limit": 200})


def _resident(app: Process) -> float:
    """MiB of memory of the server, without its engine."""
    return float(psutil.Process(app.pid).memory_info().rss) / 2**20
