"""The sink that keeps every event in files of a directory or a bucket, under an owner's mark."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.core.keys import KeyPart, KeySchema
from app.store.deployment import Deployment
from app.store.feed.cursor import Cursor
from worker.consumers.sink import Rejected, Sink, Unavailable
from worker.sinks.archive.archive_check import ArchiveCheck
from worker.sinks.archive.files import ArchiveFiles
from worker.sinks.archive.names import Format
from worker.sinks.archive.place import OWNER, Place
from worker.sinks.archive.selections import EVERYTHING, Selection, note
from worker.sinks.owner_mark import owner_of, refuse_other
from worker.sinks.shaping import Projection

NAME = "archive"
POLL = 15.0  # seconds: a file is due at most every five minutes
SETTING = "STOCKPULSE_ARCHIVE_URL"


def place_of(url: str, endpoint: str | None = None) -> Place:
    """The place with a URL, as the settings check it: `s3://bucket/prefix`, or a path."""
    if url.startswith("s3://"):
        from worker.sinks.archive.bucket import Bucket

        parts = urlsplit(url)
        return Bucket(parts.netloc, parts.path.strip("/"), endpoint)
    from worker.sinks.archive.directory import Directory

    return Directory(Path(url.removeprefix("file://")))


def owner_mark(place: Place) -> dict[str, Any] | None:
    """What the place's mark says; None without a mark.

    Raises:
        Unavailable: the place cannot be read, or its mark is damaged.

    """
    try:
        with place.open(OWNER) as file:
            if file is None:
                return None
            mark: dict[str, Any] = json.loads(file.read())
            return mark | {"owner": str(mark["owner"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(
            f"The mark {place.name}/{OWNER} cannot be read ({type(error).__name__}: {error}). "
            "Restore it, or set the archive's place to an empty one."
        ) from error


def key_in(mark: dict[str, Any]) -> KeySchema:
    """The key of the products table, which an owner's mark names for restores."""
    return KeySchema(*(KeyPart(part["name"], part["type"]) for part in mark["key"]))


class Archive:
    """An archive of one deployment."""

    def __init__(
        self,
        place: Place,
        form: Format,
        deployment: Deployment,
        selection: Selection = EVERYTHING,
    ) -> None:
        """`selection`: its attributes are applied here, its pattern by the sink's `wants`."""
        self._place = place
        self._deployment = deployment
        self._selection = selection
        self._shown = Projection(selection.attributes, deployment.names).event
        self._files = ArchiveFiles(place, form, self._shown, self._begin)
        self._claimed = self._noted = False

    def sink(self) -> Sink:
        """The sink named `archive`."""
        return Sink(
            NAME,
            self.deliver,
            poll=POLL,
            internal=True,
            test=self.test,
            files=self._files,
        )

    def check(self, sink: Sink, start: Cursor | None) -> Iterator[str]:
        """Compare the files with the log; `sink` says which events it takes. See `Sink.check`.

        `start`: where a new sink begins.
        """
        self.claim()
        place, deployment = self._place, self._deployment
        return ArchiveCheck(NAME, place, deployment, sink.takes, self._shown, start).differences()

    def deliver(self, events: Sequence[ChangeEvent]) -> list[Rejected]:
        """Write redriven events to a file of their own.

        Raises:
            Unavailable: the file is not there.

        """
        self._files.redriven(events)
        return []

    def claim(self) -> None:
        """Check that the place is this deployment's, and mark it as such the first time.

        Raises:
            Unavailable: it is another's, or cannot be used now.

        """
        if self._claimed:
            return
        try:
            own = owner_of(self._deployment)
        except StoreUnavailable as error:
            raise Unavailable(error.detail) from error
        refuse = partial(refuse_other, own=own, target=f"The archive {self._place.name}")
        for _ in range(2):
            mark = owner_mark(self._place)
            found = None if mark is None else str(mark["owner"])
            if refuse(found, setting=SETTING):
                break
            self._write_mark(own)
        if self._write_mark(own):
            raise Unavailable(
                f"The archive {self._place.name} replaces files (it ignores If-None-Match), so two "
                "workers could tear one. Set STOCKPULSE_ARCHIVE_URL to another service."
            )
        self._claimed = True

    def test(self) -> str:
        """Check that the place can be written and read; see `Sink.test`."""
        self._claimed = False
        self.claim()
        return f"The archive {self._place.name} can be written, and belongs to this deployment."

    def _begin(self) -> None:
        """Claim the place, and note what is left out before any file lacks it; raises as both."""
        self.claim()
        if not self._noted:
            note(self._place, self._selection)
            self._noted = True

    def _write_mark(self, owner: str) -> bool:
        """Write the mark; False if there is one."""
        key = self._deployment.names.key
        mark = {
            "owner": owner,
            "table": self._deployment.tables.products,
            "key": [{"name": part.name, "type": part.kind} for part in key.parts],
        }
        spool = self._place.spool()
        try:
            spool.write_text(json.dumps(mark))
            return self._place.put(OWNER, spool)
        finally:
            spool.unlink()
