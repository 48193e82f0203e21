"""Builders: a check of a product, and the entry for a difference that was found."""

from datetime import timedelta
from typing import Any

from app.core.events import ChangeEvent
from app.core.item import DEFAULT_NAMES, digest
from app.store.audit.chain import link_of
from app.store.audit.entry import Signer
from tests.support.builders import (
    LABEL,
    NOON,
)
from worker.reconcile.decision import (
    ProductCheck,
    found_in_table,
)

SIGNER = Signer("k1", b"k" * 32)
KEYS = {"k1": b"k" * 32}


def checked(event: ChangeEvent | None, live: Any) -> ProductCheck:
    head = None if event is None else link_of(SIGNER.entry(event))
    return ProductCheck("P1", head, None if live is None else digest(live))


def found(head: ChangeEvent | None, live: Any, seconds: float = 0) -> ChangeEvent:
    moment = NOON + timedelta(seconds=seconds)
    return found_in_table("P1", head, live, LABEL, moment, DEFAULT_NAMES)
