"""A saved view is a search with a name, for everyone; each change of it is in the admin log.

Its row grants nothing, so it is not signed.
"""

import dataclasses
import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from app.core.errors import ConditionFailed, StockpulseError
from app.store.access.admin_log import AdminLog
from app.store.access.settings_rows import row_key
from app.store.dynamodb.reads import get_one, get_rows
from app.store.dynamodb.transactions import commit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST = 100  # views
_KIND = "view"
_NAME = re.compile(r"\w([\w .@+-]{0,62}[\w.])?")
_TRIES = 5

Kind = Literal["events", "products"]


class ViewNotFound(StockpulseError):
    """No saved view has this name."""

    status = 404
    code = "view-not-found"
    title = "Saved search not found"


class TooManyViews(StockpulseError):
    """The maximum number of views is saved. Delete one first."""

    status = 409
    code = "too-many-views"
    title = "Too many saved searches"


class ViewExists(StockpulseError):
    """Another view has this name. Choose another name, or replace that view."""

    status = 409
    code = "view-exists"
    title = "A saved search has this name"


class ViewChanged(StockpulseError):
    """The view was changed by others at the same time. Nothing was saved; try again."""

    status = 409
    code = "view-changed"
    title = "The saved search was changed"


class InvalidViewName(StockpulseError):
    """The name is not allowed for a saved view."""

    status = 422
    code = "invalid-view-name"
    title = "The name of the search is not valid"


@dataclass(frozen=True, slots=True)
class View:
    """A search: `q` is its text, or the query string of a list; `order` is that of events."""

    name: str
    q: str
    order: str
    kind: Kind = "events"


class SavedViews:
    """The rows of kind `view` in the settings table."""

    def __init__(self, client: "DynamoDBClient", table: str, log: AdminLog) -> None:
        self._client = client
        self._table = table
        self._log = log

    def all(self, kind: Kind | None = None) -> list[View]:
        """Every view, by name; `kind`: only those of events or of products."""
        rows = get_rows(
            self._client,
            "query",
            self._table,
            KeyConditionExpression="Kind = :kind",
            ExpressionAttributeValues={":kind": {"S": _KIND}},
        )
        views = map(_view, islice(rows, MOST))
        return [view for view in views if kind in {None, view.kind}]

    def get(self, name: str, kind: Kind | None = None) -> View:
        """One view.

        Raises:
            ViewNotFound: no view of this kind has this name.

        """
        row = self._row(name)
        if row is None or kind not in {None, _view(row).kind}:
            raise ViewNotFound("No saved search has this name. See the list of saved searches.")
        return _view(row)

    def put(self, view: View, actor: str, *, replace: bool = True) -> View:
        """Save a view; `replace`: also if another one has this name, of whichever kind.

        Raises:
            InvalidViewName, TooManyViews, ViewExists, ViewChanged: it was not saved.

        """
        name = checked_view_name(view.name)
        view = dataclasses.replace(view, name=name)
        item = {
            **row_key(_KIND, name),
            "Query": {"S": view.q},
            "Order": {"S": view.order},
            "Searches": {"S": view.kind},
        }
        for _ in range(_TRIES):
            row = self._row(name)
            before = None if row is None else _view(row)
            if before == view:
                return view
            if before is not None and not replace:
                raise ViewExists(
                    f"A search named “{name}” exists already: it was not changed. Choose another "
                    "name, or replace it."
                )
            if row is None and len(self.all()) >= MOST:
                raise TooManyViews(f"There are {MOST} saved searches already. Delete one first.")
            version = {"Version": {"N": str(_version(row) + 1)}}
            put = {"Item": item | version, **_unchanged(row)}
            if self._commit({"Put": put}, actor, "view saved", before, view):
                return view
        raise ViewChanged("Others keep changing this search. Nothing was saved; try again.")

    def rename(self, name: str, new_name: str, actor: str) -> View:
        """Give a view another name.

        Raises:
            ViewNotFound, InvalidViewName: it keeps its name.
            ViewChanged: it keeps its name; another view has the new one, or others changed it.

        """
        new_name = checked_view_name(new_name)
        row = self._row(name)
        if row is None:
            raise ViewNotFound("No saved search has this name. See the list of saved searches.")
        before = _view(row)
        after = dataclasses.replace(before, name=new_name)
        if before == after:
            return before
        put = {"Item": row | row_key(_KIND, new_name), **_unchanged(None)}
        delete = {"Key": row_key(_KIND, before.name), **_unchanged(row)}
        if not self._commit({"Put": put, "Delete": delete}, actor, "view renamed", before, after):
            raise ViewChanged("There is a search with this name already. Choose another name.")
        return after

    def delete(self, name: str, actor: str) -> None:
        """Delete a view.

        Raises:
            ViewNotFound: no view has this name.
            ViewChanged: it was not deleted.

        """
        for _ in range(_TRIES):
            row = self._row(name)
            if row is None:
                raise ViewNotFound("No saved search has this name. See the list of saved searches.")
            delete = {"Key": row_key(_KIND, row["ID"]["S"]), **_unchanged(row)}
            if self._commit({"Delete": delete}, actor, "view deleted", _view(row), None):
                return
        raise ViewChanged("Others keep changing this search. It was not deleted; try again.")

    def _row(self, name: str) -> dict[str, Any] | None:
        name = unicodedata.normalize("NFC", name)
        if not _NAME.fullmatch(name):
            return None
        return get_one(self._client, self._table, row_key(_KIND, name))

    def _commit(
        self,
        requests: dict[str, dict[str, Any]],
        actor: str,
        action: str,
        before: View | None,
        after: View | None,
    ) -> bool:
        """Apply the change with its log row; False if a row is not as it was read."""
        logged = self._log.entry(actor, action, before=_document(before), after=_document(after))
        try:
            changes = [{kind: {"TableName": self._table, **one}} for kind, one in requests.items()]
            commit(self._client, [*changes, logged])
        except ConditionFailed:
            return False
        return True


def checked_view_name(name: str) -> str:
    """The name in the form in which it is stored.

    Raises:
        InvalidViewName: it is not allowed.

    """
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name):
        raise InvalidViewName(
            f"{name[:80]!r} is not allowed as a search's name: use 1 to 64 letters, digits, . @ + "
            "- _ and spaces (not at the start or end)."
        )
    return name


def _view(row: dict[str, Any]) -> View:
    order = row.get("Order", {}).get("S")
    return View(
        str(row["ID"]["S"]),
        str(row.get("Query", {}).get("S", "")),
        "oldest" if order == "oldest" else "newest",
        "products" if row.get("Searches", {}).get("S") == "products" else "events",
    )


def _version(row: dict[str, Any] | None) -> int:
    return 0 if row is None else int(row.get("Version", {}).get("N", "0"))


def _unchanged(row: dict[str, Any] | None) -> dict[str, Any]:
    """The condition that the row is still as it was read."""
    if row is None:
        return {"ConditionExpression": "attribute_not_exists(ID)"}
    return {
        "ConditionExpression": "Version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(_version(row))}},
    }


def _document(view: View | None) -> Any:
    return None if view is None else dataclasses.asdict(view)
