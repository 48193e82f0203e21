"""`stockpulse verify` exits with 0 if every audit chain is intact, and with 1 if one is not."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from app.commands.common import PROGRESS_SECONDS, CommandError, at_most_every
from app.config.key_files import own_keys, parse_keys
from app.config.settings import Settings
from app.observability.logs import escaped
from app.store import location
from app.store.audit.verification import BLIND_SPOTS
from app.store.audit.verifier import Report, Verifier
from app.store.dynamodb.products_table import with_key


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "verify",
        help="check the audit against its signatures and the products table",
        description="Reports every audit entry that was changed, removed, inserted or cut off. A "
        "product that differs from the table is checked again after a minute. Not detected: "
        + "; ".join(BLIND_SPOTS)
        + ".",
    )
    parser.add_argument("--product", metavar="ID", help="check only this product")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Verify, with progress on stderr and findings on stdout."""
    names = settings.table_names
    given = settings.audit_keys
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        keys = own_keys(settings.data_dir) if given is None else given.get_secret_value()
        client = where.connect().tables
        verifier = Verifier(
            client,
            names,
            with_key(client, names, settings.attributes),
            parse_keys(keys),
            sleep=wait,
        )
        report = verifier.run(arguments.product, progress())
    return print_report(report, arguments.product)


def print_report(report: Report, product_id: str | None) -> int:
    """Print the findings; returns the exit status.

    Raises:
        CommandError: there is no such product, so nothing was verified.

    """
    if product_id is not None and not report.entries and not report.findings:
        raise CommandError(
            f"there is nothing to verify: product {product_id!r} is not in the table and has no "
            "audit entry"
        )
    for finding in report.findings:
        print(escaped(str(finding)))
    found = len(report.findings)
    entries = _count(report.entries, "entry", "entries")
    products = _count(report.products, "product", "products")
    result = _count(found, "finding", "findings") if found else "no problems found"
    print(f"{entries} of {products}: {result}.")
    if report.gaps or report.reconciled:
        gaps = _count(report.gaps, "gap", "gaps")
        reconciled = _count(report.reconciled, "reconciled entry", "reconciled entries")
        print(
            f"They include {gaps} (changes may be missing) and {reconciled} (changes found by "
            "comparing with the table; the actor is unknown)."
        )
    if report.repeats:
        repeats = _count(report.repeats, "repeat", "repeats")
        print(
            f"They include {repeats}: an entry with the request id of an earlier one. Another "
            "program wrote the same states again within a minute, and the entry names the author "
            "of the first change. The product's history marks it."
        )
    return 1 if found else 0


def progress(monotonic: Callable[[], float] = time.monotonic) -> Callable[[Report], None]:
    """A function that prints the progress on stderr every 2 seconds."""

    def print_progress(report: Report) -> None:
        print(f"{report.products} products, {report.entries} entries …", file=sys.stderr)

    return at_most_every(PROGRESS_SECONDS, print_progress, monotonic)


def wait(seconds: float) -> None:
    """Print a line on stderr and sleep until the second check."""
    print(
        f"Products that differ from the table are checked again in {seconds:.0f} s …",
        file=sys.stderr,
    )
    time.sleep(seconds)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
