"""The URL of static files contains a hash of all files, so browsers cache them for a year.

There is one hash for the folder, not one per file: modules import each other by relative path,
and an import map would be an inline script, which the pages' CSP blocks. Modules of two versions
cannot mix. Any other URL is 404: a page that stays open over an upgrade is still usable without
the files that it had not loaded yet.
"""

import hashlib
from functools import cache
from pathlib import Path, PurePath

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).resolve().parents[2] / "static"

_CACHE_CONTROL = "public, max-age=31536000, immutable"


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
    """The path of the files below the base path; the hash is computed at the first call."""
    return f"/static/{version_of(FOLDER)}"


class VersionedFiles(StaticFiles):
    """The files of `static/`, mounted at `/static`."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)
        self._version = PurePath(static_path()).name

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, if the path has the current hash."""
        file = PurePath(path)
        if not file.is_relative_to(self._version):
            raise HTTPException(status_code=404)
        response = await super().get_response(str(file.relative_to(self._version)), scope)
        response.headers["Cache-Control"] = _CACHE_CONTROL
        return response
