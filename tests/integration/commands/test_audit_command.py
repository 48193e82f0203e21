"""`stockpulse audit` prints what the tables hold, in order, and follows what arrives."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import parsed
from app.commands.common import CommandError
from app.config.settings import Settings
from app.store.dynamodb.table_names import TableError
from app.store.timeline import event_readers
from tests.support.http.sse import Listener
from tests.support.processes.forked import Forked
from tests.support.processes.process import with_settings
from tests.support.processes.running import App, settings_for
from tests.support.waiting import until

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def changed(shared: App) -> App:
    """Two products: P1 is sold eight times, and P2 is changed outside and deleted."""
    with Listener(shared.url) as feed:
        shared.create("P1", 10, category="Kitchen")
        for _ in range(8):
            shared.adjust("P1", -1)
        shared.put_outside(ProductID="P2", Stock=1, Category="Garden")
        shared.http.delete("/v1/products/P2", headers={"If-Match": "*"})
        feed.changes(11)
    return shared


def audit(app: App, *options: str) -> None:
    arguments = parsed(["audit", *options])
    assert arguments.run(arguments, app.services.settings) == 0


def printed(capsys: Output, app: App, *options: str) -> list[str]:
    """What is printed, as `kind product stock`."""
    audit(app, "--json", *options)
    events = [json.loads(line)["data"] for line in capsys.readouterr().out.splitlines()]
    return [f"{e['kind']} {e['product_id']} {e['stock_after']}" for e in events]


P1 = ["inserted P1 10", *(f"stock_changed P1 {stock}" for stock in range(9, 1, -1))]
P2 = ["inserted P2 1", "deleted P2 None"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], P1 + P2),
        (["--since", "1h"], P1 + P2),
        (["--limit", "3"], [P1[-1], *P2]),
        (["--product", "P1"], P1),
        (["--product", "P1", "--since", "1h"], P1),
        (["--product", "P1", "--limit", "2"], P1[-2:]),
        (["--kind", "deleted", "--kind", "inserted"], [P1[0], *P2]),
        (["--kind", "inserted", "--limit", "1"], P2[:1]),
        (["--actor", "outside Stockpulse"], P2[:1]),
        (["--reason", "sold", "--limit", "1"], P1[-1:]),
        (["--category", "Garden"], P2),
        (["--until", "1h"], []),
        (["--product", "P1", "--until", "1h"], []),
        (["--since", "2h", "--until", "1h"], []),
    ],
)
def test_selected_events_are_printed_oldest_first(
    changed: App, capsys: Output, options: list[str], expected: list[str]
) -> None:
    assert printed(capsys, changed, *options) == expected


@pytest.mark.parametrize("options", [["--since", "1h"], ["--limit", "9"], ["--product", "P1"]])
def test_events_are_read_over_several_pages(
    changed: App, capsys: Output, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    whole = printed(capsys, changed, *options)
    monkeypatch.setattr(event_readers, "PAGE", 2)
    assert printed(capsys, changed, *options) == whole


def test_since_and_until_are_compared_with_the_time_of_the_change(
    changed: App, capsys: Output
) -> None:
    audit(changed, "--json", "--product", "P1")
    times = [json.loads(line)["time"] for line in capsys.readouterr().out.splitlines()]
    first, last = times[0], times[-1]
    assert printed(capsys, changed, "--product", "P1", "--since", first, "--until", last) == P1
    after = (datetime.fromisoformat(last) + timedelta(seconds=1)).astimezone(UTC).isoformat()
    assert printed(capsys, changed, "--product", "P1", "--since", after) == []


def test_lines_for_people(changed: App, capsys: Output) -> None:
    audit(changed, "--product", "P1", "--limit", "1")
    line = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  sold           P1 Name of P1  3 → 2 \(−1\)  by local\n"
    assert re.fullmatch(line, capsys.readouterr().out)


def test_product_without_a_history_is_an_error(changed: App) -> None:
    with pytest.raises(CommandError, match="product 'P9' has no history"):
        audit(changed, "--product", "P9")


@pytest.mark.parametrize("command", ["audit", "verify"])
def test_store_without_an_audit_is_an_error(endpoint: str, tmp_path: Path, command: str) -> None:
    arguments = parsed([command])
    with pytest.raises(TableError, match=r"There is no table .*ProductEvents.* so nothing was"):
        arguments.run(arguments, settings_for(endpoint, tmp_path))


@pytest.mark.embedded
def test_follow_needs_a_server(tmp_path: Path) -> None:
    arguments = parsed(["audit", "--follow"])
    with pytest.raises(CommandError, match="no server runs on the data folder"):
        arguments.run(arguments, settings_for("embedded", tmp_path))


@contextmanager
def following(settings: Settings, output: Path, *options: str) -> Iterator[Forked]:
    """`stockpulse audit --follow` in a process of its own."""
    given = {
        "STOCKPULSE_DYNAMODB": settings.dynamodb,
        "STOCKPULSE_DATA_DIR": str(settings.data_dir),
        "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
    }
    words = ("audit", "--follow", "--json", *options)
    child = Forked("app", *words, environment=with_settings(given), output=output)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(10)


@pytest.mark.parametrize("options", [[], ["--product", "P1"]])
def test_follow_prints_new_events_until_ctrl_c(
    app: App, tmp_path: Path, options: list[str]
) -> None:
    output = tmp_path / "output"

    def stocks() -> list[int]:
        return [json.loads(line)["data"]["stock_after"] for line in output.read_text().splitlines()]

    app.create("P1", 5)
    app.adjust("P1", -1)
    with following(app.services.settings, output, *options) as child:
        until(lambda: stocks() == [5, 4], 30)
        app.adjust("P1", -1)
        app.adjust("P1", -1)
        until(lambda: stocks() == [5, 4, 3, 2], 30)
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 130
    assert stocks() == [5, 4, 3, 2]
