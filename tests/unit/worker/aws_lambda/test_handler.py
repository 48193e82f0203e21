"""The two entry points: the events that they accept, and their settings."""

import threading
from typing import Any

import pytest

from app.config.settings import Settings
from tests.support.builders import an_item, as_lambda, inserted
from worker.aws_lambda import handler as entry
from worker.aws_lambda.handler import UnknownInvocation, dispatch, handler, is_scheduled, sinks
from worker.aws_lambda.invocation import LambdaHost
from worker.aws_lambda.setup import HostRefused, check

KEY = "k1:" + "a2V5" * 11
COMPLETE = {"dynamodb": "aws", "broker_url": "redis://127.0.0.1:6379/0", "audit_keys": KEY}


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def processed() -> list[Any]:
    return []


@pytest.fixture
def ran() -> list[str]:
    """The scheduled tasks that ran."""
    return []


@pytest.fixture
def host(processed: list[Any], ran: list[str]) -> LambdaHost:
    return LambdaHost(
        lambda records, _arn: processed.extend(records),
        threading.Event(),
        {name: lambda _until, name=name: ran.append(name) for name in ("reconcile", "sinks")},
    )


SCHEDULED = [
    {"source": "aws.events", "detail-type": "Scheduled Event"},
    {"stockpulse": "reconcile"},
]


def test_the_stream_function_processes_records_and_runs_no_sink(
    host: LambdaHost, processed: list[Any], ran: list[str]
) -> None:
    record = as_lambda(inserted(an_item()))
    assert dispatch(host, {"Records": [record]}, 30) == {"batchItemFailures": []}
    assert (processed, ran) == ([record], [])


@pytest.mark.parametrize("event", SCHEDULED)
def test_the_stream_function_reconciles_on_a_schedule_and_runs_no_sink(
    host: LambdaHost, processed: list[Any], ran: list[str], event: Any
) -> None:
    assert dispatch(host, event, 30) == {"done": "reconcile"}
    assert (processed, ran) == ([], ["reconcile"])


@pytest.mark.parametrize("event", [*SCHEDULED, {"Records": []}, {}, None])
def test_the_sinks_function_runs_the_sinks_for_any_event(
    host: LambdaHost,
    processed: list[Any],
    ran: list[str],
    event: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entry, "_host", lambda: host)
    assert sinks(event, Context()) == {"done": "sinks"}
    assert (processed, ran) == ([], ["sinks"])


@pytest.mark.parametrize(
    "event",
    [{}, None, [], 3, {"Records": None}, {"source": "aws.s3"}, {"stockpulse": "sinks"}],
)
def test_other_events_are_refused(host: LambdaHost, event: Any) -> None:
    assert not is_scheduled(event)
    with pytest.raises(UnknownInvocation, match="Records"):
        dispatch(host, event, 30)


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_complete_settings_are_accepted() -> None:
    check(settings(**COMPLETE))
    check(settings(**COMPLETE | {"dynamodb": "http://127.0.0.1:8001"}))


@pytest.mark.parametrize(
    ("changes", "names"),
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
def test_incomplete_settings_are_refused_with_the_names_of_all_variables(
    changes: dict[str, Any], names: list[str]
) -> None:
    with pytest.raises(HostRefused) as refused:
        check(settings(**COMPLETE | changes))
    assert [name for name in names if name in str(refused.value)] == names
    assert str(refused.value).count("STOCKPULSE_") == len(names)


@pytest.mark.parametrize("entry_point", [handler, sinks])
def test_every_invocation_of_a_function_that_cannot_start_logs_the_reason(
    entry_point: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(entry, "load", lambda: settings(**COMPLETE | {"broker_url": None}))
    monkeypatch.setattr("app.observability.logs.configure", lambda _form: None)
    for _ in range(2):
        with pytest.raises(HostRefused):
            entry_point({"Records": []}, Context())
    assert caplog.text.count("cannot start") == 2
    assert "STOCKPULSE_BROKER_URL" in caplog.text
