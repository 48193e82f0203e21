"""Server programs that tests need and that `make` installs where it can."""

import os
import shutil

import pytest


def found(*names: str) -> str | None:
    """The path of the first of these programs; also where only root looks."""
    paths = os.environ.get("PATH", "") + ":/usr/sbin"
    return next((path for name in names if (path := shutil.which(name, path=paths))), None)


def needed(program: str | None, package: str) -> str:
    """The program; without it the test is skipped, or fails in CI."""
    if program is None:
        message = f"no {package}: `make {package.removesuffix('-server')}` installs it, as root"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return program
