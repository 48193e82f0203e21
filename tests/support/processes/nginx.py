"""A real nginx in front of the application."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes.process import free_port
from tests.support.processes.servers import found, needed

PROGRAM = found("nginx")
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def nginx(folder: Path, http: str, port: int) -> Iterator[str]:
    """Run nginx with this content of its `http` block, which listens on `port`; yields its URL."""
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in _TEMPORARY)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}\n{http}\n}}\n"
    )
    command = [
        needed(PROGRAM, "nginx"),
        "-e",
        f"{folder}/error.log",
        "-c",
        str(configuration),
        "-p",
        str(folder),
    ]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        _wait(child, port, folder / "error.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(10)


def in_front_of(block: str, upstreams: Sequence[str]) -> tuple[str, int]:
    """The documented block with these upstreams and a free port; returns that port, too."""
    port = free_port()
    before, _, rest = block.partition("    server 127.0.0.1:8001;\n    server 127.0.0.1:8002;\n")
    # max_fails=0: each request tries the first upstream first, whatever happened before.
    servers = "".join(f"    server {address} max_fails=0;\n" for address in upstreams)
    assert "listen 80;" in rest
    return before + servers + rest.replace("listen 80;", f"listen 127.0.0.1:{port};"), port


def _wait(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return
