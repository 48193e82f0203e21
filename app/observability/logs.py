"""Log lines go to stderr, as text for people or as one JSON object per line for machines.

Context fields (a request, a shard, events) are bound to a block of code, and every line logged
there has them. Credentials in messages are masked.
"""

import logging
import re
import sys
import textwrap
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Any, Literal, TextIO

from app.core import json_text

GATHER = 0.05  # seconds for which lines below WARNING are buffered


class GatheringHandler(logging.StreamHandler[TextIO]):
    """Buffers lines and writes them from a thread; a warning or error is written at once."""

    def __init__(self, stream: TextIO | None = None, gather: float = GATHER) -> None:
        super().__init__(stream)
        self._gather = gather
        self._lines: list[str] = []
        self._some = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Buffer a line; the caller holds the handler's lock."""
        try:
            self._lines.append(self.format(record) + self.terminator)
        except Exception:  # noqa: BLE001 - logging must not fail, as in every handler
            self.handleError(record)
            return
        if record.levelno >= logging.WARNING:
            self.flush()
        elif not self._some.is_set():
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-lines", daemon=True)
                self._thread.start()
            self._some.set()

    def flush(self) -> None:
        """Write the buffered lines."""
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("".join(lines))
            super().flush()
        finally:
            self.release()

    def close(self) -> None:
        """Write the buffered lines and end the thread."""
        self._closing.set()
        self._some.set()
        self.flush()
        super().close()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._some.wait()
            self._closing.wait(self._gather)
            self._some.clear()
            self.flush()


_NOTHING: Mapping[str, Any] = MappingProxyType({})
_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=_NOTHING)

# Attributes of every record; all others were passed as `extra`.
_OWN = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
_MASKS = (
    (re.compile(r"(?<=://)[^/\s'\"]+@"), "***@"),  # a URL's user and password
    (re.compile(r"\b([Bb]earer|Basic)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
)
_SIGNS = ("://", "earer", "Basic")  # one of them is in every text that a mask changes
# Characters that could end a line or control a terminal: C0, DEL, C1, line separators. Half an
# emoji (a lone surrogate) cannot be written to a terminal at all.
_ESCAPED = (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0xD800, 0xE000))
_ESCAPES = {code: ascii(chr(code))[1:-1] for code in _ESCAPED}

_log = logging.getLogger(__name__)


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Add fields to every line that is logged inside the block, in this task or thread.

    Threads that anyio starts for a request inherit the fields; other new threads do not.
    """
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


class TextFormatter(logging.Formatter):
    """A record as one line with its context fields at the end; a traceback follows, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The line without the traceback."""
        bound = "".join(f" {name}={_short(value)}" for name, value in _about.get().items())
        line = super().formatMessage(record) + (f" [{bound[1:]}]" if bound else "")
        return escaped(line)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """The traceback, indented so that a line break in an error text cannot fake a log line."""
        lines = super().formatException(ei).split("\n")
        return textwrap.indent("\n".join(escaped(line) for line in lines), "  ")

    def format(self, record: logging.LogRecord) -> str:
        """The line, followed by the traceback."""
        return masked(super().format(record))


class JsonFormatter(logging.Formatter):
    """A record, including its exception, as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The JSON on one line."""
        given = {name: value for name, value in vars(record).items() if name not in _OWN}
        document = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
            **_about.get(),
            **given,
        }
        if record.exc_info:
            document["exception"] = masked(self.formatException(record.exc_info))
        return json_text.dumps(document, default=str).decode()


def escaped(text: str) -> str:
    """The text with control characters escaped, for a log or a terminal."""
    return text if text.isprintable() else text.translate(_ESCAPES)  # nearly every line is


def masked(text: str) -> str:
    """The text without credentials in URLs and Authorization headers."""
    if not any(sign in text for sign in _SIGNS):
        return text
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def configure(form: Literal["text", "json"]) -> None:
    """Set up logging for this process; an entry point calls it once."""
    handler = GatheringHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("botocore", "uvicorn", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # They log the traceback of an error that they also raise.
    for repetitive in ("botocore.credentials", "botocore.tokens"):
        logging.getLogger(repetitive).setLevel(logging.ERROR)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _log.critical("unexpected error", exc_info=(kind, error, trace))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
        name = arguments.thread.name if arguments.thread else "?"
        _log.critical("thread %s ended with an error", name, exc_info=arguments.exc_value)


def _short(value: Any) -> str:
    """A value for a text line; for a list, its first element and the number of others."""
    if isinstance(value, (list, tuple)) and value:
        more = f" and {len(value) - 1} more" if len(value) > 1 else ""
        return f"{value[0]}{more}"
    return str(value)
