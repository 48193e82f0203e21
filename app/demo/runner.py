"""A process runs one demo shop at a time, in a thread that any other thread can start and stop."""

import logging
import threading

from app.demo.live import Plan
from app.store.products.product_repository import ProductRepository

_log = logging.getLogger(__name__)

_JOIN = 10.0  # seconds that a stop waits for the current write


class DemoShop:
    """Runs a plan in a thread; a context manager that stops it at the end."""

    def __init__(self, products: ProductRepository, plan: Plan) -> None:
        self._products = products
        self._plan = plan
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "DemoShop":
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def running(self) -> bool:
        """Whether the shop is running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the shop, or continue after the last change; does nothing if it is running."""
        with self._lock:
            if self.running():
                return
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name="demo-shop", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop the shop, and wait up to 10 s for the current write."""
        with self._lock:
            self._stop.set()
            if self._thread is not None:
                self._thread.join(_JOIN)

    def _run(self, stop: threading.Event) -> None:
        try:
            self._plan.run(self._products, stop)
        except Exception:  # noqa: BLE001 - no error of the shop may stop the server
            _log.exception("the demo shop stopped with an error; it can be started again")
