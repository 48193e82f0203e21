"""Eight threads that call one server as fast as it answers, each over its own connection.

`python api_clients.py PORT read|write SECONDS PRODUCTS` prints one JSON line. Requests are bytes on
a socket, so that the clients use little CPU.
"""

import json
import random
import socket
import sys
import threading
import time

THREADS = 8
HEAD = "Host: 127.0.0.1\r\nAccept: application/json\r\n"


def a_request(kind: str, product_id: str) -> bytes:
    """The bytes of one request."""
    place = f"/v1/products/{product_id}"
    if kind == "read":
        return f"GET {place} HTTP/1.1\r\n{HEAD}\r\n".encode()
    body = json.dumps({"delta": 1, "reason": "received"})
    return (
        f"POST {place}/adjustments HTTP/1.1\r\n{HEAD}Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def exchange(connection: socket.socket, request: bytes) -> None:
    """Send the request and read the whole response."""
    connection.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(got.decode())
    at = head.lower().index(b"content-length:") + 15
    left = int(head[at:].partition(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(connection.recv(65536))


def ask(port: int, kind: str, until: float, products: list[str], took: list[float]) -> None:
    """Request these products until the time is up; append each request's seconds to `took`."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (begun := time.perf_counter()) < until:
            exchange(connection, a_request(kind, random.choice(products)))
            took.append(time.perf_counter() - begun)


def main() -> None:
    """Run the threads and print the figures."""
    port, kind, seconds, count = sys.argv[1:]
    # Each thread has its own products, because the baseline does not retry conflicts.
    products = [f"P{number}" for number in range(int(count))]
    found: list[list[float]] = [[] for _ in range(THREADS)]
    until = time.perf_counter() + float(seconds)
    threads = [
        threading.Thread(target=ask, args=(int(port), kind, until, products[n::THREADS], took))
        for n, took in enumerate(found)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = sorted(second for each in found for second in each)
    if not all(found):
        raise SystemExit("a connection was refused")
    print(
        json.dumps(
            {
                "per_s": len(took) / float(seconds),
                "p50_ms": took[len(took) // 2] * 1000,
                "p99_ms": took[int(len(took) * 0.99)] * 1000,
            }
        )
    )


if __name__ == "__main__":
    main()
