"""A secret is a value in a private file or in the environment; rules hold its name only."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from app.config.secret_file import SECRET_NAME, secrets_in
from app.config.settings import PREFIX, SECRET_PREFIX, Settings

SCHEME = "secret:"


class SecretMissing(Exception):
    """There is no secret of that name in this process; the message says where to add it."""


def is_secret(address: str) -> bool:
    """Whether an address is the name of a secret: `secret:NAME`."""
    return address.startswith(SCHEME)


class Secrets:
    """The secrets of this process. The file is read at each use, so a new value needs no restart.

    A value of the file wins over one of the environment.
    """

    def __init__(self, environment: Mapping[str, str], file: Path | None = None) -> None:
        self._environment = dict(environment)
        self._file = file

    def names(self) -> list[str]:
        """The names of all secrets, for forms; without those of a file that cannot be read."""
        try:
            in_file = self._in_file()
        except SecretMissing:
            in_file = {}
        return sorted({*self._environment, *in_file})

    def value(self, address: str) -> str:
        """The secret that an address names; the address itself if it names none.

        Raises:
            SecretMissing: there is none of that name, or the file cannot be used.

        """
        if not is_secret(address):
            return address
        name = address.removeprefix(SCHEME)
        if not SECRET_NAME.fullmatch(name):
            raise SecretMissing(
                "A secret is named with capital letters, digits and _, such as secret:TEAM_CHAT."
            )
        value = self._in_file().get(name) or self._environment.get(name)
        if value is None:
            raise SecretMissing(
                f"There is no secret {name}: an administrator adds it to the file of "
                f"{PREFIX}SECRETS_FILE, or sets {SECRET_PREFIX}{name}, in each process."
            )
        return value

    def _in_file(self) -> dict[str, str]:
        if self._file is None:
            return {}
        try:
            return secrets_in(self._file)
        except ValueError as error:
            raise SecretMissing(f"The file of {PREFIX}SECRETS_FILE {error}.") from None


def secrets_of(settings: Settings) -> Secrets:
    """The secrets that the settings and the environment (or `.env`) give."""
    given = {**dotenv_values(".env"), **os.environ}
    own = {
        name.removeprefix(SECRET_PREFIX): value
        for name, value in given.items()
        if name.startswith(SECRET_PREFIX) and value
    }
    return Secrets(own, settings.secrets_file)
