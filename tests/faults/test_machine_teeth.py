"""The state machines find each of these injected bugs within its examples.

A run that finds nothing proves something only if its machine is known to find bugs.
"""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.faults.bugs import BUGS

EXAMPLES = 5000  # the bugs that are hardest to find take more than 600
EXAMPLES_WITHOUT = 60


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_state_machine_finds_the_bug(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[name].seed(monkeypatch)
    with pytest.raises((AssertionError, ExceptionGroup)) as found:
        _run(BUGS[name].machine, EXAMPLES)
    print(f"\n{name}: {str(found.value).splitlines()[0][:150]}")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, bug in BUGS.items() if bug.rules])
def test_bug_is_not_found_without_its_rules(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So each of these rules is needed to find the bug."""
    BUGS[name].seed(monkeypatch)
    _run(BUGS[name].machine, EXAMPLES_WITHOUT, without=BUGS[name].rules)


def _run(
    machine: type[RuleBasedStateMachine], examples: int, without: tuple[str, ...] = ()
) -> None:
    rules: dict[str, Any] = dict.fromkeys(without)
    run_state_machine_as_test(
        type("Lacking", (machine,), rules),
        settings=settings(
            max_examples=examples,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
