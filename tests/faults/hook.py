"""A webhook receiver in its own process, which answers as it was last set and logs each answer.

    python -m tests.faults.hook PORT LOG SECRET

Each line of its standard input is a `Behaviour` in JSON. A request that it accepts after the sender
has timed out counts as accepted.
"""

import asyncio
import base64
import hmac
import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import ROOT
from tests.support.processes.process import free_port
from tests.support.waiting import until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

Change = tuple[str, int]  # product, stock


@dataclass(frozen=True)
class Behaviour:
    """How the receiver answers.

    `refused` holds statuses by product and stock (`w0-1 7`), which override `status`. `delay` is in
    seconds. A receiver that hangs holds each request until its behaviour changes.
    """

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    hangs: bool = False
    refused: Mapping[str, int] = field(default_factory=dict)


class Answer(NamedTuple):
    """One request and its answer; `at` is on the monotonic clock, which all processes share."""

    at: float
    status: int
    authentic: bool
    id: str
    product: str
    stock: int


class Receiver:
    """The receiver's process; a context manager."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        self.secret = SECRET  # that it checks signatures with
        self._log = folder / "answers"
        self._log.touch()

    @property
    def environment(self) -> dict[str, str]:
        """The settings of an application that delivers to this receiver."""
        return {
            "STOCKPULSE_WEBHOOK_URL": self.url,
            "STOCKPULSE_WEBHOOK_SECRET": SECRET,
            "STOCKPULSE_WEBHOOK_PARALLELIZATION_FACTOR": "20",
        }

    def set_behaviour(self, behaviour: Behaviour) -> None:
        """Answer this way from now on, held requests included."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(asdict(behaviour)).encode() + b"\n")
        self._child.stdin.flush()

    def answers(self) -> list[Answer]:
        """Every answer so far, in order, without a line that is being written."""
        whole = self._log.read_text().rpartition("\n")[0]
        lines = (line.split() for line in whole.splitlines())
        return [
            Answer(float(at), int(status), authentic == "True", id_, product, int(stock))
            for at, status, authentic, id_, product, stock in lines
        ]

    def accepted(self) -> dict[str, Answer]:
        """The first acceptance of each event by the event's id, in order."""
        found: dict[str, Answer] = {}
        for answer in self.answers():
            if answer.status < 300:
                found.setdefault(answer.id, answer)
        return found

    def __enter__(self) -> "Receiver":
        command = [sys.executable, "-m", __name__, str(self.port), str(self._log), self.secret]
        self._child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
        until(self._listens)
        return self

    def __exit__(self, *exc: object) -> None:
        self._child.kill()
        self._child.wait(10)
        assert self._child.stdin is not None
        self._child.stdin.close()

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class _Server:
    def __init__(self, log: Path, secret: str) -> None:
        self._log = log.open("a", buffering=1)
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._behaviour = Behaviour()
        self._changed = asyncio.Event()

    async def obey(self) -> None:
        """Apply behaviours from standard input until it ends."""
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        async for line in lines:
            self._behaviour = Behaviour(**json.loads(line))
            self._changed.set()
            self._changed = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                pairs = (line.partition(":") for line in head.split("\r\n")[1:])
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                writer.write(await self._answer(headers, body))
                await writer.drain()
        writer.close()

    async def _answer(self, headers: Mapping[str, str], body: bytes) -> bytes:
        event = json.loads(body)
        product, stock = event["subject"], event["data"]["stock_after"]
        await asyncio.sleep(self._behaviour.delay)
        while self._behaviour.hangs:
            await self._changed.wait()
        behaviour = self._behaviour
        status = behaviour.refused.get(f"{product} {stock}", behaviour.status)
        authentic = self._is_authentic(headers, body) and headers["webhook-id"] == event["id"]
        self._log.write(
            f"{time.monotonic()} {status} {authentic} {event['id']} {product} {stock}\n"
        )
        more = "".join(f"{name}: {value}\r\n" for name, value in behaviour.headers.items())
        length = "" if status == 204 else "Content-Length: 0\r\n"
        return f"HTTP/1.1 {status} -\r\n{more}{length}\r\n".encode()

    def _is_authentic(self, headers: Mapping[str, str], body: bytes) -> bool:
        sent = headers["webhook-timestamp"]
        signed = f"{headers['webhook-id']}.{sent}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode()
        return hmac.compare_digest(expected, headers["webhook-signature"])


async def main(port: int, log: Path, secret: str) -> None:
    """Receive until standard input ends."""
    server = _Server(log, secret)
    async with await asyncio.start_server(server.talk, "127.0.0.1", port, backlog=1000):
        await server.obey()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
