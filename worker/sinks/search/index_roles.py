"""The live index has the alias, and the next one is filled until it takes over.

The one that was replaced is retired: it is there for a while, for the searches that run on it.

The cluster alone keeps which is which, so all workers see the same. `Roles.now` is read before each
delivery: an event that a call delivers only to the live index was in the tables before the next
index was created, so the fill, which begins later, sees its change.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.core.errors import StoreUnavailable
from app.core.events import rfc3339
from worker.consumers.sink import Unavailable
from worker.sinks.owner_mark import refuse_other
from worker.sinks.search.index_mapping import SCHEMA, differences, index_body
from worker.sinks.search.search_node import Answer, SearchNode

_log = logging.getLogger(__name__)

SETTING = "STOCKPULSE_SEARCH_INDEX"
_META = "stockpulse"  # our part of a mapping's `_meta`
_NUMBER = re.compile(r"-(\d{6})$")
_TRIES = 100  # names of a new index


@dataclass(frozen=True, slots=True)
class Index:
    """An index of ours; `place`: how far it is filled (None: not begun)."""

    name: str
    schema: int
    shape: str
    created: datetime
    meta: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The alias that writes go to: a write to a deleted index's own name would create it."""
        return target_of(self.name)

    @property
    def place(self) -> str | None:
        """The key, in canonical form, that the fill goes on after; None: from the start."""
        found = self.meta.get("place")
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Roles:
    """The live index (None before the first is filled) and the next (None unless one is filled).

    `retired`: the one that was live before; nothing is written to it.
    """

    live: Index | None
    next: Index | None
    retired: Index | None = None

    @property
    def written(self) -> Sequence[Index]:
        """The indices that events are delivered to: a live one of another schema is left as is."""
        live = self.live if self.live is not None and self.live.schema == SCHEMA else None
        return [index for index in (live, self.next) if index is not None]


class IndexRoles:
    """Reads, creates and swaps the indices behind one alias.

    Every method raises Unavailable if the cluster does not answer, or if the alias belongs to
    another deployment or to something else.
    """

    def __init__(self, node: SearchNode, alias: str, shape: str, owner: Callable[[], str]) -> None:
        """`owner` names the deployment; it raises StoreUnavailable if the tables do not answer."""
        self._node = node
        self.alias = alias
        self._next = f"{alias}-next"
        self._retired = f"{alias}-retired"
        self._shape = shape
        self._owner = owner
        self._own: str | None = None

    def found(self) -> Roles:
        """The indices that there are."""
        answer = self._node(
            "GET",
            f"/{self.alias},{self._next},{self._retired}",
            ignore_unavailable="true",
            filter_path="*.aliases,*.mappings._meta",
        )
        indices = answer.document if answer.status == 200 else {}
        roles = (self.alias, self._next, self._retired)
        return Roles(*(self._role(indices, alias) for alias in roles))

    def now(self) -> Roles:
        """The indices to write to; creates the next one where the live one is missing or outdated.

        That is at the first start, after somebody deleted the live index, and after settings that
        decide how documents look have changed.
        """
        roles = self.found()
        if roles.next is not None and roles.next.shape != self._shape:
            self.drop(roles.next)
            roles = replace(roles, next=None)
        outdated = roles.live is None or roles.live.shape != self._shape
        if outdated and roles.next is None:
            self.begin(roles)
            roles = self.found()
            if roles.next is None:
                raise Unavailable(f"Another worker changes the indices of {self.alias}.")
        return roles

    def begin(self, roles: Roles) -> None:
        """Create the next index; does nothing if another worker has just done it."""
        meta = {
            "owner": self._owned(),
            "schema": SCHEMA,
            "shape": self._shape,
            "created": rfc3339(datetime.now(UTC)),
        }
        match = _NUMBER.search(roles.live.name) if roles.live is not None else None
        first = int(match[1]) + 1 if match is not None else 1
        for number in range(first, first + _TRIES):
            name = f"{self.alias}-{number:06d}"
            aliases = {self._next: {}, target_of(name): {"is_hidden": True}}
            answer = self._node("PUT", f"/{name}", index_body(aliases, {_META: meta}))
            if answer.status == 200:
                _log.info("search index %s is being filled", name)
                return
            if "already_exists" not in answer.reason:
                raise Unavailable(f"The index {name} cannot be created: {answer.reason}")
            if self.found().next is not None:
                return
        raise Unavailable(
            f"{_TRIES} indices {self.alias}-… exist that the alias {self.alias} does not lead to: "
            "delete them."
        )

    def save_place(self, index: Index, place: str) -> None:
        """Save how far the next index is filled."""
        meta = {_META: {**index.meta, "place": place}}
        self._done(self._node("PUT", f"/{index.name}/_mapping", {"_meta": meta}), index)

    def take_over(self, roles: Roles) -> None:
        """Make the next index the live one, and retire the live one, in one step.

        A search resolves the alias first, and reads the index then: if that were deleted in the
        same step, a search between both would fail.
        """
        if roles.next is None:
            return
        # Searches see what a refresh has shown, and the last documents may be younger than that.
        self._done(self._node("POST", f"/{roles.next.name}/_refresh"), roles.next)
        actions: list[dict[str, Any]] = [
            {"add": {"index": roles.next.name, "alias": self.alias}},
            {"remove": {"index": roles.next.name, "alias": self._next}},
        ]
        if roles.retired is not None:
            actions.append({"remove_index": {"index": roles.retired.name}})
        if roles.live is not None:
            actions += [
                {"remove": {"index": roles.live.name, "alias": self.alias}},
                {"add": {"index": roles.live.name, "alias": self._retired, "is_hidden": True}},
            ]
        self._done(self._node("POST", "/_aliases", {"actions": actions}), roles.next)
        _log.info("search index %s is complete and has the alias %s", roles.next.name, self.alias)

    def drop(self, index: Index) -> None:
        """Delete an index that is not the live one."""
        self._node("DELETE", f"/{index.name}", ignore_unavailable="true")

    def changed_fields(self, index: Index) -> list[str]:
        """A sentence for each field of an index's mapping that is not as we made it."""
        answer = self._node("GET", f"/{index.name}/_mapping")
        self._done(answer, index)
        return list(differences(answer.document[index.name]["mappings"]))

    def _role(self, indices: Mapping[str, Any], alias: str) -> Index | None:
        with_it = [name for name, one in indices.items() if alias in {name, *one["aliases"]}]
        if not with_it:
            return None
        if len(with_it) > 1:
            raise Unavailable(
                f"The alias {alias} leads to several indices ({', '.join(sorted(with_it))}): "
                f"remove it from all but one, or set {SETTING} to another name."
            )
        (name,) = with_it
        meta = indices[name].get("mappings", {}).get("_meta", {}).get(_META)
        if not isinstance(meta, Mapping) or target_of(name) not in indices[name]["aliases"]:
            raise Unavailable(
                f"The index {name} was not made by Stockpulse: set {SETTING} to a name that "
                "nothing else uses."
            )
        refuse_other(str(meta.get("owner")), self._owned(), f"The search index {name}", SETTING)
        created = datetime.fromisoformat(str(meta.get("created")))
        return Index(name, int(meta.get("schema", 0)), str(meta.get("shape")), created, meta)

    def _owned(self) -> str:
        if self._own is None:
            try:
                self._own = self._owner()
            except StoreUnavailable as error:
                raise Unavailable(error.detail) from error
        return self._own

    def _done(self, answer: Answer, index: Index) -> None:
        if answer.status != 200:
            raise Unavailable(f"The index {index.name} cannot be changed: {answer.reason}")


def target_of(index: str) -> str:
    """The hidden alias of one index."""
    return f"{index}-write"
