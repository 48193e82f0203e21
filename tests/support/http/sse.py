"""A minimal client for server-sent events."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.http.plain import Client


@dataclass(frozen=True)
class Message:
    """One event of a stream."""

    id: str
    event: str
    data: Any
    at: float


def messages(lines: Iterator[str]) -> Iterator[Message]:
    """The events in a stream's lines."""
    fields: dict[str, str] = {}
    last_id = ""
    for line in lines:
        if not line:
            if "data" in fields:
                last_id = fields.get("id", last_id)
                data = json.loads(fields["data"])
                yield Message(last_id, fields.get("event", "message"), data, time.monotonic())
            fields = {}
            continue
        name, _, value = line.partition(":")
        fields[name] = value.removeprefix(" ")


class Listener:
    """Follows a stream in a thread; `changes` waits for a number of changes."""

    def __init__(
        self, url: str, *, after: str | None = None, **parameters: str | list[str]
    ) -> None:
        self._url = f"{url}/v1/events"
        self._parameters = parameters | ({} if after is None else {"after": after})
        self._got = threading.Condition()
        self.messages: list[Message] = []
        self.ended = False
        self._client = Client(timeout=httpx.Timeout(5, read=60))
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Listener":
        self._thread.start()
        self.wait_until(lambda: any(m.event == "hello" for m in self.messages))
        return self

    def __exit__(self, *exc: object) -> None:
        # Shut the socket down: closing it alone would leave the thread blocked in its read.
        stream = self._response.extensions["network_stream"]
        with suppress(OSError):
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._client.close()
        assert not self._thread.is_alive()

    def _follow(self) -> None:
        try:
            with self._client.stream(
                "GET",
                self._url,
                params=self._parameters,
                headers={"Accept": "text/event-stream"},
            ) as self._response:
                self._response.raise_for_status()
                for message in messages(self._response.iter_lines()):
                    with self._got:
                        self.messages.append(message)
                        self._got.notify_all()
        except (httpx.HTTPError, OSError):
            pass  # the server or the test ended it
        with self._got:
            self.ended = True
            self._got.notify_all()

    def wait_until(self, done: Any, seconds: float = 15) -> None:
        """Wait until `done()` is true; fail the test if it never is."""
        with self._got:
            met = self._got.wait_for(done, seconds)
        assert met, f"not true after {seconds} s; received: {self.summary}"

    def changes(self, count: int, seconds: float = 15) -> list[Message]:
        """Wait for at least `count` changes; returns all so far."""
        self.wait_until(lambda: len(self.seen) >= count, seconds)
        return self.seen

    @property
    def seen(self) -> list[Message]:
        """The changes so far."""
        return [message for message in self.messages if message.event == "change"]

    @property
    def summary(self) -> list[str]:
        """The messages so far, for a failing test."""
        return [
            f"{m.event} {m.data.get('data', {}).get('kind', '')} {m.data.get('subject', '')}"
            for m in self.messages
        ]
