"""A bug has a name and the state machine rules that are needed to find it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

Patch = pytest.MonkeyPatch
Seed = Callable[[Patch], None]


@dataclass(frozen=True)
class Bug:
    """`rules`: without all of these the state machine misses it; empty: several rules find it."""

    seed: Seed
    rules: tuple[str, ...]


BUGS: dict[str, Bug] = {}


def bug(*rules: str) -> Callable[[Seed], Seed]:
    """Register a bug under its function's name."""

    def register(seed: Seed) -> Seed:
        BUGS[seed.__name__] = Bug(seed, rules)
        return seed

    return register
