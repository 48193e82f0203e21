"""At the end of an example, `verify` finds no damage in the chains of products that lost nothing.

A `reconciled` entry written while a record was not yet readable must be void.
"""

from collections.abc import Iterable
from itertools import pairwise

from app.store.audit.chain import is_baseline, link_of, void_keys
from app.store.audit.verification import Checked, check_entries, check_live
from tests.unit.worker.machine.checks.ledger import AUDIT, PRODUCTS
from tests.unit.worker.machine.checks.written import Written
from tests.unit.worker.machine.world import KEY, KEY_ID, World


class ChainReader:
    """Checks the products' chains against the table and within themselves."""

    def __init__(self, world: World) -> None:
        self._world = world

    def all(self) -> set[str]:
        """Products that are older than the stream or have changes."""
        ledger = self._world.ledger
        return ledger.old.keys() | {
            product_id for product_id, chain in ledger.by_product.items() if chain
        }

    def whole(self) -> set[str]:
        """Products that lost no record and existed in one table only."""
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
        """Findings for products whose last entry differs from the table."""
        found = []
        for product_id in sorted(product_ids):
            live = self._world.tables.rows[PRODUCTS].get((product_id,))
            last = self._check(product_id)
            findings = check_live(product_id, last.last_after, live, has_entries=last.entries > 0)
            found += [str(finding) for finding in findings]
        return found

    def no_beginning(self) -> list[str]:
        """Findings for products that still lack a baseline and lost no record."""
        return [one for one in self.broken() if one.startswith("no-beginning")]

    def broken(self) -> list[str]:
        """Findings within the chains of products that lost no record."""
        return [
            str(finding)
            for product_id in sorted(self.whole())
            if not self._begins_unknown(product_id)
            for finding in self._check(product_id).findings
        ]

    def silent(self) -> list[str]:
        """Holes that one lease holder must have seen and that no gap covers."""
        return [
            str(finding)
            for product_id, changes in self._world.ledger.by_product.items()
            for finding in self._check(product_id).findings
            if finding.damage == "broken-chain"
            and self._audited_under_one_lease(changes, finding.event_key)
        ]

    def _audited_under_one_lease(self, changes: list[Written], key: str | None) -> bool:
        """Whether one lease holder audited both this change and the one before it.

        Entries missing from a batch that a crash cut short were still in the first worker's hands.
        If they are trimmed before another worker repeats the batch, the shard's gap reports them.
        """
        audited = [change for change in changes if change.audited]
        for before, change in pairwise(audited):
            if change.ref[1] == key:
                together = change.under is not None and change.under == before.under
                cut_short = any(one.lost and not one.audited for one in change.ahead_of)
                return together and not change.lost and not cut_short
        return False

    def count(self) -> None:
        """Count void `reconciled` entries."""
        tally = self._world.ledger.tally
        for product_id in self.all():
            links = [link_of(entry) for entry in self._entries(product_id)]
            tally["reconciled entry void"] += len(void_keys(links))

    def _begins_unknown(self, product_id: str) -> bool:
        """Whether the baseline of a product older than the stream cannot be known (ADR 0008).

        True if the baseline was written before a pending record by a host whose clock is behind, if
        the old image of the first record was too large to keep, or if the product was deleted and
        its records became readable only after the first comparison had stopped waiting.
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
