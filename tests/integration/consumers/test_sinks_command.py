"""`stockpulse sinks`, run alongside a server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.consumers.webhooks import Hooked, with_webhook
from tests.support.http.receiver import SECRET, receiving
from tests.support.processes.forked import ran
from tests.support.processes.process import with_settings
from tests.support.waiting import until

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(endpoint: str, tmp_path: Path) -> Iterator[Hooked]:
    """The application with a webhook whose receiver accepts everything."""
    with receiving() as receiver, with_webhook(endpoint, tmp_path, receiver) as running:
        yield running


@pytest.fixture
def sinks(shop: Hooked, tmp_path: Path) -> Run:
    """Run the command; returns its exit status, stdout and stderr."""
    settings = shop.settings
    environment = {
        "STOCKPULSE_DYNAMODB": settings.dynamodb,
        "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
        "STOCKPULSE_DATA_DIR": str(settings.data_dir),
        "STOCKPULSE_WEBHOOK_URL": shop.receiver.url,
        "STOCKPULSE_WEBHOOK_SECRET": SECRET,
    }

    def run(*arguments: str) -> tuple[int, str, str]:
        return ran("sinks", *arguments, environment=with_settings(environment))

    return run


def test_the_list_is_a_table_with_control_characters_escaped(shop: Hooked, sinks: Run) -> None:
    shop.act("pause")
    shop.app.tables.update_item(
        TableName=f"{shop.settings.table_prefix}StreamCheckpoints",
        Key=shop.app.services.store.sinks.key("webhook"),
        UpdateExpression="SET Why = :why",
        ExpressionAttributeValues={":why": {"S": "evil\x1b[2J\nwebhook  running\u2028"}},
    )
    status, table, _ = sinks("list")
    head, *lines = table.splitlines()
    assert status == 0
    assert head.split("  ")[0] == "NAME"
    assert all(word in head for word in ("STATE", "DELIVERED UP TO", "LAG", "OWNER", "LAST ERROR"))
    assert lines[0].startswith("alerts   running")
    (line,) = lines[1:]
    assert line.startswith("webhook  paused")
    assert r"evil\x1b[2J\nwebhook  running\u2028" in line


def test_pause_rewind_resume_and_test_work_and_are_in_the_trail(shop: Hooked, sinks: Run) -> None:
    shop.app.create("P1")
    until(lambda: shop.received() == 1)
    assert sinks("pause", "webhook")[:2] == (
        0,
        "Sink webhook is paused. New events wait until it is resumed.\n",
    )
    status, printed, _ = sinks("rewind", "webhook", "--to", "beginning")
    assert (status, "It is paused" in printed) == (0, True)
    assert sinks("resume", "webhook")[:2] == (0, "Sink webhook is running.\n")
    until(lambda: shop.received() == 2)
    status, printed, _ = sinks("test", "webhook")
    assert (status, "accepted" in printed) == (0, True)
    assert [action for action, _ in shop.trail()] == [
        "sink.tested",
        "sink.resumed",
        "sink.rewound",
        "sink.paused",
    ]
    assert all(actor.startswith("cli:") for _, actor in shop.trail())


def test_a_refused_action_prints_one_sentence_to_stderr(shop: Hooked, sinks: Run) -> None:
    shop.app.create("P1")
    until(lambda: shop.received() == 1)
    for arguments, sentence in (
        (("pause", "nope"), "There is no sink named 'nope'. Known sinks: alerts, webhook."),
        (("test", "nope"), "There is no sink named 'nope'. Known sinks: alerts, webhook."),
        (("check", "nope"), "There is no sink named 'nope'. Known sinks: alerts, webhook."),
        (("check", "alerts"), "Sink alerts has no check: its receiver keeps nothing"),
        (("check", "webhook"), "Sink webhook has no check: its receiver keeps nothing"),
        (("redrive", "nope"), "There is no sink named 'nope'. Known sinks: alerts, webhook."),
        (
            ("rewind", "webhook", "--to", "2020-01-01T00:00:00Z"),
            "Sink webhook can be rewound to a time from 20",
        ),
    ):
        status, printed, error = sinks(*arguments)
        assert (status, printed) == (1, ""), arguments
        last = error.splitlines()[-1]  # after the warning about a webhook without TLS
        assert last.startswith(f"stockpulse: {sentence}")
    shop.receiver.status = 503
    status, _, error = sinks("test", "webhook")
    assert status == 1
    last = error.splitlines()[-1]
    assert last.startswith("stockpulse: Sink webhook did not accept the test:")
    assert "503" in last


def test_a_time_in_another_form_is_a_usage_error(sinks: Run) -> None:
    status, _, error = sinks("rewind", "webhook", "--to", "yesterday")
    assert status == 2
    assert "must be now, beginning, or an RFC 3339 time" in error
