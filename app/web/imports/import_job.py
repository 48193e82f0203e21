"""One import: a folder with its file, its rows and its state, and the steps that work on them."""

import logging
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from app.core.errors import StockpulseError, StoreUnavailable
from app.core.events import rfc3339
from app.store.engine.lock import hold
from app.store.store import Store
from app.web.imports.import_check import Comparison, read_cells
from app.web.imports.import_errors import ImportNotReady
from app.web.imports.import_snapshot import snapshot_of
from app.web.imports.import_state import Import, ImportRow, Options, Outcome, State
from app.web.imports.import_table import ImportTable
from app.web.imports.import_writes import ImportWrites, Places, Settled
from app.web.imports.reading.columns import plain
from app.web.imports.work_pace import Rest, Stopped
from app.web.schemas.product_ids import IDCase

_log = logging.getLogger(__name__)

_PORTION = 40  # rows whose outcomes are stored at once; after a crash, so many are looked at again
_GROUP = 10  # rows that one thread writes, if possible in one transaction
_WRONG = "Something went wrong on the server. Its log has the details."

Step = Callable[[Sequence[ImportRow]], list[Settled]]


class ImportJob:
    """An import in its folder. Each step may be repeated after a crash."""

    def __init__(self, folder: Path, lock: ExitStack | None = None) -> None:
        """Own the folder until `close`; `lock` is that of its upload.

        Raises:
            DataFolderHeld: another process works on the import.

        """
        self.folder = folder
        self._done = 0
        owned: AbstractContextManager[object] = hold(folder / "lock") if lock is None else lock
        with ExitStack() as opened:
            opened.enter_context(owned)
            self.table = opened.enter_context(ImportTable(folder / "import.sqlite"))
            self._opened = opened.pop_all()

    @property
    def file(self) -> Path:
        """The uploaded file; it is deleted when the import starts."""
        return self.folder / "file"

    def create(
        self, filename: str, actor: str, now: datetime, options: Options, **more: Any
    ) -> None:
        """Store what is known at the beginning."""
        self.table.save(
            filename=filename,
            actor=actor,
            created_at=rfc3339(now),
            state="reading",
            options=asdict(options),
            is_read=False,
            **more,
        )

    def snapshot(self) -> Import:
        """The import as it is now."""
        return snapshot_of(
            self.folder.name, self.table.saved(), self.table.counts(), read=self._done
        )

    def state(self) -> State:
        """The state alone."""
        state: State = self.table.saved()["state"]
        return state

    def configure(self, options: Options) -> None:
        """Compare the file again, with other options; the file is read again for another sheet."""
        saved = self.table.saved()
        keeps_sheet = options.sheet in {None, saved.get("sheet")}
        self.table.save(
            options=asdict(options),
            is_read=saved["is_read"] and keeps_sheet,
            state="reading",
            starts=False,  # who chooses the columns wants to see the preview
        )

    def begin(self, state: State, now: datetime, actor: str) -> None:
        """Start to write, or to take back; `state` is that of the work.

        Raises:
            ImportNotReady: the import is in another state, or has nothing to do.

        """
        found = self.snapshot()
        if state == "running":
            if found.objection:
                raise ImportNotReady(found.objection)
            self.table.save(state=state, began_at=rfc3339(now), actor=actor)
            self._forget_file()
            return
        if found.state not in {"done", "undone"} or not found.outcomes.get("written", 0) + (
            found.outcomes.get("kept", 0)
        ):
            raise ImportNotReady(
                "This import has written nothing that can be taken back."
                if found.state in {"done", "undone"}
                else "Only an import that is complete can be taken back. Wait until it is."
            )
        self.table.reopen()
        self.table.save(state=state, undone_by=actor)

    def _forget_file(self) -> None:
        self.table.clear("cells")
        self.file.unlink(missing_ok=True)

    def prepare(
        self, store: Store, id_case: IDCase, rest: Rest, now: Callable[[], datetime]
    ) -> None:
        """Read the file and compare it with the products; the import is then ready, or has failed.

        One that starts at once is never ready: it is running.

        Raises:
            StoreUnavailable: the store does not answer; the step can be repeated.
            Stopped: the process ends.

        """
        try:
            self._prepare(store, id_case, rest, now)
        except (StoreUnavailable, Stopped):
            raise
        except StockpulseError as error:
            self.table.clear("cells", "plan")
            self.table.save(state="failed", trouble=error.detail)
        except Exception:  # noqa: BLE001 - the other imports must still be read
            _log.exception("the import %s failed unexpectedly", self.folder.name)
            self.table.save(state="failed", trouble=_WRONG)

    def _prepare(
        self, store: Store, id_case: IDCase, rest: Rest, now: Callable[[], datetime]
    ) -> None:
        def report(done: int) -> None:
            self._done = done
            rest()

        saved = self.table.saved()
        options = self.snapshot().options
        if not saved["is_read"]:
            read = read_cells(self.file, options.sheet, self.table, report)
            if saved.get("header", read["header"]) != read["header"]:
                options = Options(sheet=options.sheet, clear=options.clear)  # of another sheet
            columns = saved.get("named")
            if columns is not None and options.columns is None:
                options = _with_named(options, read["header"], columns)
            self.table.save(**read, options=asdict(options), is_read=True)
        remembered = store.import_columns.all()
        comparison = Comparison(self.table, store.rehearsal, id_case, remembered, options)
        trouble = comparison.run(report)
        starts = saved["starts"] and trouble is None
        state: State = "ready"
        if starts:
            self.remember(store)
            state = "running" if comparison.to_write else "done"
        self.table.save(
            columns=comparison.columns,
            mark=comparison.mark,
            fields=dict(comparison.fields),
            trouble=trouble,
            state=state,
            began_at=rfc3339(now()) if starts else None,
        )
        if starts:
            self._forget_file()

    def remember(self, store: Store) -> None:
        """Remember the columns that people chose, for the next file with the same names."""
        found = self.snapshot()
        if found.options.columns is not None:
            pairs = zip(found.header, found.options.columns, strict=False)
            store.import_columns.add({plain(name): field or "" for name, field in pairs})

    def work(self, store: Store, pool: Executor, rest: Rest) -> None:
        """Write the rows that are left, or take back those that are left.

        Raises:
            StoreUnavailable: the store does not answer; the step can be repeated.
            Stopped: the process ends.

        """
        saved = self.table.saved()
        is_undo = saved["state"] == "undoing"
        places = Places(
            store.products,
            store.bulk_writes,
            store.reversals,
            store.idempotency_keys,
            store.timeline,
        )
        actor = saved["undone_by"] if is_undo else saved["actor"]
        writes = ImportWrites(places, self.folder.name, actor, f"import {self.folder.name}")
        step: Step = (
            (lambda rows: list(map(writes.take_back, rows))) if is_undo else writes.write_some
        )
        left: Outcome = "written" if is_undo else ""
        while rows := self.table.pending(left, _PORTION):
            groups = [rows[start : start + _GROUP] for start in range(0, len(rows), _GROUP)]
            for settled in list(pool.map(lambda group: _settled(step, group), groups)):
                self.table.settle(settled)
            rest()
        self.table.save(state="undone" if is_undo else "done")

    def close(self) -> None:
        """Leave the import as it is."""
        self._opened.close()

    def remove(self) -> None:
        """Delete the import with all that it has; whoever still asks for it gets ImportNotFound."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.close()  # after it, so that a process that starts meanwhile does not take it over


def _settled(step: Step, rows: Sequence[ImportRow]) -> list[Settled]:
    try:
        return step(rows)
    except StoreUnavailable:
        raise
    except Exception:  # noqa: BLE001 - the other rows must still be written
        _log.exception("rows from %d of an import failed unexpectedly", rows[0].number)
        if len(rows) > 1:
            return [settled for row in rows for settled in _settled(step, [row])]
        return [(rows[0].number, "kept" if rows[0].outcome else "refused", _WRONG)]


def _with_named(options: Options, header: Sequence[str], named: dict[str, str]) -> Options:
    """The options with the columns that a program chose by their names."""
    fields = {plain(name): field or None for name, field in named.items()}
    return Options(
        tuple(fields.get(plain(name)) for name in header),
        options.decimal,
        options.sheet,
        options.clear,
    )
