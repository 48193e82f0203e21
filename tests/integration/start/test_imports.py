"""A process imports what it needs and no more, because imports are most of a start."""

import subprocess
import sys

from app.cli import COMMANDS
from tests.support.paths import ROOT

# Prints the seconds that an import took, and every loaded module.
IMPORT = """
import sys, time
started = time.process_time()
import {module}
print(time.process_time() - started)
print(*sys.modules)
"""


def imported(module: str) -> tuple[float, set[str]]:
    """Import a module in a fresh interpreter; return the CPU seconds and all loaded modules."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT.format(module=module)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, modules = done.stdout.splitlines()
    return float(seconds), set(modules.split())


WEB = {"fastapi", "starlette", "uvicorn", "jinja2", "sse_starlette", "httptools", "uvloop", "anyio"}
TESTING = {"hypothesis", "pytest", "httpx", "mypy_boto3_dynamodb"}


def test_a_cold_start_imports_no_web_server_and_is_not_much_slower_than_boto3() -> None:
    """Up to three attempts, because the machine may be busy."""
    seconds, modules = imported("worker.aws_lambda.handler")
    assert {"worker.pipeline.pipeline", "botocore.client", "pydantic"} <= modules
    assert not modules & (WEB | TESTING)
    ours = {name for name in modules if name.startswith("app.")}
    assert not {name for name in ours if name.startswith(("app.web", "app.demo", "app.commands"))}
    ratios = [seconds / imported("boto3")[0]]
    while ratios[-1] >= 4 and len(ratios) < 3:
        ratios.append(imported("worker.aws_lambda.handler")[0] / imported("boto3")[0])
    assert ratios[-1] < 4, f"times as long as `import boto3`: {ratios}"  # 2.0 when this was written


def test_publisher_imports_no_web_framework() -> None:
    _, modules = imported("app.broker.redis.publisher, app.store.feed.shared_clock")
    assert "redis" in modules
    assert modules.isdisjoint({"fastapi", "starlette", "sse_starlette", "uvicorn", "pydantic"})


def test_only_commands_with_a_server_import_the_web_framework() -> None:
    commands = [f"app.commands.{COMMANDS[name]}" for name in COMMANDS.keys() - {"serve", "demo"}]
    _, modules = imported(", ".join(["app.cli", *sorted(commands)]))
    assert modules.isdisjoint({"fastapi", "starlette", "uvicorn", "jinja2"})
