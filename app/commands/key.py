"""`stockpulse key` creates, lists and revokes API keys, even while the server is running."""

import argparse
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from app.commands.common import CommandError, actor
from app.config.settings import Settings
from app.config.signing import audit_keys, has_audit_keys
from app.core.roles import Role
from app.observability.logs import escaped
from app.store import location
from app.store.access.api_keys import ApiKeys
from app.store.access.key_names import KeyRefused
from app.store.access.key_row import ApiKey
from app.store.access.sign_in_links import LINK_LIFE, SignInLinks
from app.store.coordination.audit_key_ids import AuditKeyIDs, AuditKeysDiffer
from app.store.deployment import CONSUMER
from app.store.dynamodb import tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "key",
        help="create, list and revoke API keys",
        description="Programs send an API key with each request, and people sign in with one. As "
        "soon as one key exists, everyone needs a key. A running server applies changes within "
        "seconds.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="create a key and print it; it is shown only once")
    create.add_argument(
        "name", metavar="NAME", help="the person or program; shown as the actor of its changes"
    )
    create.add_argument(
        "--role",
        type=Role,
        choices=list(Role),
        required=True,
        help="viewer: read; editor: also change products; admin: also manage keys, sinks and "
        "dead letters",
    )
    create.add_argument(
        "--expires",
        type=expiry,
        metavar="WHEN",
        help="a number of days (90d), or the last day in UTC (2027-01-31); default: never",
    )
    create.add_argument(
        "--link", action="store_true", help="also print a link that signs in one browser, once"
    )
    create.set_defaults(run=_create)
    listing = actions.add_parser("list", help="list all keys, including revoked and expired ones")
    listing.set_defaults(run=_list)
    revoke = actions.add_parser(
        "revoke", help="revoke a key, and end its sessions and live streams"
    )
    revoke.add_argument("key", metavar="NAME|ID", help="the key's name or id")
    revoke.set_defaults(run=_revoke)


def _create(arguments: argparse.Namespace, settings: Settings) -> int:
    """Secrets go to stdout so that a script can read them; everything else goes to stderr."""
    with _store(settings) as store:
        key, secret = ApiKeys(*store).create(
            arguments.name, arguments.role, arguments.expires, actor()
        )
        _say(f"Created key {key.name!r} ({key.role}, {_expires(key)}). It is shown only now:")
        print(secret.text, flush=True)
        if arguments.link:
            token = SignInLinks(*store).make_link(key, actor())
            minutes = LINK_LIFE // timedelta(minutes=1)
            _say(f"This link signs in one browser, once, within {minutes} minutes:")
            print(f"{address(settings)}/sign-in/link?token={token}", flush=True)
    return 0


def _list(_: argparse.Namespace, settings: Settings) -> int:
    now = datetime.now(UTC)
    with _store(settings) as store:
        stored = ApiKeys(*store).read()
    if not stored.keys and not stored.refused:
        _say("There are no keys: anyone who can reach the server has access.")
        return 0
    rows = [("NAME", "ROLE", "STATE", "LAST USED", "CREATED", "ID")]
    rows += [
        (key.name, key.role, _state(key, now), _day(key.last_used_at), _day(key.created_at), key.id)
        for key in stored.keys
    ]
    rows += [(key.name, "-", "REFUSED", "-", "-", key.id) for key in stored.refused]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True))
        print(escaped(line.rstrip()))
    for refused in stored.refused:
        _say(
            escaped(
                f"{refused.id} is refused: {refused.why}. Delete it with `stockpulse key revoke"
            )
            + f" {shlex.quote(refused.id)}`, and create the key again if it was yours."
        )
    return 0


def _revoke(arguments: argparse.Namespace, settings: Settings) -> int:
    with _store(settings) as store:
        key = ApiKeys(*store).revoke(arguments.key, actor())
    done = "revoked" if isinstance(key, ApiKey) else "deleted; it was refused"
    _say(f"Key {key.name!r} ({key.id!r}) is {done}.")
    return 0


@contextmanager
def _store(settings: Settings) -> Iterator[tuple["DynamoDBClient", str, Mapping[str, bytes]]]:
    """A client, the name of the Settings table (created if it is missing), and the audit keys.

    A key that the workers do not know is used with a warning: they may be started with it next.
    But none is made in a data folder that has none, beside workers that have theirs.
    """
    names = settings.table_names
    try:
        with location.shared(settings.dynamodb, settings.data_dir, names) as where:
            client = where.connect().tables
            tables.ensure_tables(client, names, settings.attributes)
            known = AuditKeyIDs(client, names.checkpoints, CONSUMER)
            if not has_audit_keys(settings):
                known.register_writer({})
            keys = audit_keys(settings)
            try:
                known.register_writer(keys)
            except AuditKeysDiffer as error:
                _say(f"Warning: {error}")
            yield client, names.settings, keys
    except KeyRefused as error:
        raise CommandError(str(error)) from None


def address(settings: Settings) -> str:
    """The server's URL. Behind a reverse proxy, people use the proxy's address instead."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}{settings.base_path}"


def expiry(text: str) -> datetime:
    """When a key expires (for argparse, which shows the function's name)."""
    if match := re.fullmatch(r"(\d{1,4})d", text):
        ends = datetime.now(UTC) + timedelta(days=int(match[1]))
    else:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise argparse.ArgumentTypeError("must be days (90d) or a date (2027-01-31)") from None
        ends = datetime.combine(day, time.min, UTC) + timedelta(days=1)
    if ends <= datetime.now(UTC):
        raise argparse.ArgumentTypeError("must be in the future")
    return ends


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    return _expires(key) if key.usable(now) else f"expired {_day(key.expires_at)}"


def _expires(key: ApiKey) -> str:
    return "does not expire" if key.expires_at is None else f"until {_day(key.expires_at)}"


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
