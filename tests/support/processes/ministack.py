"""MiniStack, an AWS emulator in one process with Lambda event source mappings, for tests.

It runs a function in a process of its own with the Python of `.ministack/`, from nothing but the
function's zip. scripts/ministack.sh creates that environment.
"""

import io
import os
import platform
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from tests.support.http import plain
from tests.support.paths import ROOT
from tests.support.processes.process import free_port

PYTHON = ROOT / ".ministack" / "bin" / "python"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"

ACCOUNT = "000000000000"
REGION = "us-east-1"


@dataclass(frozen=True)
class MiniStack:
    """A running MiniStack."""

    url: str
    output: Path

    def client(self, service: str) -> Any:
        """A boto3 client for one of its services."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="stockpulse",
            aws_secret_access_key="stockpulse",
        )


def build_zip(target: Path) -> Path:
    """Build the function's zip for this Python version."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run(
        [ROOT / "scripts/lambda.sh", str(target)],
        cwd=ROOT,
        env=os.environ | {"PYTHON_VERSION": version, "ARCH": platform.machine()},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return target


def with_modules(package: Path, *modules: Path) -> bytes:
    """The zip's bytes with more modules at its top level."""
    changed = io.BytesIO(package.read_bytes())
    with zipfile.ZipFile(changed, "a") as archive:
        for module in modules:
            archive.write(module, module.name)
    return changed.getvalue()


@contextmanager
def ministack(folder: Path) -> Iterator[MiniStack]:
    """Run a fresh MiniStack with everything in memory until the block ends."""
    port = free_port()
    output = folder / "ministack.log"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("STOCKPULSE_", "AWS_"))}
    with output.open("wb") as log:
        process = subprocess.Popen(
            [PYTHON, "-m", "ministack"],
            cwd=folder,
            env=kept
            | {
                "GATEWAY_PORT": str(port),
                "BIND_HOST": "127.0.0.1",
                "PATH": f"{PYTHON.parent}{os.pathsep}{kept.get('PATH', '')}",
                "PERSIST_STATE": "0",
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        running = MiniStack(f"http://127.0.0.1:{port}", output)
        _wait(running, process)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(running: MiniStack, process: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if plain.get(f"{running.url}/_ministack/health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"MiniStack did not start: {running.output.read_text()[-2000:]}")
