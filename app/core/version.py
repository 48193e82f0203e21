"""The version is the installed package's; of code that was only copied, the project file's."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def our_version() -> str:
    """Stockpulse's version."""
    try:
        return version("stockpulse")
    except PackageNotFoundError:  # not installed but copied, as in the image
        project = Path(__file__).resolve().parents[2] / "pyproject.toml"
        number: str = tomllib.loads(project.read_text())["project"]["version"]
        return number
