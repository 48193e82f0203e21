"""The helper process: reads one JSON request a line from stdin, answers with one on stdout.

Requests: `{"op": "check", "url": …}` and `{"op": "send", "url", "title", "body", "public_only"}`.
Answers never contain the URL, which is a secret. It ends at the end of its stdin.
"""

import logging
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from apprise import Apprise, AppriseAsset, NotifyFormat

from app.core import json_text
from app.notifications.channels.apprise.outgoing_guard import OutgoingGuard

SECONDS = 20  # for one message, within Apprise; the parent ends the process later
_STATUS = re.compile(r"\berror=(\d{3})\b")
_MOST_LINES = 50


class _Lines(logging.Handler):
    """Keeps what Apprise logs during one message."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < _MOST_LINES:
            self.lines.append(record.getMessage())


class Helper:
    """Answers requests, one at a time."""

    def __init__(self, guard: OutgoingGuard) -> None:
        self._guard = guard
        self._asset = AppriseAsset(
            async_mode=False,
            http_redirects=False,
            pem_autogen=False,
            pgp_autogen=False,
            secure_logging=True,
            service_timeout=SECONDS,
        )
        self._log = _Lines()
        logging.getLogger("apprise").addHandler(self._log)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request."""
        self._log.lines = []
        self._guard.stopped, self._guard.public_only = False, request.get("public_only", False)
        try:
            service = Apprise.instantiate(request["url"], asset=self._asset)
            if service is None:
                return {"ok": False, "unknown": True}
            name = str(service.service_name)
            if request["op"] == "check":
                shown: Callable[..., str] = service.url  # the library gives it no types
                hides = shown(privacy=True) != shown(privacy=False)
                return {"ok": True, "service": name, "hides": hides}
            sender = Apprise(asset=self._asset)
            sender.add(service)
            sent = sender.notify(
                body=request["body"], title=request["title"], body_format=NotifyFormat.TEXT
            )
            found = _STATUS.search("\n".join(self._log.lines))
            status = None if found is None else int(found[1])
            return {
                "ok": bool(sent),
                "service": name,
                "status": status,
                "private": self._guard.stopped,
            }
        finally:
            self._guard.public_only = True  # a thread of a plugin may go on


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a plugin prints is no answer
    guard = OutgoingGuard()
    guard.install()
    helper = Helper(guard)
    for line in sys.stdin.buffer:
        try:
            answer = helper.answer(json_text.loads(line))
        except Exception as error:  # noqa: BLE001 - a plugin can raise any error
            answer = {"ok": False, "error": type(error).__name__}
        answers.write(json_text.dumps(answer) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
