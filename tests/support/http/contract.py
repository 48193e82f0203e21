"""Schemathesis against a running application: no server error, nothing undocumented."""

import os
import subprocess
import sys
from pathlib import Path

from app.config.signing import audit_keys
from app.core.roles import Role
from app.store.access.api_keys import ApiKeys
from tests.support.processes.running import App

CONFIG = Path(__file__).with_name("schemathesis.toml")


def check_contract(app: App, phases: str, examples: int, seconds: float) -> None:
    """Send up to `examples` generated requests to every operation in each of these phases."""
    app.create("TEA-1", stock=40)
    table = f"{app.services.settings.table_prefix}Settings"
    keys = audit_keys(app.services.settings)
    _, secret = ApiKeys(app.tables, table, keys).create("generator", Role.ADMIN, None, "test")
    app.services.access.authenticator.key_cache.forget()
    key = f"Authorization: Bearer {secret.text}"
    # Schemathesis also calls each operation without the key and with a wrong one.
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis as s; s()"),
        *("--config-file", str(CONFIG), "run", f"{app.url}/v1/openapi.json", "--no-color"),
        *("--phases", phases, "--max-examples", str(examples), "--request-timeout", "60"),
        *("--header", key),
        *("--generation-database", "none", "--seed", "1"),
    ]
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.support.http.contract_checks"},
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    operations = app.web.openapi()["paths"].values()
    count = sum(len(methods) for methods in operations)
    assert f"Tested: {count}" in run.stdout, run.stdout[-2000:]
