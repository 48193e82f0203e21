"""Follow the live stream of a Stockpulse and miss nothing: prints one line of JSON a change.

    python follow.py http://127.0.0.1:8000 [CURSOR]

Needs httpx. Where the server wants credentials, put an API key into STOCKPULSE_KEY. A cursor,
as printed with each change, says where to go on; keep yours after you have done your work.
"""

import json
import os
import random
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator

import httpx

REMEMBERED = 10_000  # event ids: what is repeated after a resume is among them
QUIET = 45.0  # seconds without a byte: the server beats every 15
LONGEST_PAUSE = 30.0  # seconds between tries


def follow(url: str, cursor: str | None = None) -> Iterator[tuple[str, dict]]:
    """(cursor, CloudEvents object) of every change, for ever; each id once."""
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
                    sys.exit(f"{answer.status_code}: {answer.text}")  # asking again won't help
                answer.raise_for_status()
                for name, identifier, data in messages(answer.iter_lines()):
                    failures = 0
                    cursor = identifier or cursor
                    if name == "reset":
                        print("too much was missed: read GET /v1/events pages", file=sys.stderr)
                    if name != "change" or data["id"] in seen:
                        continue
                    seen[data["id"]] = None
                    if len(seen) > REMEMBERED:
                        seen.popitem(last=False)
                    yield cursor or "", data
        except httpx.HTTPError as error:
            failures += 1
            print(f"{type(error).__name__}; connecting again", file=sys.stderr)
        # Jittered, so that all clients of a restarted server don't come at once.
        time.sleep(random.uniform(0.5, 1) * min(LONGEST_PAUSE, 2.0**failures / 2))


def messages(lines: Iterator[str]) -> Iterator[tuple[str, str, dict]]:
    """(event, id, data) of each server-sent event."""
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
