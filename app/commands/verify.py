"""`stockpulse verify` exits with 0 where every audit chain is whole, with 1 where one is not."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from app.commands.common import PROGRESS_SECONDS, CommandError, at_most_every
from app.config.key_files import own_keys, parse_keys
from app.config.settings import Settings
from app.store import location
from app.store.audit.verification import BLIND_SPOTS
from app.store.audit.verifier import Report, Verifier
from app.store.dynamodb import tables
from app.store.dynamodb.client import connect


def add(commands: Any) -> None:
    """Tell the parser of the command."""
    parser = commands.add_parser(
        "verify",
        help="hold the audit against its signatures and the table",
        description="Names every changed, removed, inserted and cut-off audit entry. A product "
        "that differs from the table is looked at again a minute later. It cannot see: "
        + "; ".join(BLIND_SPOTS)
        + ".",
    )
    parser.add_argument("--product", metavar="ID", help="only this product")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Verify, with progress on stderr and findings on stdout."""
    names = tables.table_names(settings.table_prefix, settings.products_table)
    given = settings.audit_keys
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        keys = own_keys(settings.data_dir) if given is None else given.get_secret_value()
        verifier = Verifier(
            connect(where.endpoint).tables,
            names,
            settings.attributes,
            parse_keys(keys),
            sleep=wait,
        )
        report = verifier.run(arguments.product, progress())
    return tell(report, arguments.product)


def tell(report: Report, product_id: str | None) -> int:
    """Print what was found; the exit status.

    Raises:
        CommandError: there is no such product, so nothing was verified.

    """
    if product_id is not None and not report.entries and not report.findings:
        raise CommandError(
            f"there is nothing to verify: product {product_id!r} is not in the table, and the "
            "audit has no entry of it"
        )
    for finding in report.findings:
        print(finding)
    found = len(report.findings)
    entries = _count(report.entries, "entry", "entries")
    products = _count(report.products, "product", "products")
    whole = _count(found, "finding", "findings") if found else "all is well"
    print(f"{entries} of {products}: {whole}.")
    if report.gaps or report.reconciled:
        gaps = _count(report.gaps, "gap", "gaps")
        reconciled = _count(report.reconciled, "reconciled entry", "reconciled entries")
        print(
            f"Among them {gaps} (changes may be missing there) and {reconciled} "
            "(found in the table; who changed it is not known)."
        )
    return 1 if found else 0


def progress(monotonic: Callable[[], float] = time.monotonic) -> Callable[[Report], None]:
    """Says now and then how far it is."""

    def say(report: Report) -> None:
        print(f"{report.products} products, {report.entries} entries …", file=sys.stderr)

    return at_most_every(PROGRESS_SECONDS, say, monotonic)


def wait(seconds: float) -> None:
    """Until the second look, and say so."""
    print(f"What differs from the table is looked at again in {seconds:.0f} s …", file=sys.stderr)
    time.sleep(seconds)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
