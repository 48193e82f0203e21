"""No request that the contract's generator thinks of meets a fault or an undocumented answer.

This is the short form; `make faults` runs the long one.
"""

from tests.support.http.contract import check_contract
from tests.support.processes.running import App


def test_the_whole_contract_holds(app: App) -> None:
    check_contract(app, "examples,fuzzing", examples=8, seconds=120)
