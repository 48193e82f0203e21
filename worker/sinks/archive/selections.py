"""An archive names each filter and each choice of attributes that it was ever written with.

Settings change, and files do not: what was left out once is missing for ever. The files alone do
not say so: five minutes whose events were all filtered out have no file. So each selection has a
file of its own beside the owner's mark, which is written once and stays.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from worker.consumers.sink import Unavailable
from worker.sinks.archive.place import Place

FOLDER = "_stockpulse/selections"


@dataclass(frozen=True, slots=True)
class Selection:
    """What an archive keeps: the events of a filter pattern, and attributes; None means all."""

    pattern: str | None = None
    attributes: Sequence[str] | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self.pattern is None and self.attributes is None

    @property
    def missing(self) -> Iterator[str]:
        """What a restore would lack, a clause for each reason."""
        if self.pattern is not None:
            yield (
                f"events that do not match {self.pattern} were left out, so products would be "
                "missing, or have the values of an older change, or be there although they were "
                "deleted"
            )
        if self.attributes is not None:
            kept = ", ".join(self.attributes) or "none"
            yield f"of each product, only the key and these attributes were kept: {kept}"


EVERYTHING = Selection()


def note(place: Place, selection: Selection) -> None:
    """Write a selection's file, unless there is one, or nothing is left out.

    Raises:
        Unavailable: the place cannot be used now.

    """
    if selection.is_all:
        return
    attributes = selection.attributes
    text = json.dumps(
        {
            "filter": selection.pattern,
            "attributes": None if attributes is None else sorted(attributes),
        },
        sort_keys=True,
    )
    name = f"{FOLDER}/{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    spool = place.spool()
    try:
        spool.write_text(text)
        place.put(name, spool)
    finally:
        with suppress(FileNotFoundError):
            spool.unlink()


def noted(place: Place) -> list[Selection]:
    """Every selection that the archive was written with; empty if it was always whole.

    Raises:
        Unavailable: the place cannot be read, or a file there is damaged.

    """
    return [_read(place, name) for name in place.names(FOLDER)]


def _read(place: Place, name: str) -> Selection:
    try:
        with place.open(name) as file:
            if file is None:
                raise Unavailable(f"{place.name}/{name} was there, and is gone.")
            found = json.loads(file.read())
            attributes = found["attributes"]
            return Selection(found["filter"], None if attributes is None else tuple(attributes))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(
            f"{place.name}/{name} cannot be read ({type(error).__name__}: {error}). It says what "
            "the archive lacks."
        ) from error
