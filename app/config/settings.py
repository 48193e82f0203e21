"""Entry points read the settings once, from the environment or `.env`; errors stop startup.

The field descriptions are the documentation: `stockpulse serve --help` and
`docs/operate/configuration.md` print them.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsConfigDict

from app.config.access import PREFIX as PREFIX
from app.config.access import AccessSettings
from app.config.notification_settings import NotificationSettings
from app.config.sinks.archive_settings import ArchiveSettings
from app.config.sinks.fan_out_settings import FanOutSettings
from app.config.sinks.replica_settings import ReplicaSettings
from app.config.sinks.search_settings import SearchSettings
from app.config.sinks.sink_settings import SinkSettings
from app.config.table_settings import TableSettings
from app.config.values import (
    AuditKeys,
    BasePath,
    BrokerURL,
    Currency,
    DataFolder,
    Endpoint,
    Origins,
    Port,
    StorePlace,
    TimeZone,
    Words,
)
from app.store.dynamodb.table_names import TableNames, table_names

SECRET_PREFIX = f"{PREFIX}SECRET_"  # of variables that are no settings, but secrets of rules


class SettingsError(Exception):
    """The settings are invalid. Each line of the message names a variable and what to change."""


class Settings(
    TableSettings,
    NotificationSettings,
    ArchiveSettings,
    FanOutSettings,
    ReplicaSettings,
    SearchSettings,
    SinkSettings,
):
    """All settings, as `STOCKPULSE_<NAME>`; it inherits those of single subjects."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    dynamodb: StorePlace = Field(
        "embedded",
        description="Where the tables are: `embedded` (an engine that Stockpulse runs in the data "
        "folder), `http://host:port` (DynamoDB Local) or `aws`. Endpoints and AWS are called with "
        "the region and credentials that the AWS CLI uses (docs/start/existing-tables.md).",
    )
    cli_endpoint: Endpoint | None = Field(
        None,
        description="DynamoDB endpoint shown in AWS CLI commands, if your shell reaches the tables "
        "at another address than Stockpulse does. If unset, the endpoint that Stockpulse uses.",
    )
    port: Port = Field(
        8000, description="Port that the web server listens on; 0 for any free port."
    )
    data_dir: DataFolder = Field(
        Path(".data"), description="Folder for the embedded engine, keys and local state."
    )
    read_only: bool = Field(
        default=False,
        description="Never write to the products table: write requests are answered with 403, and "
        "pages hide their forms.",
    )
    broker_url: BrokerURL | None = Field(
        None,
        description="Redis or Valkey that carries changes between processes: "
        "`redis://[user:password@]host:port/0`, `rediss://…` (TLS) or `unix:///path`. If set, "
        "`stockpulse serve` runs only the web server, and `stockpulse worker` or Lambda reads the "
        "stream (docs/operate/topologies.md). If unset, one process does everything.",
    )
    audit_keys: AuditKeys | None = Field(
        None,
        description="Keys of 32 bytes or more for audit entries, changes and API keys, as "
        "`id:base64,…`: the first signs, all verify. The same in every process. Required with "
        "`STOCKPULSE_DYNAMODB=aws`; otherwise, if unset, a key is created and kept in the data "
        "folder.",
    )
    base_path: BasePath = Field(
        "", description="Path prefix behind a reverse proxy, such as `/stockpulse`."
    )
    allowed_hosts: Words = Field(
        (),
        description="Host names, separated by commas, that are accepted in the `Host` header in "
        "addition to the listening address and localhost (protects against DNS rebinding).",
    )
    cors_origins: Origins = Field(
        (),
        description="Origins, separated by commas, such as `https://shop.example`, whose pages may "
        "call the API (`/v1`) from a browser. If unset, none.",
    )
    currency: Currency = Field("EUR", description="ISO 4217 code of the currency of all prices.")
    timezone: TimeZone = Field(
        "UTC",
        description="IANA time zone that defines the days in trends, charts and digests. With "
        "another one, a server fills its copy for lists and trends again.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Format of log lines: `text` or `json`."
    )
    metrics_port: Port | None = Field(
        None,
        description="Port on `STOCKPULSE_HOST` where a standalone worker serves `/metrics`. If "
        "unset, it serves none. (The web server always serves `/metrics`.)",
    )
    audit_retention_days: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="Days after which new audit and feed rows expire. If unset, they are kept "
        "forever. Consequences: docs/use/audit.md.",
    )
    parallelization_factor: Annotated[int, Field(ge=1, le=10)] = Field(
        4,
        description="How many batches of different products `stockpulse worker` writes at once (1 "
        "to 10), as in Lambda's event source mapping. The changes of one product stay in order. A "
        "worker inside `stockpulse serve` writes one batch at a time, to leave CPU time for the "
        "pages.",
    )
    feed_partitions: Annotated[int, Field(ge=1, le=64)] = Field(
        1,
        description="Number of DynamoDB partitions per day of the arrival log, `Feed` (1 to 64). "
        "One partition takes about 1,000 batches per second. Each worker process and each Lambda "
        "container writes to one of them, and every read of the log queries them all.",
    )
    max_body_bytes: Annotated[int, Field(ge=1024)] = Field(
        1024 * 1024, description="Maximum size of a request body, in bytes."
    )
    max_header_bytes: Annotated[int, Field(ge=4096)] = Field(
        32 * 1024,
        description="Maximum size of the request line and headers together, in bytes.",
    )
    request_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        30, description="Maximum time for a request to arrive completely, in seconds."
    )
    max_streams: Annotated[int, Field(ge=1)] = Field(
        10_000, description="Maximum open live streams of the process."
    )

    @property
    def table_names(self) -> TableNames:
        """The names of all tables; without writes, the products table has to exist."""
        return table_names(
            self.table_prefix,
            self.products_table,
            existing=self.read_only,
            key=(self.key_attribute, self.sort_key_attribute),
        )


def documented() -> list[tuple[str, FieldInfo]]:
    """Every setting, in the documentation's order.

    General ones, sinks, notifications, tables, access.
    """
    sinks = (SinkSettings, ArchiveSettings, FanOutSettings, ReplicaSettings, SearchSettings)
    of_sinks = {name for kind in sinks for name in kind.model_fields}
    subjects = (
        AccessSettings.model_fields,
        TableSettings.model_fields,
        NotificationSettings.model_fields,
        of_sinks,
    )
    fields = Settings.model_fields.items()
    return sorted(fields, key=lambda field: [field[0] in subject for subject in subjects])


def load(*, signs: bool = True) -> Settings:
    """The settings of this process; environment variables override `.env`.

    `signs`: whether the process may sign or verify audit entries, so that it needs the keys.

    Raises:
        SettingsError: a variable is unknown or invalid, contradicts another, or is missing.

    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    try:
        given = {*dotenv_values(".env"), *os.environ}
    except UnicodeDecodeError:
        raise SettingsError(".env is not UTF-8 text: save it as UTF-8, or delete it") from None
    unknown = sorted(
        name
        for name in given
        if name.startswith(PREFIX) and name not in known and not name.startswith(SECRET_PREFIX)
    )
    if unknown:
        raise SettingsError(
            f"{', '.join(unknown)}: unknown setting; `stockpulse serve --help` lists all settings"
        )
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None
    if signs and settings.dynamodb == "aws" and settings.audit_keys is None:
        raise SettingsError(
            f"{PREFIX}AUDIT_KEYS must be set with {PREFIX}DYNAMODB=aws; create a key with: "
            f'echo "{PREFIX}AUDIT_KEYS=k1:$(openssl rand -base64 32)" >> .env, and keep it safe'
        )
    return settings


def _lines(error: ValidationError) -> list[str]:
    """One line per error: the variable and what it must be, without its value (maybe a secret)."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        reason = fault["msg"].removeprefix("Value error, ")
        name = PREFIX + str(fault["loc"][0]).upper() + ": " if fault["loc"] else ""
        lines.append(name + reason)
    return lines
