"""The contract under every request that its generator knows to make."""

from tests.support.http.contract import hold_to_contract
from tests.support.processes.running import App


def test_the_whole_contract_holds_for_long(app: App) -> None:
    hold_to_contract(app, "examples,coverage,fuzzing", examples=100, seconds=1800)
