"""The delivery log has one row for each message that was tried, for 30 days.

| Kind | ID | |
|---|---|---|
| `delivery <rule>` | ms of the try, recipient, hash of the message's id | a try |
| `delivery-last` | rule, `sent` or `failed` | the rule's last try that succeeded, or did not |

The list of rules reads the second kind: a query of the first for each rule would be many calls. The
rows are written after the message was sent, in batches: a crash can lose a line of the log, and
never a notice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, get_args

from app.core import json_text
from app.core.errors import StockpulseError
from app.store.access.settings_rows import row_key
from app.store.dynamodb.batches import WRITE_LIMIT, get_all, put_all
from app.store.dynamodb.paging import Page, decode_cursor, encode_cursor
from app.store.dynamodb.reads import get_one, newest_first

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 30 * 24 * 3600
MOST_NOTICES = 100  # named in one row; a digest of more counts the rest
_TEXT_CHARACTERS = 1_000
_ID = re.compile(r"\d{13}-[0-9a-f]{16}-[0-9a-f]{16}")

# `failed` was tried again later, `rejected` and `dropped` were not.
Outcome = Literal["delivered", "failed", "rejected", "dropped"]


class DeliveryNotFound(StockpulseError):
    """No delivery of this rule has this id, or it is older than 30 days."""

    status = 404
    code = "delivery-not-found"
    title = "Delivery not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try of one message; `at` is in ms since 1970, `took` in ms.

    `notices`: the ids and kinds of those that it listed, and `folded` how many more a digest
    counted. `answer`: what the other side said, or why it was not sent. `is_test`: somebody pressed
    “Send a test”, and nothing had happened.
    """

    rule_id: str
    recipient_id: str
    channel: str
    address: str
    message_id: str
    at: int
    outcome: Outcome
    answer: str = ""
    took: int = 0
    tries: int = 1
    is_digest: bool = False
    notices: tuple[tuple[str, str], ...] = ()
    folded: int = 0
    is_test: bool = False

    @property
    def id(self) -> str:
        """Its id within the rule; text order is the order of time."""
        digest = sha256(self.message_id.encode(errors="surrogatepass")).hexdigest()[:16]
        return f"{self.at:013d}-{self.recipient_id}-{digest}"

    @property
    def is_sent(self) -> bool:
        """Whether the recipient accepted it."""
        return self.outcome == "delivered"


class DeliveryLog:
    """The rows of the kinds `delivery <rule>` in the settings table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Store lines; tests count as no rule's last try.

        Raises:
            StoreUnavailable: some may not be stored; the call can be repeated.

        """
        rows = {(one.rule_id, one.id): _item(one) for one in deliveries}
        for one in sorted(deliveries, key=lambda one: one.at):
            if one.is_test:
                continue
            last = {**_last_key(one.rule_id, one.is_sent), "Last": {"S": one.id}}
            rows[one.rule_id, "sent" if one.is_sent else "failed"] = _item(one) | last
        puts = [(self._table, row) for row in rows.values()]
        for start in range(0, len(puts), WRITE_LIMIT):
            put_all(self._client, puts[start : start + WRITE_LIMIT])

    def of_rule(self, rule_id: str, limit: int, cursor: str | None = None) -> Page[Delivery]:
        """Up to `limit` deliveries of a rule, newest first.

        Raises:
            InvalidCursor: no page returned this cursor.

        """
        before = None if cursor is None else decode_cursor(cursor, is_delivery_id)
        partition = ("Kind", _kind(rule_id))
        rows, last = newest_first(self._client, self._table, partition, "ID", limit, before)
        found = [_delivery(rule_id, row) for row in rows]
        return Page(found, None if last is None else encode_cursor(last))

    def last_of(self, rule_ids: Sequence[str]) -> dict[str, list[Delivery]]:
        """By rule, the newest delivery that succeeded, and the newest that did not.

        Up to 50 rules are one call. Rules that have neither are left out.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        keys = [_last_key(one, is_sent) for one in rule_ids for is_sent in (True, False)]
        found: dict[str, list[Delivery]] = {}
        for row in get_all(self._client, self._table, keys) if keys else ():
            rule_id = row["ID"]["S"].partition(" ")[0]
            delivery = _delivery(rule_id, row | row_key(_kind(rule_id), row["Last"]["S"]))
            found.setdefault(rule_id, []).append(delivery)
        return found

    def get(self, rule_id: str, delivery_id: str) -> Delivery:
        """One delivery of a rule.

        Raises:
            DeliveryNotFound: there is none with this id.

        """
        row = None
        if is_delivery_id(delivery_id):
            row = get_one(self._client, self._table, row_key(_kind(rule_id), delivery_id))
        if row is None:
            raise DeliveryNotFound("No delivery of this rule has this id. See its deliveries.")
        return _delivery(rule_id, row)


def is_delivery_id(text: str) -> bool:
    """Whether this can be the id of a delivery."""
    return _ID.fullmatch(text) is not None


def _last_key(rule_id: str, is_sent: bool) -> Any:  # noqa: FBT001 - one of two rows
    return row_key("delivery-last", f"{rule_id} {'sent' if is_sent else 'failed'}")


def _kind(rule_id: str) -> str:
    return f"delivery {rule_id}"


def _item(one: Delivery) -> dict[str, Any]:
    notices = one.notices[:MOST_NOTICES]
    return {
        **row_key(_kind(one.rule_id), one.id),
        "Recipient": {"S": one.recipient_id},
        "Channel": {"S": one.channel},
        "Address": {"S": one.address},
        "Message": {"S": one.message_id},
        "Outcome": {"S": one.outcome},
        **({"Answer": {"S": one.answer[:_TEXT_CHARACTERS]}} if one.answer else {}),
        "Took": {"N": str(one.took)},
        "Tries": {"N": str(one.tries)},
        "Digest": {"BOOL": one.is_digest},
        **({"Test": {"BOOL": True}} if one.is_test else {}),
        "Notices": {"S": json_text.dumps(notices).decode()},
        "Folded": {"N": str(one.folded + len(one.notices) - len(notices))},
        "ExpiresAt": {"N": str(one.at // 1000 + KEPT_SECONDS)},
    }


def _delivery(rule_id: str, row: dict[str, Any]) -> Delivery:
    outcome = row["Outcome"]["S"]
    return Delivery(
        rule_id=rule_id,
        recipient_id=row["Recipient"]["S"],
        channel=row["Channel"]["S"],
        address=row["Address"]["S"],
        message_id=row["Message"]["S"],
        at=int(row["ID"]["S"][:13]),
        outcome=outcome if outcome in get_args(Outcome) else "failed",
        answer=row.get("Answer", {}).get("S", ""),
        took=int(row["Took"]["N"]),
        tries=int(row["Tries"]["N"]),
        is_digest=bool(row["Digest"]["BOOL"]),
        notices=tuple((str(one), str(kind)) for one, kind in json_text.loads(row["Notices"]["S"])),
        folded=int(row["Folded"]["N"]),
        is_test="Test" in row,
    )
