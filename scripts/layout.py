"""Checks the layout rules of CONTRIBUTING.md (`make lint`).

A folder has at most 13 Python files, and its `__init__.py` says what belongs there. A file name
occurs once within `app/store`, `app/web` and `worker`, and no two names differ only by a plural.
"""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

MOST_FILES = 13
NAMED_ONCE = ("app/store", "app/web", "worker")
LOOSE_IN_APP = {"__init__.py", "__main__.py", "cli.py"}
PACKAGES = ("app", "worker")


def problems(files: Iterable[str], policies: dict[str, str | None]) -> Iterator[str]:
    """Yield one line per broken rule; `policies` maps each `__init__.py` to its docstring."""
    folders = defaultdict(list)
    for file in map(PurePosixPath, files):
        folders[str(file.parent)].append(file.name)
    for folder, names in sorted(folders.items()):
        if len(names) > MOST_FILES:
            yield f"{folder}: {len(names)} files, at most {MOST_FILES}: split it by idea"
        if folder.split("/")[0] in PACKAGES and not policies.get(f"{folder}/__init__.py"):
            yield f"{folder}: __init__.py must say in one sentence what belongs here"
    for name in sorted(set(folders["app"]) - LOOSE_IN_APP):
        yield f"app/{name}: belongs in a folder of app/"
    for root in NAMED_ONCE:
        yield from _repeated(root, folders)


def _repeated(root: str, folders: dict[str, list[str]]) -> Iterator[str]:
    homes = defaultdict(list)
    for folder, names in folders.items():
        if f"{folder}/".startswith(f"{root}/"):
            for name in set(names) - {"__init__.py"}:
                homes[name.removesuffix(".py").removesuffix("s")].append(f"{folder}/{name}")
    for found in homes.values():
        if len(found) > 1:
            yield f"{' and '.join(sorted(found))}: the names are too similar within {root}"


def main() -> int:
    """Print each broken rule; returns 1 if there is any."""
    listed = subprocess.run(
        ["git", "ls-files", "app", "worker", "tests", "bench", "scripts"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    files = [name for name in listed if name.endswith(".py")]
    policies = {}
    for name in files:
        if name.endswith("/__init__.py"):
            policies[name] = ast.get_docstring(ast.parse(Path(name).read_text("utf-8")))
    found = list(problems(files, policies))
    print("\n".join(found) or f"layout: {len(files)} files follow every rule")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
