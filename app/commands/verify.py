"""`stockpulse verify` exits with 0 where every audit chain is whole, with 1 where one is not."""

import argparse
import sys
import time
from typing import Any

from app.settings import Settings
from app.store import place, tables
from app.store.client import connect
from app.store.keys import own_keys, parse_keys
from app.store.verification import BLIND_SPOTS
from app.verify import Report, Verifier

_TELL_EVERY = 2.0  # seconds between lines of progress


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
    with place.shared(settings.dynamodb, settings.data_dir, names) as where:
        keys = own_keys(settings.data_dir) if given is None else given.get_secret_value()
        verifier = Verifier(
            connect(where.endpoint).tables, names, settings.attributes, parse_keys(keys)
        )
        report = verifier.run(arguments.product, _progress())
    for finding in report.findings:
        print(finding)
    whole = "all is well" if not report.findings else f"{len(report.findings)} findings"
    print(f"{report.entries} entries of {report.products} products: {whole}.")
    if report.gaps or report.reconciled:
        print(
            f"Among them {report.gaps} gaps (changes may be missing there) and {report.reconciled} "
            "reconciled entries (found in the table; who changed it is not known)."
        )
    return 1 if report.findings else 0


def _progress() -> Any:
    told = time.monotonic()

    def tell(report: Report) -> None:
        nonlocal told
        if time.monotonic() - told > _TELL_EVERY:
            told = time.monotonic()
            print(f"{report.products} products, {report.entries} entries …", file=sys.stderr)

    return tell
