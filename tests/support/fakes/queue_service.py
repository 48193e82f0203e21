"""A queue service that misbehaves: SendMessageBatch of SQS, answered as a test sets it."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Misdeed:
    """How one request is answered: with a status, or by dropping or holding the connection.

    `refuses` says which entries of the request fail; the others are accepted. `accepts`: the
    entries are accepted although the answer is an error, or is lost.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = "InternalFailure"
    drops: bool = False
    seconds: float = 0.0
    accepts: bool = False
    refuses: Callable[[Entry], bool] = lambda _entry: False


WELL = Misdeed()


@dataclass
class QueueService:
    """What was accepted, in order; `misdeeds` are used up one a request, then all is well."""

    url: str
    misdeeds: list[Misdeed] = field(default_factory=list)
    always: Misdeed = WELL
    accepted: list[Entry] = field(default_factory=list)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Misdeed:
        """How to answer the next request."""
        with self.lock:
            self.requests += 1
            return self.misdeeds.pop(0) if self.misdeeds else self.always

    def accept(self, entries: list[Entry]) -> None:
        """Take entries."""
        with self.lock:
            self.accepted += entries

    def bodies(self) -> list[Any]:
        """The accepted messages, as JSON."""
        with self.lock:
            return [json.loads(entry["MessageBody"]) for entry in self.accepted]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Print nothing: a killed client resets its connections."""


@contextmanager
def queue_service() -> Iterator[QueueService]:
    """A service on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            entries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["Entries"]
            misdeed = service.next()
            time.sleep(misdeed.seconds)
            refused = [entry for entry in entries if misdeed.refuses(entry)]
            good = [entry for entry in entries if entry not in refused]
            if misdeed.accepts or (misdeed.status == 200 and not misdeed.drops):
                service.accept(good)
            if misdeed.drops:  # in the middle of the body
                self._send(200, {"Content-Length": "1000"}, b'{"Successful":[')
                self.close_connection = True
            elif misdeed.status == 200:
                failed = [
                    {"Id": entry["Id"], "Code": misdeed.code, "SenderFault": False, "Message": ""}
                    for entry in refused
                ]
                accepted = [{"Id": entry["Id"], "MessageId": "m"} for entry in good]
                self._answer(200, {"Successful": accepted, "Failed": failed})
            else:
                self._answer(misdeed.status, {"__type": misdeed.code, "message": "no"}, misdeed)

        def _answer(self, status: int, document: Any, misdeed: Misdeed = WELL) -> None:
            body = json.dumps(document).encode()
            self._send(status, {**misdeed.headers, "Content-Length": str(len(body))}, body)

        def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            for name, value in headers.items():
                self.send_header(name, value)
            with suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    service = QueueService(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
