"""One 0600 file in the data folder records where the engine is; it is replaced atomically."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from app.store.engine.address import Address, parse

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """A running engine: its URL and its process id."""

    url: str
    pid: int


@dataclass(frozen=True)
class Record:
    """The file's content: the address, and the process id while an engine runs."""

    address: Address
    pid: int | None = None


def read(path: Path) -> Record | None:
    """The record; None if there is none, or if it is invalid."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        pid = found["pid"]
        return Record(parse(str(found["url"])), pid if isinstance(pid, int) and pid > 1 else None)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        log.warning("%s is invalid (%s): choosing a new address", path, error)
        return None


def write(path: Path, record: Record) -> None:
    """Replace the record atomically; a reader sees the old one or the new one.

    Raises:
        OSError: the folder cannot be written.

    """
    text = json.dumps({"url": record.address.url, "pid": record.pid}) + "\n"
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
