"""The REST API matches its contract under every request that the generator can make."""

from tests.support.http.contract import check_contract
from tests.support.processes.running import App


def test_api_matches_its_contract_under_all_generated_requests(app: App) -> None:
    check_contract(app, "examples,coverage,fuzzing", examples=100, seconds=1800)
