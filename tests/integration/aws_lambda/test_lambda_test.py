"""`stockpulse lambda-test` does with a file what the function does with an event."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app import cli
from app.commands import lambda_test
from app.config.settings import Settings
from tests.support.paths import ROOT
from tests.support.processes.running import App

# The key of docs/operate/lambda.md: the samples are signed with it.
SAMPLE_KEYS = "sample:c3RvY2twdWxzZSBzYW1wbGVzIGFyZSBzaWduZWQgc28="
SAMPLE = ROOT / "samples" / "modify-new-and-old-images.json"


def run(settings: Settings, *arguments: str | Path) -> int:
    """Run the command with these settings, regardless of the environment."""
    parsed = cli.parsed(["lambda-test", *map(str, arguments)])
    return lambda_test.run(parsed, settings)


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda: capsys.readouterr().out


def test_a_sample_is_audited_and_the_response_is_shown(
    settings: Settings, out: Any, app: App
) -> None:
    assert run(settings, SAMPLE) == 0
    shown = out().splitlines()
    assert "stock_changed K-100 “Blue kettle” 12 → 9" in shown[0]
    assert json.loads(shown[-1]) == {"batchItemFailures": []}
    (event,) = app.http.get("/v1/products/K-100/events").json()["items"]
    assert shown[0].endswith(event["id"])


def test_a_second_run_audits_nothing_twice(settings: Settings, out: Any, app: App) -> None:
    assert (run(settings, SAMPLE), run(settings, SAMPLE)) == (0, 0)
    assert len(app.http.get("/v1/products/K-100/events").json()["items"]) == 1


def test_missing_tables_are_created(settings: Settings, out: Any) -> None:
    assert run(settings, SAMPLE) == 0
    assert out().count("stock_changed") == 2


def test_a_dry_run_touches_no_table(settings: Settings, out: Any) -> None:
    nowhere = settings.model_copy(update={"dynamodb": "http://127.0.0.1:1"})
    assert run(nowhere, "--dry-run", SAMPLE) == 0
    assert out().count("stock_changed") == 2


def test_authors_are_shown_with_the_key_and_table_that_signed_them(
    settings: Settings, out: Any
) -> None:
    signed = {"audit_keys": SecretStr(SAMPLE_KEYS), "products_table": "Products"}
    assert run(settings.model_copy(update=signed), "--dry-run", SAMPLE) == 0
    assert "12 → 9 by ben (sold)" in out()


def test_a_pipe_s_list_with_a_byte_order_mark_and_milliseconds_is_read(
    settings: Settings, out: Any, tmp_path: Path
) -> None:
    records = json.loads(SAMPLE.read_text())["Records"]
    for record in records:
        record["dynamodb"]["ApproximateCreationDateTime"] *= 1000
    file = tmp_path / "pipe.json"
    file.write_text(json.dumps(records), "utf-8-sig")
    assert run(settings, "--dry-run", file) == 0
    assert out().count("stock_changed") == 2


def test_text_of_a_record_does_not_drive_the_terminal(
    settings: Settings, out: Any, tmp_path: Path
) -> None:
    records = json.loads(SAMPLE.read_text())["Records"][:1]
    records[0]["dynamodb"]["NewImage"]["ProductName"] = {"S": "\x1b[2Jgone\n"}
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"Records": records}))
    assert run(settings, "--dry-run", file) == 0
    shown = out()
    assert "\x1b" not in shown
    assert "gone" in shown


def test_undecodable_records_are_parked_and_counted(
    settings: Settings, out: Any, tmp_path: Path
) -> None:
    records = json.loads(SAMPLE.read_text())["Records"]
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"Records": [records[0], {}, records[1] | {"eventName": "MOVE"}]}))
    assert run(settings, "--dry-run", file) == 1
    assert out().count("would become a dead letter: ") == 2
    assert run(settings, file) == 1
    shown = out()
    assert '{"batchItemFailures": []}' in shown
    assert "2 of 3 records became dead letters" in shown


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, "No such file"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not an event of a DynamoDB stream"),
        ('{"source": "aws.events"}', "is not an event of a DynamoDB stream"),
        (b"\xff\xfe", "is not JSON"),
    ],
)
def test_a_file_that_is_no_event_is_refused_in_one_line(
    text: str | bytes | None,
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STOCKPULSE_TEST_ENDPOINT", raising=False)  # no user settings
    # Logging stays as it is: pytest closes the captured streams after the test.
    monkeypatch.setattr("app.observability.logs.configure", lambda _form: None)
    if text is not None:
        Path("event.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert cli.main(["lambda-test", "event.json"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("stockpulse: event.json")
    assert error in line
