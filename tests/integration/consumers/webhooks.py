"""The application with a webhook sink, and the receiver of the webhook."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.config.settings import Settings
from app.store.deployment import Deployment
from tests.support.http.receiver import SECRET, Receiver
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until
from worker.consumers.sink import Sink
from worker.sinks import configured

SINKS, LETTERS = "/v1/sinks", "/v1/dead-letters"


@dataclass
class Hooked:
    """The application and the receiver of its webhook."""

    app: App
    receiver: Receiver
    settings: Settings

    def sink(self) -> dict[str, Any]:
        """The webhook, as the API returns it."""
        answer = self.app.http.get(f"{SINKS}/webhook")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def act(self, action: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send a control request about the webhook."""
        content = {} if body is None else {"json": body}
        return self.app.http.post(f"{SINKS}/webhook/{action}", headers=headers, **content)

    def letters(self) -> list[dict[str, Any]]:
        """All dead letters."""
        items: list[dict[str, Any]] = self.app.http.get(LETTERS).json()["items"]
        return items

    def received(self) -> int:
        """The number of requests that the receiver got."""
        return len(self.receiver.received)

    def trail(self) -> list[tuple[str, str]]:
        """Actions and actors of the admin trail, newest first."""
        rows = self.app.http.get("/v1/admin/log").json()["items"]
        return [(row["action"], row["actor"]) for row in rows]


def begun(app: App) -> list[str]:
    """The sinks that have begun to read."""
    return [sink["name"] for sink in app.http.get(SINKS).json()["items"] if sink["cursor"]]


@contextmanager
def with_webhook(endpoint: str, folder: Path, receiver: Receiver, **more: Any) -> Iterator[Hooked]:
    """Run the application; the block starts once it runs the sink. `more`: further settings."""
    settings = settings_for(
        endpoint,
        folder,
        webhook_url=SecretStr(receiver.url),
        webhook_secret=SecretStr(SECRET),
        maximum_retry_attempts=0,
        notify_private_addresses=True,
        **more,
    )
    with serving(settings) as app:
        found = Hooked(app, receiver, settings)
        until(lambda: {"alerts", "notifications", "webhook"} == set(begun(app)))
        yield found


@contextmanager
def with_rebuilds(name: str) -> Iterator[None]:
    """In the block, the sink can be rebuilt for a request; the settings need not enable it."""
    openers, unknown = configured.OPENERS, Sink(name, lambda _events: [])

    @contextmanager
    def opened(settings: Settings, deployment: Deployment) -> Iterator[list[Sink]]:
        with ExitStack() as stack:
            sinks = [
                sink
                for opener in openers
                for sink in stack.enter_context(opener(settings, deployment))
            ]
            found = next((sink for sink in sinks if sink.name == name), unknown)
            rest = [sink for sink in sinks if sink.name != name]
            yield [replace(found, rebuild=lambda: "A worker builds it again."), *rest]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(configured, "OPENERS", (opened,))
        yield
