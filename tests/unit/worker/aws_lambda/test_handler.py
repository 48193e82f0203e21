"""The two entry points: what each accepts, what settings they need, and what they import."""

import subprocess
import sys
import threading
from typing import Any

import pytest

from app.config.settings import Settings
from tests.support.builders import an_item, as_lambda, inserted
from tests.support.paths import ROOT
from worker.aws_lambda import handler as entry
from worker.aws_lambda.handler import UnknownInvocation, dispatch, handler, is_scheduled, sinks
from worker.aws_lambda.invocation import LambdaHost
from worker.aws_lambda.setup import HostRefused, check

KEY = "k1:" + "a2V5" * 11
WHOLE = {"dynamodb": "aws", "broker_url": "redis://127.0.0.1:6379/0", "audit_keys": KEY}


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def taken() -> list[Any]:
    return []


@pytest.fixture
def ran() -> list[str]:
    """The scheduled tasks that ran."""
    return []


@pytest.fixture
def host(taken: list[Any], ran: list[str]) -> LambdaHost:
    return LambdaHost(
        lambda records, _arn: taken.extend(records),
        threading.Event(),
        {name: lambda _until, name=name: ran.append(name) for name in ("reconcile", "sinks")},
    )


SCHEDULED = [
    {"source": "aws.events", "detail-type": "Scheduled Event"},
    {"stockpulse": "reconcile"},
]


def test_the_stream_s_function_takes_records_and_runs_no_sink(
    host: LambdaHost, taken: list[Any], ran: list[str]
) -> None:
    record = as_lambda(inserted(an_item()))
    assert dispatch(host, {"Records": [record]}, 30) == {"batchItemFailures": []}
    assert (taken, ran) == ([record], [])


@pytest.mark.parametrize("event", SCHEDULED)
def test_the_stream_s_function_reconciles_on_a_schedule_and_runs_no_sink(
    host: LambdaHost, taken: list[Any], ran: list[str], event: Any
) -> None:
    assert dispatch(host, event, 30) == {"done": "reconcile"}
    assert (taken, ran) == ([], ["reconcile"])


@pytest.mark.parametrize("event", [*SCHEDULED, {"Records": []}, {}, None])
def test_the_sinks_function_runs_the_sinks_whatever_the_event_is(
    host: LambdaHost, taken: list[Any], ran: list[str], event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "_host", lambda: host)
    assert sinks(event, Context()) == {"done": "sinks"}
    assert (taken, ran) == ([], ["sinks"])


@pytest.mark.parametrize(
    "event",
    [{}, None, [], 3, {"Records": None}, {"source": "aws.s3"}, {"stockpulse": "sinks"}],
)
def test_anything_else_is_refused(host: LambdaHost, event: Any) -> None:
    assert not is_scheduled(event)
    with pytest.raises(UnknownInvocation, match="Records"):
        dispatch(host, event, 30)


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_a_whole_setup_is_accepted() -> None:
    check(settings(**WHOLE))
    check(settings(**WHOLE | {"dynamodb": "http://127.0.0.1:8001"}))


@pytest.mark.parametrize(
    ("lacking", "names"),
    [
        ({"broker_url": None}, ["STOCKPULSE_BROKER_URL"]),
        ({"dynamodb": "embedded"}, ["STOCKPULSE_DYNAMODB"]),
        ({"dynamodb": "http://127.0.0.1:8001", "audit_keys": None}, ["STOCKPULSE_AUDIT_KEYS"]),
        (
            {"dynamodb": "embedded", "broker_url": None, "audit_keys": None},
            ["STOCKPULSE_DYNAMODB", "STOCKPULSE_BROKER_URL", "STOCKPULSE_AUDIT_KEYS"],
        ),
    ],
)
def test_half_a_setup_is_refused_with_every_name(lacking: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(HostRefused) as refused:
        check(settings(**WHOLE | lacking))
    assert [name for name in names if name in str(refused.value)] == names
    assert str(refused.value).count("STOCKPULSE_") == len(names)


@pytest.mark.parametrize("entry_point", [handler, sinks])
def test_every_invocation_of_a_function_that_cannot_start_says_why_in_its_log(
    entry_point: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(entry, "load", lambda: settings(**WHOLE | {"broker_url": None}))
    monkeypatch.setattr("app.observability.logs.configure", lambda _form: None)
    for _ in range(2):
        with pytest.raises(HostRefused):
            entry_point({"Records": []}, Context())
    assert caplog.text.count("cannot start") == 2
    assert "STOCKPULSE_BROKER_URL" in caplog.text


# Prints the seconds that an import took, and every module that came of it.
IMPORT = """
import sys, time
begun = time.process_time()
import {module}
print(time.process_time() - begun)
print(*sys.modules)
"""


def imported(module: str) -> tuple[float, set[str]]:
    """CPU seconds to import it in a fresh interpreter, and everything that is loaded then."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT.format(module=module)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, modules = done.stdout.splitlines()
    return float(seconds), set(modules.split())


WEB = {"fastapi", "starlette", "uvicorn", "jinja2", "sse_starlette", "httptools", "uvloop", "anyio"}
TESTING = {"hypothesis", "pytest", "httpx", "mypy_boto3_dynamodb"}


def test_a_cold_start_imports_no_web_server_and_takes_little_longer_than_boto3_alone() -> None:
    """Three tries, for the machine is busy."""
    seconds, modules = imported("worker.aws_lambda.handler")
    assert {"worker.pipeline.pipeline", "botocore.client", "pydantic"} <= modules
    assert not modules & (WEB | TESTING)
    ours = {name for name in modules if name.startswith("app.")}
    assert not {name for name in ours if name.startswith(("app.web", "app.demo", "app.commands"))}
    ratios = [seconds / imported("boto3")[0]]
    while ratios[-1] >= 4 and len(ratios) < 3:
        ratios.append(imported("worker.aws_lambda.handler")[0] / imported("boto3")[0])
    assert ratios[-1] < 4, f"times the time of `import boto3`: {ratios}"  # 2.0 at first writing
