"""A signal ends the program as an exception, so that everything opened is closed in order."""

import signal


def end_by_signals() -> None:
    """From now on a signal raises KeyboardInterrupt.

    (uvicorn raises the signals that it caught again when it is done.)
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)


def _end(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
