"""The version comes from the installed package, or from pyproject.toml if none is installed."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def our_version() -> str:
    """Stockpulse's version."""
    try:
        return version("stockpulse")
    except PackageNotFoundError:  # the code is copied, not installed, as in the container image
        project = Path(__file__).resolve().parents[2] / "pyproject.toml"
        number: str = tomllib.loads(project.read_text())["project"]["version"]
        return number
