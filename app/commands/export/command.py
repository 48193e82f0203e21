"""An export is complete or it is not there: a file appears when its last row is written.

The tables are read directly, so the command works with and without a server.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from app.commands.common import WHEN, CommandError, Progress, period_of
from app.commands.export.sources import Source, event_source, product_source
from app.config.settings import Settings
from app.core.events import KINDS
from app.core.numbers import number_of
from app.readmodel.products.product_query import SORT_KEYS
from app.store import location
from app.web.exports.export_build import Order, build
from app.web.exports.export_file import FORMATS, Dialect, Format, chunks_of
from app.web.exports.spreadsheet import MOST_ROWS

Say = Callable[[str], None]


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export",
        help="write products or events to a CSV, NDJSON or XLSX file",
        description="Reads the tables directly, with or without a running server. Progress is "
        "shown on stderr.",
    )
    kinds = parser.add_subparsers(required=True, metavar="products|events")
    products = kinds.add_parser("products", help="all products, or those that match the options")
    products.add_argument("--q", default="", metavar="WORDS", help="only products with these words")
    products.add_argument("--category", help="only products of this category")
    products.add_argument("--tag", help="only products with this tag")
    products.add_argument("--low", action="store_true", help="only at or below the reorder point")
    products.add_argument("--out", action="store_true", help="only without stock")
    for field in ("stock", "price"):
        for end in ("min", "max"):
            products.add_argument(f"--{end}-{field}", type=_number, metavar="NUMBER")
    products.add_argument(
        "--sort",
        default="id",
        choices=[sign + key for key in SORT_KEYS for sign in ("", "-")],
        metavar="FIELD",
        help=f"{', '.join(SORT_KEYS)}; in descending order as --sort=-FIELD (default: id)",
    )
    products.set_defaults(source=product_source)
    events = kinds.add_parser(
        "events", help="all events, newest first, or those that match", epilog=WHEN
    )
    shown = [kind for kind in KINDS if kind != "internal"]
    events.add_argument(
        "--kind", action="append", choices=shown, help="only this kind; can be repeated"
    )
    events.add_argument("--product", metavar="ID", help="only events of this product")
    events.add_argument("--category", help="only events of products of this category")
    events.add_argument("--actor", help="only changes by this key or person")
    events.add_argument("--min-delta", type=_number, metavar="NUMBER", help="least stock change")
    events.add_argument("--since", metavar="WHEN", help="only changes from this time on")
    events.add_argument("--until", metavar="WHEN", help="only changes before this time")
    events.set_defaults(source=event_source)
    for one in (products, events):
        one.add_argument(
            "--format", choices=FORMATS, help="default: by the ending of --output, or else csv"
        )
        one.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: stdout")
        one.add_argument(
            "--raw", action="store_true", help="CSV: do not make formulas harmless by apostrophes"
        )
        one.add_argument("--bom", action="store_true", help="CSV: begin with a byte order mark")
        one.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write the export."""
    output: Path | None = arguments.output
    form = _format(arguments.format, output)
    if output is None and form == "xlsx":
        raise CommandError("an XLSX file needs --output FILE")
    if output is None and sys.stdout.isatty():
        raise CommandError("choose a file with --output FILE, or send the output to one")
    dialect = Dialect(safe=not arguments.raw, bom=arguments.bom)
    if "since" in arguments:
        zone = ZoneInfo(settings.timezone)
        arguments.since, arguments.until = period_of(arguments, datetime.now(UTC), zone)
    names = settings.table_names
    with (
        Progress() as progress,
        location.shared(settings.dynamodb, settings.data_dir, names) as where,
    ):

        def say(text: str) -> None:
            progress(lambda: text)

        made: Callable[..., Any] = arguments.source
        with made(arguments, settings, where.connect().tables, say) as source:
            if form == "xlsx" and (source.total or 0) > MOST_ROWS:
                raise CommandError(
                    f"there are {source.total:,} rows, and a spreadsheet has {MOST_ROWS:,}: use "
                    "other options, or --format csv"
                )
            count = _written(source, form, dialect, output, say)
    _say(f"{count:,} {source.rows.name}" + (f" in {output}" if output else ""))
    return 0


def _written(source: Source, form: Format, dialect: Dialect, output: Path | None, say: Say) -> int:
    """Write the rows; returns their number."""
    count = 0
    of = "" if source.total is None else f" of {source.total:,}"

    def report(done: int, shortened: int) -> None:
        nonlocal count
        count = done
        cut = f" ({shortened:,} texts are too long for a cell, and cut off)" if shortened else ""
        say(f"{done:,}{of} {source.rows.name}{cut} …")

    if output is None:
        if form == "xlsx":
            raise ValueError("it needs a file")

        def counted() -> Iterator[Sequence[Any]]:
            for page in source.pages:
                yield page
                report(count + len(page), 0)

        for chunk in chunks_of(source.rows, form, dialect, counted()):
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return count
    order = Order(source.rows, form, dialect, source.total or 0, lambda: source.pages)
    with _replacing(output) as file:
        build(order, file, report, lambda _: None)
    return count


@contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """A file beside the output, which it replaces at the end of the block.

    Raises:
        CommandError: it cannot be written.

    """
    try:
        with TemporaryDirectory(prefix=".stockpulse-", dir=output.parent) as folder:
            file = Path(folder) / "export"
            yield file
            file.chmod(0o600)
            file.replace(output)
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror or error}") from error


def _format(given: Format | None, output: Path | None) -> Format:
    if given is not None:
        return given
    ending = "" if output is None else output.suffix[1:].lower()
    return next((form for form in FORMATS if form == ending), "csv")


def _number(text: str) -> Any:
    if (number := number_of(text)) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number


def _say(text: str) -> None:
    print(text, file=sys.stderr)
