"""`stockpulse notify`, run alongside a server."""

from collections.abc import Callable

import pytest

from tests.integration.notifications.rules.kit import create, patch, trail
from tests.support.http.receiver import Receiver
from tests.support.processes.forked import ran
from tests.support.processes.process import with_settings
from tests.support.processes.running import App

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def notify(app: App) -> Run:
    """Run the command; returns its exit status, stdout and stderr."""
    settings = app.services.settings
    environment = {
        "STOCKPULSE_DYNAMODB": settings.dynamodb,
        "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
        "STOCKPULSE_DATA_DIR": str(settings.data_dir),
        "STOCKPULSE_NOTIFY_PRIVATE_ADDRESSES": "true",
    }

    def run(*arguments: str) -> tuple[int, str, str]:
        return ran("notify", *arguments, environment=with_settings(environment))

    return run


def test_rules_are_listed_and_tried_by_name(app: App, receiver: Receiver, notify: Run) -> None:
    assert notify("list")[1].startswith("There are no notification rules")
    create(app, receiver, name="Twins", enabled=True)
    create(app, receiver, name="Twins")
    odd = create(app, receiver, name="Tea & <b>cups</b>", enabled=True)
    status, text, _ = notify("list")
    assert status == 0
    head, *lines = text.splitlines()
    assert head.split() == ["ID", "RULE", "TO", "STATE", "WAITING", "LAST", "ERROR"]
    assert [line.split("  ")[0] for line in lines][-1] == odd["id"]
    assert [" on " in line for line in lines] == [True, False, True]

    before = len(receiver.received)
    status, text, _ = notify("test", odd["name"])
    assert (status, "accepted" in text) == (0, True)
    assert len(receiver.received) == before + 1
    assert trail(app)[0] == ("rule.tested", odd["id"])

    receiver.status = 500
    try:
        status, text, _ = notify("test", odd["id"])
    finally:
        receiver.status = 204
    assert (status, "NOT ACCEPTED" in text) == (1, True)

    status, _, error = notify("test", "Twins")
    assert (status, "several rules" in error) == (1, True)
    status, _, error = notify("test", "nothing")
    assert (status, "no rule is called" in error) == (1, True)
    assert patch(app, odd, {"name": "Tea"}).status_code == 200
