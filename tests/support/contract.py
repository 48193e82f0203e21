"""The contract's own generator against a running application: no fault, nothing undocumented."""

import subprocess
import sys
from pathlib import Path

from tests.support.running import App

CONFIG = Path(__file__).with_name("schemathesis.toml")


def hold_to_contract(app: App, phases: str, examples: int, seconds: float) -> None:
    """Send every operation up to `examples` made-up requests in each of these phases."""
    app.create("TEA-1", stock=40)
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis as s; s()"),
        *("--config-file", str(CONFIG), "run", f"{app.url}/v1/openapi.json", "--no-color"),
        *("--phases", phases, "--max-examples", str(examples), "--request-timeout", "60"),
        *("--generation-database", "none", "--seed", "1"),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    operations = app.http.get("/v1/openapi.json").json()["paths"].values()
    count = sum(len(methods) for methods in operations)
    assert f"Tested: {count}" in run.stdout, run.stdout[-2000:]
