"""Requests generated from the contract get documented responses and no server errors.

This is the short run; `make contract` runs the long one.
"""

from tests.support.http.contract import check_contract
from tests.support.processes.running import App


def test_generated_requests_conform_to_the_contract(app: App) -> None:
    check_contract(app, "examples,fuzzing", examples=4, seconds=120)
