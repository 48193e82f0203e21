"""The REST API matches its contract under every request that the generator can make."""

from tests.support.http.contract import hold_to_contract
from tests.support.processes.running import App


def test_api_matches_its_contract_under_all_generated_requests(app: App) -> None:
    hold_to_contract(app, "examples,coverage,fuzzing", examples=100, seconds=1800)
