"""An archive's files as NDJSON in gzip, whose comment has the cursors (RFC 1952, FCOMMENT)."""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from app.core import json_text
from app.store.feed.cursor import Cursor, parse_cursor
from worker.sinks.archive.rows import CHOOSING, Row, from_json, in_ms, json_row

# Method deflate, a comment follows, no time of the file, no name of an operating system.
_HEADER = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff"
_NONE = "-" * 26  # as long as a cursor: the comment is written again at the end
_COMMENT = re.compile(rb"stockpulse first=([0-9a-f-]{26}) end=([0-9a-f-]{26})\0")


class NDJSONWriter:
    """Writes rows to a file, each as one line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._checksum = self._size = 0
        file.write(_HEADER + _comment(_NONE, _NONE))

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        lines = b"".join(json_text.dumps(json_row(row)) + b"\n" for row in rows)
        self._checksum = zlib.crc32(lines, self._checksum)
        self._size += len(lines)
        self._file.write(self._deflate.compress(lines))

    def close(self, first: Cursor | None, end: Cursor | None) -> None:
        """Write the rest, and the cursors of the first and the last arrival."""
        self._file.write(self._deflate.flush())
        for number in (self._checksum, self._size & 0xFFFFFFFF):
            self._file.write(number.to_bytes(4, "little"))
        if first is not None and end is not None:
            self._file.seek(len(_HEADER))
            self._file.write(_comment(str(first), str(end)))

    def drop(self) -> None:
        """Give the file up."""


class NDJSONReader:
    """Reads a file that `NDJSONWriter` wrote; `OSError` and `ValueError` if it is damaged."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def end(self) -> Cursor | None:
        """The cursor of the last arrival; None in a file of redriven events."""
        self._file.seek(len(_HEADER))
        match = _COMMENT.match(self._file.read(len(_comment(_NONE, _NONE))))
        if match is None:
            raise ValueError("the file's header has no comment of Stockpulse")
        return None if match[2] == _NONE.encode() else parse_cursor(match[2].decode())

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows in order."""
        self._file.seek(0)
        try:
            with gzip.GzipFile(fileobj=self._file, mode="rb") as lines:
                for line in lines:
                    yield from_json(json_text.loads(line))
        except (EOFError, zlib.error, KeyError) as error:
            raise ValueError(f"the file is damaged ({type(error).__name__}: {error})") from error

    def choosing(self) -> Iterator[tuple[Any, ...]]:
        """The columns `CHOOSING` of all rows in order, `occurred_at` in ms since 1970."""
        for row in self.rows():
            yield (*(row[name] for name in CHOOSING[:-1]), in_ms(row["occurred_at"]))

    def some(self, numbers: Sequence[int], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Some columns of the rows with these numbers, which rise."""
        wanted = iter(numbers)
        following = next(wanted, None)
        for number, row in enumerate(self.rows()):
            if number == following:
                yield {name: row[name] for name in columns}
                following = next(wanted, None)
            if following is None:
                return


def _comment(first: str, end: str) -> bytes:
    return f"stockpulse first={first} end={end}".encode() + b"\0"
