"""Settings are read once, by entry points, from environment or `.env`; a wrong one stops the start.

The fields' descriptions are the documentation: `stockpulse serve --help` and
`docs/operate/configuration.md` print them.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsConfigDict

from app.config.access import PREFIX as PREFIX
from app.config.access import AccessSettings
from app.config.values import (
    AttributeName,
    AuditKeys,
    BasePath,
    BrokerURL,
    Currency,
    DataFolder,
    Endpoint,
    EventFilter,
    Moment,
    Origins,
    Port,
    RecordAge,
    StorePlace,
    TableName,
    TablePrefix,
    TimeZone,
    WebhookSecret,
    WebhookURL,
    Words,
)
from app.core.item import WRITTEN_ATTRIBUTES, AttributeNames


class SettingsError(Exception):
    """The start is refused; the message names each variable and what to change, a line each."""


class Settings(AccessSettings):
    """Everything that a user can set, as `STOCKPULSE_<NAME>` (see `AccessSettings`, too)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    dynamodb: StorePlace = Field(
        "embedded",
        description="Where the tables are: `embedded` (an engine of our own in the data folder), "
        "`http://host:port` (DynamoDB Local) or `aws` (region and credentials as for the AWS CLI).",
    )
    cli_endpoint: Endpoint | None = Field(
        None,
        description="The same tables' address as a person's shell reaches it, for the AWS CLI "
        "lines that are shown; unset, it is the one that Stockpulse uses itself.",
    )
    port: Port = Field(8000, description="Port that the web server listens on; 0 takes a free one.")
    data_dir: DataFolder = Field(
        Path(".data"), description="Folder for the embedded engine, keys and local state."
    )
    table_prefix: TablePrefix = Field("", description="Put before the name of every table.")
    products_table: TableName | None = Field(
        None,
        description="Exact name of an existing products table; unset, it is the prefix and "
        "`Products`.",
    )
    key_attribute: AttributeName = Field(
        "ProductID", description="The products table's partition key (a string)."
    )
    name_attribute: AttributeName = Field(
        "ProductName", description="The attribute that holds a product's name."
    )
    stock_attribute: AttributeName = Field(
        "Stock", description="The attribute that holds the stock count."
    )
    read_only: bool = Field(
        default=False,
        description="Never write to the products table: write routes answer 403, "
        "pages hide their forms.",
    )
    broker_url: BrokerURL | None = Field(
        None,
        description="Redis or Valkey that carries changes between processes: "
        "`redis://[user:password@]host:port/0`, `rediss://…` (TLS) or `unix:///path`. With it "
        "`serve` runs the web server only, and `stockpulse worker` or Lambda the rest "
        "(docs/operate/topologies.md); unset, one process does it all.",
    )
    audit_keys: AuditKeys | None = Field(
        None,
        description="`id:base64,…`: keys of 32 bytes or more that sign audit entries; the first "
        "signs, all verify. Made and kept in the data folder when unset off AWS.",
    )
    webhook_url: WebhookURL | None = Field(
        None,
        description="Receives every change as a POST in CloudEvents JSON (docs/use/webhook.md); "
        "private addresses are allowed. Unset, there is no webhook.",
    )
    webhook_secret: WebhookSecret | None = Field(
        None,
        description="`whsec_` and 24 to 64 random bytes in base64: signs each delivery. Make one "
        'with `echo "whsec_$(openssl rand -base64 32)"`.',
    )
    webhook_filter: EventFilter | None = Field(
        None,
        description="Which changes the webhook receives: a filter pattern as for Lambda's event "
        'source mapping, such as `{"data": {"kind": ["stock_changed"]}}`; unset, all.',
    )
    webhook_parallelization_factor: Annotated[int, Field(ge=1, le=100)] = Field(
        10,
        description="How many requests to the webhook are under way at once, never two about the "
        "same product (1 to 100).",
    )
    base_path: BasePath = Field(
        "", description="Path prefix behind a reverse proxy, such as `/stockpulse`."
    )
    allowed_hosts: Words = Field(
        (),
        description="Host names, separated by commas, that requests may carry besides the bound "
        "address and localhost (guards against DNS rebinding).",
    )
    cors_origins: Origins = Field(
        (),
        description="Origins, separated by commas, such as `https://shop.example`, whose pages may "
        "call the API (`/v1`) from a browser; none unless named.",
    )
    currency: Currency = Field("EUR", description="ISO 4217 code that prices are shown in.")
    timezone: TimeZone = Field("UTC", description="IANA time zone of days in charts and digests.")
    log_format: Literal["text", "json"] = Field("text", description="Form of log lines.")
    metrics_port: Port | None = Field(
        None,
        description="Port on `STOCKPULSE_HOST` that a standalone worker serves `/metrics` on; "
        "unset, it serves none. (The web server has it at `/metrics` in any case.)",
    )
    audit_retention_days: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="Let DynamoDB expire audit and feed rows after so many days; "
        "unset keeps them for good.",
    )
    sinks_start: Moment | None = Field(
        None,
        description="Where a sink begins that never ran before: with what arrived at or after this "
        "time (RFC 3339, such as `2026-11-01T00:00:00Z`); unset, with what arrives from now on.",
    )
    maximum_retry_attempts: Annotated[int, Field(ge=-1, le=10_000)] = Field(
        3,
        description="How often a sink is tried again with an event that fails while other events "
        "succeed, before the event becomes a dead letter (0 to 10,000; -1 for ever). While a sink "
        "is down altogether, nothing is given up.",
    )
    maximum_record_age_in_seconds: RecordAge = Field(
        -1,
        description="Seconds since its arrival after which an event is no longer tried with a sink "
        "and becomes a dead letter (60 to 604,800; -1 for any age).",
    )
    parallelization_factor: Annotated[int, Field(ge=1, le=10)] = Field(
        4,
        description="How many batches of different products `stockpulse worker` writes at once (1 "
        "to 10), as Lambda's event source mapping has it; one product's stay in their order. "
        "A worker inside `stockpulse serve` writes one at a time and leaves the rest to the pages.",
    )
    feed_partitions: Annotated[int, Field(ge=1, le=64)] = Field(
        1,
        description="Over how many DynamoDB partitions the arrival log (`Feed`) of a day is spread "
        "(1 to 64). One takes about 1,000 batches a second. Each worker process and each Lambda "
        "container writes to one of them, and every read of the log queries them all.",
    )
    max_body_bytes: Annotated[int, Field(ge=1024)] = Field(
        1024 * 1024, description="Largest request body, in bytes."
    )
    max_header_bytes: Annotated[int, Field(ge=4096)] = Field(
        32 * 1024, description="Longest request line and headers together, in bytes."
    )
    request_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        30, description="Longest time that a request may take to arrive, in seconds."
    )
    max_streams: Annotated[int, Field(ge=1)] = Field(
        10_000, description="Most live streams open at once."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        attributes = (self.key_attribute, self.name_attribute, self.stock_attribute)
        for setting, attribute in zip(("KEY", "NAME", "STOCK"), attributes, strict=True):
            if attribute in WRITTEN_ATTRIBUTES:
                raise ValueError(
                    f"{PREFIX}{setting}_ATTRIBUTE: {attribute} is an attribute that Stockpulse "
                    "writes itself; name another"
                )
        if len(set(attributes)) < len(attributes):
            raise ValueError(
                f"{PREFIX}KEY_ATTRIBUTE, {PREFIX}NAME_ATTRIBUTE and {PREFIX}STOCK_ATTRIBUTE "
                "must name three different attributes"
            )
        if self.dynamodb == "aws" and self.audit_keys is None:
            raise ValueError(
                f"{PREFIX}AUDIT_KEYS must be set with {PREFIX}DYNAMODB=aws, for example "
                f"{PREFIX}AUDIT_KEYS=k1:$(openssl rand -base64 32), and kept safe"
            )
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError(
                f"{PREFIX}WEBHOOK_SECRET must be set with {PREFIX}WEBHOOK_URL; make one with: "
                'echo "whsec_$(openssl rand -base64 32)"'
            )
        return self

    @property
    def attributes(self) -> AttributeNames:
        """The products table's own attribute names."""
        return AttributeNames(self.key_attribute, self.name_attribute, self.stock_attribute)


def documented() -> list[tuple[str, FieldInfo]]:
    """Every setting, in the order of the documentation."""
    fields = Settings.model_fields.items()
    return sorted(fields, key=lambda field: field[0] in AccessSettings.model_fields)


def load() -> Settings:
    """Settings of this process, from its environment over `.env`.

    Raises:
        SettingsError: a variable is unknown, malformed or contradicts another.

    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    try:
        given = {*dotenv_values(".env"), *os.environ}
    except UnicodeDecodeError:
        raise SettingsError(".env is not UTF-8 text: write it anew, or remove it") from None
    unknown = sorted(name for name in given if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError(
            f"{', '.join(unknown)}: no such setting; `stockpulse serve --help` lists them all"
        )
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _lines(error: ValidationError) -> list[str]:
    """One line a fault: the variable and what it must be; never its value, it may be a secret."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        reason = fault["msg"].removeprefix("Value error, ")
        name = PREFIX + str(fault["loc"][0]).upper() + ": " if fault["loc"] else ""
        lines.append(name + reason)
    return lines
