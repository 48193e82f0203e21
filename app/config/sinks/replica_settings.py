"""The settings of the replica; `Settings` inherits them."""

import re
from pathlib import PurePath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from app.config.values import EventFilter, Projection

_POSTGRESQL = {"postgresql", "postgres"}


def _url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    try:
        parts = urlsplit(text)
        fits = parts.port != 0 and parts.netloc.count("@") < 2 and not any(map(str.isspace, text))
    except ValueError:  # a port beyond 65535
        fits = False
    if fits and parts.scheme in _POSTGRESQL and not parts.fragment and len(parts.path) > 1:
        return SecretStr(f"postgresql{text[len(parts.scheme) :]}")
    name = text.removeprefix("sqlite:///")
    if fits and name not in {text, ":memory:"} and PurePath(name).name and not parts.query:
        return value
    raise ValueError(
        "must be postgresql://user:password@host[:port]/database (write special characters in a "
        "password as %XX) or sqlite:///path of a file"
    )


def _prefix(value: str) -> str:
    if re.fullmatch(r"([a-z_][a-z0-9_]{0,39})?", value):
        return value
    raise ValueError("must be at most 40 characters out of a-z 0-9 _, and not begin with a digit")


class ReplicaSettings(BaseSettings):
    """Which database has a replica, and what it gets."""

    replica_url: Annotated[SecretStr, AfterValidator(_url)] | None = Field(
        None,
        description="Relational database that gets the products and their events: "
        "`postgresql://user:password@host:5432/shop` or `sqlite:///path` (docs/use/replica.md). If "
        "unset, there is no replica.",
    )
    replica_prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        "stockpulse_", description="Prefix of the names of the replica's tables."
    )
    replica_deletes: Literal["remove", "mark"] = Field(
        "remove",
        description="What happens to a deleted product's row in the replica: `remove` deletes it, "
        "`mark` keeps it and sets `deleted_at`.",
    )
    replica_filter: EventFilter | None = Field(
        None,
        description="Which changes get a row in the replica's table of events: a filter pattern, "
        "as for `STOCKPULSE_WEBHOOK_FILTER`. Its table of products has all products. If unset, all "
        "changes.",
    )
    replica_attributes: Projection | None = Field(
        None,
        description="Which attributes of a product the replica gets, separated by commas, such as "
        "`ProductName,Stock`; the key is always written (docs/use/sinks.md). If unset, all.",
    )
