"""The settings of the archive of all events; `Settings` inherits them."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from app.config.values import Endpoint, EventFilter, Projection

_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()=-]+)*/?")


def archive_place(value: str) -> str:
    """The checked place of an archive.

    Raises:
        ValueError: it is neither a bucket nor an absolute path.

    """
    path = value.removeprefix("file://")
    if _S3.fullmatch(value) or (Path(path).is_absolute() and Path(path) != Path("/")):
        return value.rstrip("/")
    raise ValueError(
        "must be s3://bucket, s3://bucket/prefix, or the absolute path of a directory such as "
        "/srv/stockpulse/archive"
    )


class ArchiveSettings(BaseSettings):
    """Where the archive is, and what it keeps."""

    archive_url: Annotated[str, AfterValidator(archive_place)] | None = Field(
        None,
        description="Where every event is archived: `s3://bucket/prefix`, or the absolute path of "
        "a directory (docs/use/archive.md). If unset, there is no archive.",
    )
    archive_endpoint: Endpoint | None = Field(
        None,
        description="URL of an S3-compatible service that has the archive's bucket and honours "
        "`If-None-Match`, such as `http://minio:9000`. If unset, AWS.",
    )
    archive_format: Literal["parquet", "ndjson"] = Field(
        "parquet",
        description="Format of new files of the archive: `parquet` (compressed with zstd) or "
        "`ndjson` (compressed with gzip).",
    )
    archive_filter: EventFilter | None = Field(
        None,
        description="Which events the archive keeps: a filter pattern, as for the webhook. If "
        "unset, all. With a filter, a restore cannot be complete.",
    )
    archive_attributes: Projection | None = Field(
        None,
        description="Which attributes of a product the archive keeps, separated by commas; the key "
        "is always kept (docs/use/sinks.md). If unset, all. With it, a restore has only these.",
    )
