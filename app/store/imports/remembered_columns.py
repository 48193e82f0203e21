"""How people mapped the columns of files is remembered by the columns' names, for everyone.

It is one row of the settings table: a hint for the next file, so it is not signed or logged.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.store.access.settings_rows import row_key
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.transactions import commit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST = 500  # names; the ones mapped longest ago are forgotten
_TRIES = 3
_LONGEST = 100  # characters of a name: the names of the most bytes fit into a row
_KEY = row_key("import-columns", "names")


class RememberedColumns:
    """The row of a deployment."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def all(self) -> dict[str, str]:
        """The field of each name; empty for a column that was left out."""
        return self._names(self._row())

    def add(self, columns: Mapping[str, str]) -> None:
        """Remember the fields of these names. Others who do so at the same time may win."""
        for _ in range(_TRIES):
            row = self._row()
            known = self._names(row)
            new = {name[:_LONGEST]: field for name, field in columns.items() if name}
            if known.items() >= new.items():
                return
            kept = {name: field for name, field in known.items() if name not in new} | new
            if self._put(row, list(kept.items())[-MOST:]):
                return

    def _put(self, row: Any, names: list[tuple[str, str]]) -> bool:
        version = int(row.get("Version", {}).get("N", "0")) if row else 0
        members = [{"L": [{"S": name}, {"S": field}]} for name, field in names]
        item = {**_KEY, "Version": {"N": str(version + 1)}, "Names": {"L": members}}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(ID)"}
        if row:
            condition = {
                "ConditionExpression": "Version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        try:
            commit(self._client, [{"Put": {"TableName": self._table, "Item": item, **condition}}])
        except ConditionFailed:
            return False
        return True

    def _row(self) -> Any:
        return get_one(self._client, self._table, _KEY)

    def _names(self, row: Any) -> dict[str, str]:
        found = {}
        for member in (row or {}).get("Names", {}).get("L", []):
            name, field = (part["S"] for part in member["L"])
            found[name] = field
        return found
