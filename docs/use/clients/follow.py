"""Follow the live stream of a Stockpulse server without missing a change: one line of JSON each.

    python follow.py http://127.0.0.1:8000 [CURSOR]

Needs httpx. If the server requires credentials, put an API key into STOCKPULSE_KEY. Each line
contains the cursor of its change. To resume later, save the cursor after you have processed it.
"""

import json
import os
import random
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator

import httpx

REMEMBERED = 10_000  # event ids: a repeat after a resume is one of them
QUIET = 10.0  # seconds without a byte: the server sends a heartbeat every 3
LONGEST_PAUSE = 30.0  # seconds between attempts


def follow(url: str, cursor: str | None = None) -> Iterator[tuple[str, dict]]:
    """Yield (cursor, CloudEvents object) of every change, without end; each id once."""
    key = os.environ.get("STOCKPULSE_KEY")
    headers = {"Accept": "text/event-stream"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    seen: OrderedDict[str, None] = OrderedDict()
    failures = 0
    while True:
        if cursor:
            headers["Last-Event-ID"] = cursor
        try:
            with httpx.stream(
                "GET", f"{url}/v1/events", headers=headers, timeout=httpx.Timeout(10, read=QUIET)
            ) as answer:
                if answer.status_code in {400, 401, 403}:
                    answer.read()
                    sys.exit(f"{answer.status_code}: {answer.text}")  # a retry cannot help
                answer.raise_for_status()
                for name, identifier, data in messages(answer.iter_lines()):
                    failures = 0
                    cursor = identifier or cursor
                    if name == "reset":
                        print(
                            "missed too many events: read the pages of GET /v1/events",
                            file=sys.stderr,
                        )
                    if name != "change" or data["id"] in seen:
                        continue
                    seen[data["id"]] = None
                    if len(seen) > REMEMBERED:
                        seen.popitem(last=False)
                    yield cursor or "", data
        except httpx.HTTPError as error:
            failures += 1
            print(f"{type(error).__name__}; reconnecting", file=sys.stderr)
        # Jitter keeps the clients of a restarted server from reconnecting at the same time.
        time.sleep(random.uniform(0.5, 1) * min(LONGEST_PAUSE, 2.0**failures / 2))


def messages(lines: Iterator[str]) -> Iterator[tuple[str, str, dict]]:
    """Yield (event, id, data) of each server-sent event."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"])
        fields = {}


if __name__ == "__main__":
    for at, change in follow(sys.argv[1].rstrip("/"), *sys.argv[2:3]):
        print(json.dumps({"cursor": at, **change}), flush=True)
