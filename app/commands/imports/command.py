"""`stockpulse import` compares a file with the products and writes it, as the page does.

An import that was interrupted goes on when the same file is imported again.
"""

import argparse
import contextlib
import hashlib
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from app.bootstrap.importing import importing
from app.commands.common import CommandError, Progress, actor
from app.config.settings import Settings
from app.core.errors import StockpulseError, StoreUnavailable
from app.store.engine.errors import DataFolderHeld
from app.store.engine.lock import is_held
from app.web.imports.import_check import check_columns
from app.web.imports.import_job import ImportJob
from app.web.imports.import_state import BUSY, Import, Options
from app.web.imports.import_threads import MOST, Imports
from app.web.imports.reading.columns import LABELS

_PIECE = 1 << 20  # bytes that are read at a time
_PAUSE = 0.2  # seconds between two looks at the progress
_MOST_SHOWN = 20  # refused rows
_DOING = {"reading": "compared", "running": "imported", "undoing": "undone"}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "import",
        help="create and change products from a CSV or XLSX file",
        description="Compares each row of the file with its product, and writes what differs as "
        "one batch, which --undo takes back. A row is refused if its product changes in between. "
        "If the command is interrupted, run it again with the same file: it goes on. Exit status: "
        "0 if every row was imported or changed nothing, else 1.",
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a CSV or XLSX file")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="NAME=FIELD",
        help="the field that a column fills; columns that are not named are then left out. "
        f"Fields: {', '.join(LABELS)} (default: guessed from the names)",
    )
    parser.add_argument(
        "--decimal", choices=(".", ","), help="the file's decimal mark (default: guessed)"
    )
    parser.add_argument("--sheet", metavar="NAME", help="the sheet (default: the first one)")
    parser.add_argument("--clear", action="store_true", help="empty cells remove the value")
    parser.add_argument("--dry-run", action="store_true", help="compare, and write nothing")
    parser.add_argument("--undo", metavar="ID", help="take back an import of this computer")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Import the file, or take an import back."""
    if settings.read_only:
        raise CommandError("STOCKPULSE_READ_ONLY is set, so products cannot be changed")
    if (arguments.file is None) == (arguments.undo is None):
        raise CommandError("name a file, or an import with --undo ID")
    try:
        if arguments.undo is not None:
            return _undone(arguments.undo, settings)
        return _imported(arguments, settings)
    except StoreUnavailable:
        raise
    except StockpulseError as error:
        raise CommandError(error.detail) from None


def _imported(arguments: argparse.Namespace, settings: Settings) -> int:
    named = _named(arguments.column)
    digest = _digest(arguments.file)

    def is_interrupted(folder: Path) -> bool:
        saved = _saved(folder)
        return saved.get("sha256") == digest and saved.get("state") == "running"

    _make_room(settings.data_dir / "imports")
    with importing(settings, is_interrupted) as imports:
        interrupted = imports.all()
        if interrupted:
            found = interrupted[0]
            print(f"going on with the import {found.id}, which was interrupted", file=sys.stderr)
        else:
            found = _compared(arguments, imports, named)
            if found.state == "failed" or found.trouble:
                raise CommandError(found.trouble or "")
        if not arguments.dry_run and found.state == "ready" and found.to_write:
            imports.begin(found.id, "running", actor())
        found = _settled(imports, found.id)
        return _report(imports.job(found.id), found, is_dry=arguments.dry_run)


def _compared(
    arguments: argparse.Namespace, imports: Imports, named: Mapping[str, str] | None
) -> Import:
    upload = imports.receive()
    try:
        _each_piece(arguments.file, upload.write)
        options = Options(None, arguments.decimal, arguments.sheet, arguments.clear)
        job = imports.made(upload, arguments.file.name, actor(), options, named=named)
        imports.admit(job)
    finally:
        upload.discard()
    return _settled(imports, job.folder.name)


def _undone(import_id: str, settings: Settings) -> int:
    with importing(settings, lambda folder: folder.name == import_id) as imports:
        if not imports.all():
            raise CommandError(
                f"there is no import {import_id} in {settings.data_dir}, or a server works on it: "
                "then take it back on its page"
            )
        if imports.job(import_id).state() != "undoing":  # an interrupted undo goes on
            imports.begin(import_id, "undoing", actor())
        found = _settled(imports, import_id)
        kept = found.outcomes.get("kept", 0)
        print(f"Undone: {found.outcomes.get('undone', 0):,} rows; left as they are: {kept:,}.")
        _list_refused(imports.job(import_id))
        return 1 if kept else 0


def _settled(imports: Imports, import_id: str) -> Import:
    """The import once it is not at work, with its progress shown."""
    job = imports.job(import_id)
    with Progress() as progress:
        while (found := job.snapshot()).state in BUSY:
            text = f"{found.done:,} rows {_DOING[found.state]} …"
            progress(partial(str, text), found.done, found.total)
            time.sleep(_PAUSE)
    return found


def _report(job: ImportJob, found: Import, *, is_dry: bool) -> int:
    counts = {name: found.counts.get(name, 0) for name in ("create", "change", "unchanged")}
    late = found.outcomes.get("refused", 0)
    refused = found.counts.get("refused", 0) + late
    if is_dry:
        print(
            f"To create: {counts['create']:,}; to change: {counts['change']:,}; unchanged: "
            f"{counts['unchanged']:,}; refused: {refused:,}. Nothing was written."
        )
    else:
        print(
            f"Written: {found.written:,}; unchanged: {counts['unchanged']:,}; refused: {refused:,}."
        )
        if found.written:
            print(f"To take it back: stockpulse import --undo {found.id}")
    _list_refused(job)
    if is_dry or not found.written:
        job.remove()
    return 1 if refused else 0


def _list_refused(job: ImportJob) -> None:
    rows = job.table.rows("refused", 0, _MOST_SHOWN + 1)
    for row in rows[:_MOST_SHOWN]:
        print(f"row {row.number} ({row.product_id}): {row.reason}", file=sys.stderr)
    if len(rows) > _MOST_SHOWN:
        print("… and further rows", file=sys.stderr)


def _named(columns: list[str]) -> dict[str, str] | None:
    named = {}
    for text in columns:
        name, sign, field = text.rpartition("=")
        if not sign or (field and field not in LABELS):
            raise CommandError(f"--column {text!r}: write NAME=FIELD, with one of its fields")
        named[name] = field
    if (wrong := check_columns([field for field in named.values() if field])) is not None:
        raise CommandError(wrong)
    return named or None


def _saved(folder: Path) -> Mapping[str, Any]:
    """What is stored of an import on which nobody works."""
    if is_held(folder / "lock") or not (folder / "import.sqlite").exists():
        return {}
    try:
        job = ImportJob(folder)
    except DataFolderHeld:
        return {}
    try:
        return job.table.saved()
    finally:
        job.close()


def _make_room(root: Path) -> None:
    """Delete the oldest imports that are complete: without a server, nobody else would."""
    found = [(_saved(folder), folder) for folder in root.glob("*")]
    kept = [
        (saved["created_at"], folder)
        for saved, folder in found
        if saved.get("state") in {"done", "undone", "failed"}
    ]
    for _, folder in sorted(kept)[: max(0, len(kept) - MOST + 1)]:
        with contextlib.suppress(DataFolderHeld):  # a server has just started
            ImportJob(folder).remove()


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    _each_piece(file, found.update)
    return found.hexdigest()


def _each_piece(file: Path, use: Callable[[bytes], None]) -> None:
    try:
        with file.open("rb") as opened:
            while piece := opened.read(_PIECE):
                use(piece)
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror or error}") from error
