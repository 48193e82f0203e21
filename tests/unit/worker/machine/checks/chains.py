"""What a verification finds in the audit's chains when all has come out.

A `reconciled` entry that was written while a record was on its way must be void.
"""

from collections.abc import Iterable
from itertools import pairwise

from app.store.audit.chain import is_baseline, link_of, void_keys
from app.store.audit.verification import Checked, check_entries, check_live
from tests.unit.worker.machine.checks.ledger import AUDIT, PRODUCTS
from tests.unit.worker.machine.checks.written import Written
from tests.unit.worker.machine.world import KEY, KEY_ID, World


class ChainReader:
    """The products' audit entries, held against the table and against themselves."""

    def __init__(self, world: World) -> None:
        self._world = world

    def all(self) -> set[str]:
        """Products of which there is anything to say."""
        ledger = self._world.ledger
        return ledger.old.keys() | {
            product_id for product_id, chain in ledger.by_product.items() if chain
        }

    def whole(self) -> set[str]:
        """Those of which no record was lost, and that were in one table only."""
        ledger = self._world.ledger
        return {
            product_id
            for product_id, changes in ledger.by_product.items()
            if changes
            and {change.arn for change in changes} == {self._world.stream.arn}
            and ledger.old.get(product_id) in {None, self._world.stream.arn}
            and any(change.audited for change in changes)
            and not any(change.lost for change in changes)
        }

    def cut_off(self, product_ids: Iterable[str]) -> list[str]:
        """Those whose last entry is not what the table holds."""
        found = []
        for product_id in sorted(product_ids):
            live = self._world.tables.rows[PRODUCTS].get((product_id,))
            last = self._check(product_id)
            findings = check_live(product_id, last.last_after, live, has_entries=last.entries > 0)
            found += [str(finding) for finding in findings]
        return found

    def no_beginning(self) -> list[str]:
        """Whole products, older than the stream, whose baseline is still to come."""
        return [one for one in self.broken() if one.startswith("no-beginning")]

    def broken(self) -> list[str]:
        """What is wrong within the chains of products that lost nothing."""
        return [
            str(finding)
            for product_id in sorted(self.whole())
            if not self._begins_unknown(product_id)
            for finding in self._check(product_id).findings
        ]

    def silent(self) -> list[str]:
        """Holes that a worker must have seen under one lease, and told of by no gap."""
        return [
            str(finding)
            for product_id, changes in self._world.ledger.by_product.items()
            for finding in self._check(product_id).findings
            if finding.damage == "broken-chain"
            and self._audited_under_one_lease(changes, finding.event_key)
        ]

    def _audited_under_one_lease(self, changes: list[Written], key: str | None) -> bool:
        """Whether the same lease audited this change and the one before it.

        Of a batch that a crash left in part, what is missing was in the worker's hands.
        """
        audited = [change for change in changes if change.audited]
        for before, change in pairwise(audited):
            if change.ref[1] == key:
                together = change.under is not None and change.under == before.under
                return together and not change.lost
        return False

    def count(self) -> None:
        """Note how many entries were early."""
        tally = self._world.ledger.tally
        for product_id in self.all():
            links = [link_of(entry) for entry in self._entries(product_id)]
            tally["reconciled entry void"] += len(void_keys(links))

    def _begins_unknown(self, product_id: str) -> bool:
        """Whether nothing can tell the beginning of a product older than the stream (ADR 0008).

        Its baseline was early, by a host whose clock is so far behind that the record looks later;
        or its first record's image before was too large to keep; or it was deleted, and its records
        were on their way for longer than the first comparison waits.
        """
        if product_id not in self._world.ledger.old:
            return False
        entries = self._entries(product_id)
        first = [link_of(entry) for entry in entries[:2]]
        early = len(first) > 1 and is_baseline(first[0].key) and first[0].after != first[1].before
        self._world.ledger.tally["baseline of an old product early"] += early
        behind = early and first[0].occurred_at < first[1].occurred_at
        deleted = first[0].kind != "reconciled" and any(
            link_of(entry).event_name == "REMOVE" for entry in entries
        )
        return behind or deleted or any("ImagesOmitted" in entry for entry in entries[:1])

    def _check(self, product_id: str) -> Checked:
        return check_entries(product_id, self._entries(product_id), {KEY_ID: KEY})

    def _entries(self, product_id: str) -> list[dict[str, object]]:
        rows = sorted(self._world.tables.rows[AUDIT].items())
        return [entry for key, entry in rows if key[0] == product_id]
