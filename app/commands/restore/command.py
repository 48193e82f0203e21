"""`stockpulse restore` writes the products of a time to an empty table, and reads them back.

It needs no server. Exit status 0: every product of that time is in the table, as it was.
"""

import argparse
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.commands.common import NO_AUDIT, WHEN, CommandError, Progress, moment_of
from app.commands.restore.archived import ArchivedStates
from app.commands.restore.audited import AuditedStates
from app.commands.restore.choice import State
from app.commands.restore.target import Target
from app.config.settings import Settings
from app.config.sinks.archive_settings import archive_place
from app.core.errors import StoreRefused
from app.core.events import rfc3339
from app.core.item import Item
from app.core.keys import KeySchema
from app.observability.logs import escaped
from app.store import location
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.entry import Signer
from app.store.dynamodb.products_table import check_exists, with_key
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from worker.consumers.sink import Unavailable
from worker.sinks.archive.archive import key_in, owner_mark, place_of
from worker.sinks.archive.place import Place
from worker.sinks.archive.selections import noted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_AUDIT = "audit"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "restore",
        help="write the products of a time to another table, from the archive or the audit",
        description="The table must be empty, or not exist: then it is created, without a stream. "
        "Each product is read back and compared. A product whose image was not kept is named.",
        epilog=WHEN,
    )
    parser.add_argument(
        "--as-of", required=True, metavar="WHEN", help="the time whose products are restored"
    )
    parser.add_argument("--to", required=True, metavar="TABLE", help="the table to write to")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="PLACE",
        help="`audit`, or where an archive is (s3://bucket/prefix, or a directory's absolute "
        "path). Default: STOCKPULSE_ARCHIVE_URL if it is set, or else the audit",
    )
    parser.add_argument(
        "--incomplete",
        action="store_true",
        help="restore what there is from an archive that was written with a filter or with chosen "
        "attributes",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Restore, with progress on stderr and the products that are not restored on stdout."""
    now = datetime.now(UTC)
    try:
        moment = moment_of(arguments.as_of, now, ZoneInfo(settings.timezone))
    except ValueError as error:
        raise CommandError(f"--as-of {error}") from None
    if moment > now:
        raise CommandError("--as-of is in the future: nobody knows the products of that time yet")
    names = settings.table_names
    with (
        Progress() as progress,
        location.shared(settings.dynamodb, settings.data_dir, names) as where,
    ):
        client = where.connect().tables

        def say(text: str) -> None:
            progress(lambda: text)

        source = arguments.source or settings.archive_url or _AUDIT
        lacks: list[str] = []
        try:
            states: ArchivedStates | AuditedStates
            if source == _AUDIT:
                states, key = _from_audit(client, settings, moment, say)
            else:
                place = _archive(source, settings.archive_endpoint)
                lacks = _lacks(place, allowed=arguments.incomplete)
                states, key = _from_archive(place, moment, say)
            target = Target(client, arguments.to, key, say)
            target.prepare()
            status = _restored(states, target, arguments.to, moment)
            note = states.note
        except (Unavailable, StoreRefused) as error:
            raise CommandError(str(error)) from None
    for line in (*(f"The archive is not complete: {why}." for why in lacks), note):
        if line:
            print(escaped(line))
    return status


def _archive(source: str, endpoint: str | None) -> Place:
    try:
        return place_of(archive_place(source), endpoint)
    except ValueError as error:
        raise CommandError(
            f"--from must be `{_AUDIT}`, or the place of an archive: it {error}"
        ) from None


def _lacks(place: Place, *, allowed: bool) -> list[str]:
    """What the archive has left out, a clause each; refused unless that is `allowed`."""
    lacks = [why for selection in noted(place) for why in selection.missing]
    if lacks and not allowed:
        raise CommandError(
            escaped(f"the archive {place.name} is not complete: {'; '.join(lacks)}. ")
            + f"Restore from the audit with --from {_AUDIT}, which has everything that it still "
            "keeps, or add --incomplete to restore what the archive has"
        )
    return lacks


def _from_archive(place: Place, moment: datetime, say: Any) -> tuple[ArchivedStates, KeySchema]:
    mark = owner_mark(place)
    if mark is None:
        raise CommandError(f"there is no archive of Stockpulse in {place.name}")
    return ArchivedStates(place, moment, say), key_in(mark)


def _from_audit(
    client: "DynamoDBClient", settings: Settings, moment: datetime, say: Any
) -> tuple[AuditedStates, KeySchema]:
    names = settings.table_names
    check_exists(client, names.audit, NO_AUDIT)
    key = with_key(client, names, settings.attributes).key
    signer = Signer("none", b"")  # entries are read, and none is written
    feed = Feed(client, names.feed)
    audit = AuditRepository(client, names.audit, feed, signer, CursorClock(0).stamp)
    return AuditedStates(client, names.audit, audit, moment, say), key


def _restored(states: Iterable[State], target: Target, table: str, moment: datetime) -> int:
    """Write the products and prove it; returns the exit status."""
    missing = 0

    def known() -> Iterator[tuple[str, Item]]:
        nonlocal missing
        for state in states:
            why = state.why or target.refusal(state)
            if state.item is None or why:
                missing += 1
                print(escaped(f"{state.product_id!r} is not restored: {why}."))
            else:
                yield state.product_id, state.item

    count = target.write(known())
    wrong = 0
    for difference in target.differences():
        wrong += 1
        print(escaped(f"{difference}."))
    print(f"{count:,} products as of {rfc3339(moment)} were written to table {table}.")
    if wrong:
        print(f"Read back, {wrong:,} of them are not as they were written.")
    else:
        print("Each was read back, and is equal to the image in its last event up to that time.")
    if missing:
        print(f"{missing:,} more existed, and are not restored: see above.")
    return 1 if wrong or missing else 0
