"""One shop at a time in a process: a thread that can be started and stopped from any other."""

import logging
import threading

from app.demo.live import Plan
from app.store.products.product_repository import ProductRepository

_log = logging.getLogger(__name__)

_JOIN = 10.0  # seconds that a stop waits for the write under way


class DemoShop:
    """Runs a plan beside everything else; a context manager that stops it at the end."""

    def __init__(self, products: ProductRepository, plan: Plan) -> None:
        self._products = products
        self._plan = plan
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "DemoShop":
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def running(self) -> bool:
        """Whether the shop is open."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Open the shop, or go on where it was stopped; nothing where it runs."""
        with self._turn:
            if self.running():
                return
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name="demo-shop", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Close the shop; the write under way is finished, within a bound."""
        with self._turn:
            self._stop.set()
            if self._thread is not None:
                self._thread.join(_JOIN)

    def _run(self, stop: threading.Event) -> None:
        try:
            self._plan.run(self._products, stop)
        except Exception:  # noqa: BLE001 - whatever it was, the server goes on
            _log.exception("the demo shop closed by itself; it can be started again")
