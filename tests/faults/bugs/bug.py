"""A bug has a name and the rules of the state machine that it takes to find it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

Patch = pytest.MonkeyPatch
Seed = Callable[[Patch], None]


@dataclass(frozen=True)
class Bug:
    """`rules`: those of the state machine without which nothing finds it; none: many do."""

    seed: Seed
    rules: tuple[str, ...]


BUGS: dict[str, Bug] = {}


def bug(*rules: str) -> Callable[[Seed], Seed]:
    """Note a bug under its name."""

    def note(seed: Seed) -> Seed:
        BUGS[seed.__name__] = Bug(seed, rules)
        return seed

    return note
