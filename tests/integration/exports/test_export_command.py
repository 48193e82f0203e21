"""`stockpulse export`, run alongside a server."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.http.exported import cells_of, csv_rows
from tests.support.processes.forked import ran
from tests.support.processes.process import with_settings
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("command"))) as running:
        running.create("007", 0, name="=1+1", category="Tea", tags=["green"])
        running.create("P2", 7, name="Earl Grey", category="Tea", reorder_point=9)
        running.create("P3", 3, name="Kettle", category="Kitchen")
        running.adjust("P3", -2)
        running.put_outside(ProductID="P4", ProductName="Outside", Stock=4)
        until(lambda: len(running.http.get("/v1/events").json()["items"]) == 5)
        until(lambda: running.services.read_model.state.filled)
        yield running


@pytest.fixture
def export(app: App) -> Run:
    """Run the command; returns its exit status, stdout and stderr."""
    settings = app.services.settings
    environment = {
        "STOCKPULSE_DYNAMODB": settings.dynamodb,
        "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
        "STOCKPULSE_DATA_DIR": str(settings.data_dir),
    }

    def run(*arguments: str) -> tuple[int, str, str]:
        return ran("export", *arguments, environment=with_settings(environment))

    return run


def test_products_are_those_of_the_server(app: App, export: Run) -> None:
    query = {"category": "Tea", "sort": "-stock"}
    expected = app.http.get("/v1/products", params=query, headers={"Accept": "text/csv"})
    status, out, err = export("products", "--category", "Tea", "--sort=-stock")
    assert (status, csv_rows(out.encode())) == (0, csv_rows(expected.content))
    assert "2 products" in err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--q", "grey"), ["P2"]),
        (("--tag", "green"), ["007"]),
        (("--low",), ["P2"]),
        (("--out",), ["007"]),
        (("--min-stock", "1", "--max-stock", "4"), ["P3", "P4"]),
        (("--category", "none"), []),
    ],
)
def test_options_choose_products(
    export: Run, options: tuple[str, ...], expected: list[str]
) -> None:
    status, out, _ = export("products", *options)
    assert (status, [row[0] for row in csv_rows(out.encode())[1:]]) == (0, expected)


def test_events_are_those_of_the_server(app: App, export: Run) -> None:
    items = app.http.get("/v1/events").json()["items"]
    for item in items:
        del item["cursor"]
    status, out, _ = export("events", "--format", "ndjson")
    found = [json.loads(line) for line in out.splitlines()]
    assert (status, found) == (
        0,
        [{n: v for n, v in one.items() if n != "cursor"} for one in items],
    )


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--kind", "stock_changed", "--kind", "deleted"), 1),
        (("--product", "P2"), 1),
        (("--category", "Tea"), 2),
        (("--min-delta", "3"), 3),
        (("--since", "2099-01-01T00:00:00Z"), 0),
        (("--until", "2001-01-01T00:00:00Z"), 0),
        (("--since", "2h"), 5),
        (("--until", "2001-01-01"), 0),
        (("--since", "2001-01-01T00:00:00Z", "--until", "2099-01-01T00:00:00Z"), 5),
    ],
)
def test_options_choose_events(export: Run, options: tuple[str, ...], count: int) -> None:
    status, out, _ = export("events", *options)
    assert (status, len(csv_rows(out.encode())) - 1) == (0, count)


def test_file_has_the_format_of_its_name(export: Run, tmp_path: Path) -> None:
    path = tmp_path / "shop.XLSX"
    status, out, err = export("products", "--output", str(path))
    assert (status, out) == (0, "")
    assert f"4 products in {path}" in err
    assert [row["A"] for row in cells_of(path)[1:]] == [
        ("inlineStr", name) for name in ("007", "P2", "P3", "P4")
    ]
    assert [file.name for file in tmp_path.iterdir()] == ["shop.XLSX"]


def test_raw_text_and_byte_order_mark_on_request(export: Run, tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    assert export("products", "-o", str(path), "--raw", "--bom")[0] == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert csv_rows(path.read_bytes())[1][1] == "=1+1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("products", "--format", "xlsx"), "needs --output"),
        (("products", "-o", "/nowhere/shop.csv"), "cannot write /nowhere/shop.csv"),
        (("products", "--min-stock", "many"), "'many' is not a number"),
        (("events", "--since", "yesterday"), "such as 90s, 15m, 2h"),
        (("events", "--kind", "internal"), "invalid choice"),
        ((), "products|events"),
    ],
)
def test_wrong_option_is_explained(export: Run, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = export(*arguments)
    assert (status != 0, out) == (True, "")
    assert said in err
