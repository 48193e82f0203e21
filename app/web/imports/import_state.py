"""An import as people and programs see it: a picture of its state at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from app.web.imports.reading.decimals import Guess

# `reading`: the file is read and compared. `ready`: it waits for its start. `failed`: it cannot be
# read. An import that is running or undoing goes on after a crash.
State = Literal["reading", "ready", "running", "done", "undoing", "undone", "failed"]
BUSY: tuple[State, ...] = ("reading", "running", "undoing")

_KEPT_UNSTARTED, _KEPT = timedelta(days=1), timedelta(days=30)

# What a row does, as it was compared.
Action = Literal["create", "change", "unchanged", "refused"]

# What became of a row: nothing yet, written, refused although it was not in the preview, taken
# back, or not taken back.
Outcome = Literal["", "written", "refused", "undone", "kept"]


@dataclass(frozen=True, slots=True)
class Options:
    """What people may change about how a file is read.

    `columns` has the field of each column (None: it is left out); None as a whole: guess them.
    `decimal` is None to guess. `clear`: an empty cell removes the value; else it leaves it.
    """

    columns: tuple[str | None, ...] | None = None
    decimal: Guess = None
    sheet: str | None = None
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """An import, its file as it was understood, and its progress.

    `columns` and `mark` are those in use. `counts` has how many rows do what, `outcomes` what
    became of those that were to be written, and `fields` how many rows change each field. `done`
    of `total` rows are handled in the current state. `trouble` is why it failed, or why it cannot
    be started.
    """

    id: str
    filename: str
    actor: str
    state: State
    created_at: datetime
    options: Options = field(default_factory=Options)
    about: str = ""
    header: Sequence[str] = ()
    columns: Sequence[str | None] = ()
    mark: Guess = None
    sheets: Sequence[str] = ()
    sheet: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, int] = field(default_factory=dict)
    done: int = 0
    total: int = 0
    trouble: str | None = None
    began_at: datetime | None = None

    @property
    def to_write(self) -> int:
        """How many rows are to be written."""
        return self.counts.get("create", 0) + self.counts.get("change", 0)

    @property
    def objection(self) -> str:
        """Why it cannot be started; empty if it can."""
        if self.state in BUSY:
            return "The import is at work. Wait until it is ready."
        if self.state != "ready":
            return "This import was started before, or has failed. Import the file again."
        nothing = "" if self.to_write else "The file changes nothing: there is no row to import."
        return self.trouble or nothing

    def is_expired(self, now: datetime) -> bool:
        """Whether it is deleted, unless it is at work."""
        kept = _KEPT_UNSTARTED if self.state in {"ready", "failed"} else _KEPT
        return self.created_at + kept <= now

    @property
    def written(self) -> int:
        """How many rows have been written, whether they were taken back or not."""
        return sum(self.outcomes.get(name, 0) for name in ("written", "undone", "kept"))


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row of the file: its number there, what it does, and what became of it.

    `changes` has the field, its text before and its text after. `document` is what is written.
    """

    number: int
    product_id: str
    action: Action
    changes: Sequence[Sequence[str]] = ()
    reason: str = ""
    etag: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = ""
