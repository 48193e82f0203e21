"""Keys created and revoked on the command line take effect at once in a running server."""

import threading
from pathlib import Path

import pytest

from tests.support.http import plain
from tests.support.processes.forked import ran
from tests.support.processes.process import Process, with_settings
from tests.support.waiting import until

pytestmark = pytest.mark.embedded

SOON = 10.0  # seconds, on a loaded machine; it normally takes two


def stockpulse(app: Process, *command: str) -> tuple[str, str]:
    """Run a command on the server's data folder; returns its stdout and stderr."""
    given = {"STOCKPULSE_DATA_DIR": str(app.data_dir), "STOCKPULSE_PORT": str(app.port)}
    status, output, errors = ran(*command, environment=with_settings(given))
    assert status == 0, errors
    return output, errors


def follow(app: Process, headers: dict[str, str]) -> threading.Thread:
    """Read a live stream in a thread until the server ends it."""
    opened = threading.Event()

    def read() -> None:
        wanted = {"Accept": "text/event-stream"} | headers
        with plain.stream("GET", f"{app.url}/v1/events", headers=wanted, timeout=60) as answer:
            assert answer.status_code == 200
            opened.set()
            for _ in answer.iter_bytes():
                pass

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert opened.wait(SOON)
    return thread


def test_creating_a_key_closes_a_running_server_and_revoking_it_ends_sessions_and_streams(
    tmp_path: Path,
) -> None:
    with Process(tmp_path / "data") as app:
        assert plain.get(f"{app.url}/v1/products").status_code == 200, (
            "open on loopback without keys"
        )
        stranger = follow(app, {})

        made, said = stockpulse(app, "key", "create", "till", "--role", "viewer", "--link")
        secret, link = made.split()
        assert secret not in said
        assert link.startswith(f"{app.url}/sign-in/link?token=")
        token = link.partition("token=")[2]

        def status(headers: dict[str, str]) -> int:
            return plain.get(f"{app.url}/v1/products", headers=headers).status_code

        until(lambda: status({}) == 401, SOON)
        stranger.join(SOON)
        assert not stranger.is_alive(), "a stream opened without a key ends, too"

        key = {"Authorization": f"Bearer {secret}"}
        assert status(key) == 200
        with plain.Client(base_url=app.url, headers={"Accept": "text/html"}) as browser:
            assert browser.post("/sign-in/link", data={"token": token}).status_code == 303
            assert browser.get("/products").status_code == 200
            session = {"Cookie": f"stockpulse_session={browser.cookies['stockpulse_session']}"}
            streams = [follow(app, key), follow(app, session)]

            stockpulse(app, "key", "revoke", "till")
            until(lambda: status(key) == 401, SOON)
            assert browser.get("/products").status_code == 303, "the session ended with its key"
            for stream in streams:
                stream.join(SOON)
                assert not stream.is_alive()
        assert status({}) == 401, "revoking the last key does not open the server"

        listed = stockpulse(app, "key", "list")[0]
        assert "till" in listed
        assert "revoked" in listed
        assert app.stop() == 0
        output = app.output
    kept = b"".join(file.read_bytes() for file in app.data_dir.iterdir() if file.is_file())
    assert b"till" in kept
    for planted in (secret, secret[16:], token, session["Cookie"]):
        assert planted not in output
        assert planted.encode() not in kept, "only hashes are kept"
    assert (app.data_dir / "session.key").stat().st_mode & 0o777 == 0o600
