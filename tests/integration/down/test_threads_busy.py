"""Health checks need no thread; `/readyz` still says that requests are not served without one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.web.app import WEB_THREADS
from app.web.auth.permissions import PUBLIC
from tests.integration.down.kit import REPORTED, wait_for_readiness
from tests.support.processes.running import serving, settings_for


def test_readiness_fails_while_no_thread_is_free(endpoint: str, tmp_path: Path) -> None:
    released = threading.Event()

    def slow() -> None:
        released.wait(30)

    with serving(settings_for(endpoint, tmp_path)) as app, ThreadPoolExecutor(WEB_THREADS) as pool:
        app.web.add_api_route("/slow", slow, dependencies=[PUBLIC])
        try:
            waiting = [pool.submit(app.http.get, "/slow") for _ in range(WEB_THREADS)]
            unready = wait_for_readiness(app.http, 503, REPORTED)
            assert "all threads are busy" in unready["parts"]["web"]
            assert unready["details"]["summary"] == "Stockpulse is not working."
            assert app.http.get("/healthz").status_code == 200
        finally:
            released.set()
        assert {answer.result().status_code for answer in waiting} == {200}
        assert wait_for_readiness(app.http, 200, REPORTED)["details"]["findings"] == []
