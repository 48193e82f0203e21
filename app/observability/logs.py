"""Log lines go to stderr, as text for people or as JSON, one object a line, for machines.

What a line is about (a request, a shard, events) is bound to the code that runs, so that
every line written there carries it. Credentials that slip into a text are masked.
"""

import json
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

import orjson

GATHER = 0.05  # seconds


class GatheringHandler(logging.StreamHandler[TextIO]):
    """A stream's handler, with a thread that writes what was gathered."""

    def __init__(self, stream: TextIO | None = None, gather: float = GATHER) -> None:
        super().__init__(stream)
        self._gather = gather
        self._lines: list[str] = []
        self._some = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; the caller holds the handler's lock."""
        try:
            self._lines.append(self.format(record) + self.terminator)
        except Exception:  # noqa: BLE001 - as every handler does: logging must not fail
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
        """Write what waits."""
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("".join(lines))
            super().flush()
        finally:
            self.release()

    def close(self) -> None:
        """Write what waits, and no more."""
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

# What every record has; anything else on one was given as `extra`.
_OWN = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
_MASKS = (
    (re.compile(r"(?<=://)[^/\s'\"]+@"), "***@"),  # a URL's user and password
    (re.compile(r"\b([Bb]earer|Basic)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
)
# What could end a line or steer a terminal, as its escape sequence: C0, DEL, C1, line separators.
_ESCAPES = {code: ascii(chr(code))[1:-1] for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}

_log = logging.getLogger(__name__)


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Bind fields to every line that is logged inside the block, in this task or thread.

    Threads that anyio starts for a request inherit them; a thread made by hand begins with none.
    """
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


class TextFormatter(logging.Formatter):
    """A record as one line, with what it is about at its end; a trace follows, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The line without an exception's trace, which follows it."""
        bound = "".join(f" {name}={_short(value)}" for name, value in _about.get().items())
        line = super().formatMessage(record) + (f" [{bound[1:]}]" if bound else "")
        return escaped(line)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """The trace, indented: a line break in an error's text begins no log line."""
        lines = super().formatException(ei).split("\n")
        return textwrap.indent("\n".join(escaped(line) for line in lines), "  ")

    def format(self, record: logging.LogRecord) -> str:
        """The line and, below it, the trace."""
        return masked(super().format(record))


class JsonFormatter(logging.Formatter):
    """A record, its exception included, as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
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
        try:
            return orjson.dumps(document, default=str).decode()
        except TypeError:  # a lone surrogate has no UTF-8: the slower way escapes it
            return json.dumps(document, default=str)


def escaped(text: str) -> str:
    """The text with control characters escaped, for a line of a log or a terminal."""
    return text.translate(_ESCAPES)


def masked(text: str) -> str:
    """The text without passwords in URLs and credentials of an Authorization header."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


def configure(form: Literal["text", "json"]) -> None:
    """Set up this process's logging; once, by an entry point."""
    handler = GatheringHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("botocore", "uvicorn", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _log.critical("an error that nothing expected", exc_info=(kind, error, trace))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
        name = arguments.thread.name if arguments.thread else "?"
        _log.critical("thread %s died", name, exc_info=arguments.exc_value)


def _short(value: Any) -> str:
    """A value as people read it; of many ids the first and how many more."""
    if isinstance(value, (list, tuple)) and value:
        more = f" and {len(value) - 1} more" if len(value) > 1 else ""
        return f"{value[0]}{more}"
    return str(value)
