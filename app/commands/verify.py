"""`stockpulse verify` exits with 0 if every audit chain is intact, and with 1 if one is not."""

import argparse
import sys
import time
from datetime import timedelta
from functools import partial
from typing import Any

from app.commands.common import NO_AUDIT, CommandError, Progress
from app.config.key_files import own_keys, parse_keys
from app.config.settings import Settings
from app.core.events import rfc3339
from app.observability.logs import escaped
from app.store import location
from app.store.audit.verification import BLIND_SPOTS
from app.store.audit.verifier import Report, Verifier
from app.store.dynamodb.products_table import check_exists, with_key


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
    given, days = settings.audit_keys, settings.audit_retention_days
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        keys = own_keys(settings.data_dir) if given is None else given.get_secret_value()
        client = where.connect().tables
        check_exists(client, names.audit, NO_AUDIT)
        verifier = Verifier(
            client,
            names,
            with_key(client, names, settings.attributes),
            parse_keys(keys),
            retention=None if days is None else timedelta(days=days),
            sleep=wait,
        )
        with Progress() as progress:
            report = verifier.run(
                arguments.product,
                lambda so_far: progress(partial(_so_far, so_far), so_far.products, so_far.about),
            )
    return print_report(report, arguments.product, days)


def print_report(report: Report, product_id: str | None, days: int | None = None) -> int:
    """Print the findings; returns the exit status. `days`: after which entries expire.

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
    if days is not None:
        print(_start(report, days))
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


def _start(report: Report, days: int) -> str:
    oldest = "there is none" if report.starts is None else f"of {rfc3339(report.starts)}"
    late = _count(report.begin_late, "history begins", "histories begin")
    empty = _count(report.empty, "product has", "products have")
    return (
        f"Entries expire after {_count(days, 'day', 'days')} (STOCKPULSE_AUDIT_RETENTION_DAYS), so "
        f"the check starts at the oldest entry that has not expired ({oldest}): {late} with a "
        f"later change, and {empty} no such entry. Entries removed before these are not detected."
    )


def _so_far(report: Report) -> str:
    return f"{report.products:,} products, {report.entries:,} entries verified"


def wait(seconds: float) -> None:
    """Print a line on stderr and sleep until the second check."""
    print(
        f"Products that differ from the table are checked again in {seconds:.0f} s …",
        file=sys.stderr,
    )
    time.sleep(seconds)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
