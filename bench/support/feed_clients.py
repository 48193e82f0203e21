"""Many clients of one live stream in one process.

`python feed_clients.py PORT CONNECTIONS` prints `ready` once all connections are answered, then a
hundred times per second the frames received, the connections ended, and its own CPU seconds.
"""

import json
import resource
import select
import socket
import sys
import time

MARK = b"~"  # once in each frame (see changes.py)
REQUEST = b"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
BUFFER = 1024 * 1024


def connect(port: int, count: int) -> dict[int, socket.socket]:
    """Open `count` streams by file descriptor; each has received its response head."""
    streams = {}
    for _ in range(count):
        stream = socket.create_connection(("127.0.0.1", port), timeout=30)
        stream.sendall(REQUEST)
        if not stream.recv(4096).startswith(b"HTTP/1.1 200"):
            raise ConnectionError("no stream")
        stream.setblocking(False)  # noqa: FBT003 - the standard library's signature
        streams[stream.fileno()] = stream
    return streams


def main() -> None:
    """Count until the process is ended."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    streams = connect(int(sys.argv[1]), int(sys.argv[2]))
    poll = select.epoll()
    for number in streams:
        poll.register(number, select.EPOLLIN)
    print("ready", flush=True)
    buffer, frames, ended, printed = bytearray(BUFFER), 0, 0, 0.0
    while True:
        for number, _ in poll.poll(0.01):
            got = streams[number].recv_into(buffer)
            frames += buffer.count(MARK, 0, got)
            if not got:
                ended += 1
                poll.unregister(number)
        if time.perf_counter() - printed > 0.01:
            printed = time.perf_counter()
            print(json.dumps([frames, ended, time.process_time()]), flush=True)


if __name__ == "__main__":
    main()
