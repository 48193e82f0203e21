"""The binary that npm installed for this platform is used first, then `dynoxide` on the PATH."""

import os
import platform
import shutil
import sys
from pathlib import Path

from app.store.engine.errors import EngineMissing

_ROOT = Path(__file__).resolve().parents[3]  # holds app/ and, after `npm ci`, node_modules/
_CPUS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def platform_name(system: str, machine: str) -> str:
    """Node's name of a platform (such as `linux-x64`), as in the names of npm's binary packages."""
    cpu = machine.lower()
    return f"{system}-{_CPUS.get(cpu, cpu)}"


def find_binary(root: Path = _ROOT, path: str | None = None) -> Path:
    """The engine's binary, under `root` or else on `path` (default: the PATH).

    Raises:
        EngineMissing: there is none; the message names the alternatives.

    """
    name = platform_name(sys.platform, platform.machine())
    packaged = root / "node_modules" / "@dynoxide" / name / "dynoxide"
    if packaged.is_file() and os.access(packaged, os.X_OK):
        return packaged
    if on_path := shutil.which("dynoxide", path=path):
        return Path(on_path).absolute()
    raise EngineMissing(
        f"no embedded engine for {name} found: start with `make run` (it installs one) "
        "or `docker compose up`, or set STOCKPULSE_DYNAMODB=http://host:port "
        "to the address of a DynamoDB Local"
    )
