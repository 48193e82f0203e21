"""Static files lie under a hash of them all, so a browser keeps them for a year and never asks.

One hash for the folder, not one a file: modules import each other by relative paths, and an
import map would be an inline script, which the pages' policy forbids. Modules of two versions
cannot mix. Any other address is 404: a page of another version, kept open over an upgrade, is
still usable without the files that it had not loaded yet.
"""

import hashlib
from functools import cache
from pathlib import Path, PurePath

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).resolve().parents[2] / "static"

_KEPT = "public, max-age=31536000, immutable"


def version_of(folder: Path) -> str:
    """A hash of every file's path and content."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


@cache
def static_path() -> str:
    """Where the files are, below the base path; hashed once, at the first call."""
    return f"/static/{version_of(FOLDER)}"


class VersionedFiles(StaticFiles):
    """The files of `static/`, mounted at `/static`."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)
        self._version = PurePath(static_path()).name

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file of this version."""
        file = PurePath(path)
        if not file.is_relative_to(self._version):
            raise HTTPException(status_code=404)
        answer = await super().get_response(str(file.relative_to(self._version)), scope)
        answer.headers["Cache-Control"] = _KEPT
        return answer
