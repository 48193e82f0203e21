"""`threading`, `queue` and `concurrent.futures` on the hub's tasks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from tests.support.simulation.hub import Crash, Hub, Task


class SimLock:
    """`threading.Lock`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002
        if self._held and (not blocking or not self._hub.wait(
            lambda: not self._held, None if timeout < 0 else timeout
        )):  # fmt: skip
            return False
        self._held = True
        return True

    def release(self) -> None:
        self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *exc: object) -> None:
        self.release()


class SimCondition(SimLock):
    """`threading.Condition`."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._notified = 0

    def wait(self, timeout: float | None = None) -> bool:
        before = self._notified
        return self.wait_for(lambda: self._notified != before, timeout)

    def wait_for(self, ready: Callable[[], bool], timeout: float | None = None) -> bool:
        if ready():
            return True
        self.release()
        came = self._hub.wait(lambda: not self._held and ready(), timeout)
        if self._held:
            self._hub.wait(lambda: not self._held, None)
        self._held = True
        return came or ready()

    def notify(self, _n: int = 1) -> None:
        self._notified += 1

    notify_all = notify


class SimEvent:
    """`threading.Event`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._set = False

    def is_set(self) -> bool:
        if self._hub.current is not None and self._hub.current.process.dead:
            raise Crash
        return self._set

    def set(self) -> None:
        self._set = True

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        return self._set or self._hub.wait(lambda: self._set, timeout)


class SimThread:
    """`threading.Thread`, in the process that creates it."""

    def __init__(
        self,
        hub: Hub,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        self._hub = hub
        self._call = lambda: target(*args, **(kwargs or {}))
        self._task: Task | None = None

    def start(self) -> None:
        assert self._hub.current is not None
        self._task = self._hub.spawn(self._hub.current.process, self._call)

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.body.dead

    def join(self, timeout: float | None = None) -> None:
        self._hub.wait(lambda: not self.is_alive(), timeout)


class SimQueue:
    """`queue.SimpleQueue`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._items: list[Any] = []

    def put(self, item: Any) -> None:
        self._items.append(item)

    def get(self) -> Any:
        while not self._items:
            self._hub.wait(lambda: bool(self._items), None)
        return self._items.pop(0)


class SimFuture:
    """`concurrent.futures.Future`."""

    def __init__(self, hub: Hub, call: Callable[[], Any]) -> None:
        self._hub = hub
        self._call = call
        self._done = False
        self._value: Any = None
        self._error: Exception | None = None

    def run(self) -> None:
        """Run the call, in the future's thread."""
        try:
            self._value = self._call()
        except Exception as error:  # noqa: BLE001 - raised by `result`
            self._error = error
        self._done = True

    def done(self) -> bool:
        return self._done

    def result(self, timeout: float | None = None) -> Any:
        if not self._hub.wait(lambda: self._done, timeout):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._value


class SimPool:
    """`concurrent.futures.ThreadPoolExecutor`, with a thread for each call."""

    def __init__(self, hub: Hub, *_: Any) -> None:
        self._hub = hub
        self._futures: list[SimFuture] = []

    def __enter__(self) -> "SimPool":
        return self

    def __exit__(self, *exc: object) -> None:
        self._hub.wait(lambda: all(future.done() for future in self._futures), None)

    def submit(self, call: Callable[..., Any], *args: Any) -> SimFuture:
        assert self._hub.current is not None
        future = SimFuture(self._hub, lambda: call(*args))
        self._futures.append(future)
        self._hub.spawn(self._hub.current.process, future.run)
        return future

    def map(self, call: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        futures = [self.submit(call, item) for item in items]
        return (future.result() for future in futures)
