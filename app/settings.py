"""Settings are read once, by entry points, from environment or `.env`; a wrong one stops the start.

The fields' descriptions are the documentation: `stockpulse serve --help` and
`docs/configuration.md` print them.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode, SettingsConfigDict

from app.access_settings import PREFIX as PREFIX
from app.access_settings import AccessSettings
from app.addresses import is_broker, is_endpoint
from app.item import WRITTEN_ATTRIBUTES, AttributeNames
from app.store.keys import parse_keys

_TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")  # DynamoDB's naming rule


class SettingsError(Exception):
    """The start is refused; the message names each variable and what to change, a line each."""


class Settings(AccessSettings):
    """Everything that a user can set, as `STOCKPULSE_<NAME>` (see `AccessSettings`, too)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    dynamodb: str = Field(
        "embedded",
        description="Where the tables are: `embedded` (an engine of our own in the data folder), "
        "`http://host:port` (DynamoDB Local) or `aws` (region and credentials as for the AWS CLI).",
    )
    cli_endpoint: str | None = Field(
        None,
        description="The same tables' address as a person's shell reaches it, for the AWS CLI "
        "lines that are shown; unset, it is the one that Stockpulse uses itself.",
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8000, description="Port that the web server listens on; 0 takes a free one."
    )
    data_dir: Path = Field(
        Path(".data"), description="Folder for the embedded engine, keys and local state."
    )
    table_prefix: str = Field("", description="Put before the name of every table.")
    products_table: str | None = Field(
        None,
        description="Exact name of an existing products table; unset, it is the prefix and "
        "`Products`.",
    )
    key_attribute: str = Field(
        "ProductID", description="The products table's partition key (a string)."
    )
    name_attribute: str = Field(
        "ProductName", description="The attribute that holds a product's name."
    )
    stock_attribute: str = Field("Stock", description="The attribute that holds the stock count.")
    read_only: bool = Field(
        default=False,
        description="Never write to the products table: write routes answer 403, "
        "pages hide their forms.",
    )
    broker_url: SecretStr | None = Field(
        None,
        description="Redis or Valkey that carries changes between processes: "
        "`redis://[user:password@]host:port/0`, `rediss://…` (TLS) or `unix:///path`. With it "
        "`serve` runs the web server only, and `stockpulse worker` or Lambda the rest "
        "(docs/topologies.md); unset, one process does it all.",
    )
    audit_keys: SecretStr | None = Field(
        None,
        description="`id:base64,…`: keys of 32 bytes or more that sign audit entries; the first "
        "signs, all verify. Made and kept in the data folder when unset off AWS.",
    )
    base_path: str = Field(
        "", description="Path prefix behind a reverse proxy, such as `/stockpulse`."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Host names, separated by commas, that requests may carry besides the bound "
        "address and localhost (guards against DNS rebinding).",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins, separated by commas, such as `https://shop.example`, whose pages may "
        "call the API (`/v1`) from a browser; none unless named.",
    )
    currency: str = Field("EUR", description="ISO 4217 code that prices are shown in.")
    timezone: str = Field("UTC", description="IANA time zone of days in charts and digests.")
    log_format: Literal["text", "json"] = Field("text", description="Form of log lines.")
    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = Field(
        None,
        description="Port on `STOCKPULSE_HOST` that a standalone worker serves `/metrics` on; "
        "unset, it serves none. (The web server has it at `/metrics` in any case.)",
    )
    audit_retention_days: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="Let DynamoDB expire audit and feed rows after so many days; "
        "unset keeps them for good.",
    )
    maximum_retry_attempts: Annotated[int, Field(ge=-1, le=10_000)] = Field(
        3,
        description="How often an optional sink is tried again with a record before the record is "
        "parked in its lane (0 to 10,000; -1 for ever), as Lambda's event source mapping has it.",
    )
    maximum_record_age_in_seconds: int = Field(
        -1,
        description="Age past which a record is no longer tried with an optional sink but parked "
        "in its lane (60 to 604,800; -1 for any age), as Lambda's event source mapping has it.",
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

    @field_validator("allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if all(is_endpoint(origin) for origin in value):
            return tuple(origin.rstrip("/") for origin in value)
        raise ValueError("must be origins such as https://shop.example, without a path")

    @field_validator("dynamodb")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        if value in {"embedded", "aws"} or is_endpoint(value):
            return value.rstrip("/")
        raise ValueError("must be `embedded`, `aws` or a URL such as http://127.0.0.1:8001")

    @field_validator("cli_endpoint")
    @classmethod
    def _cli_endpoint(cls, value: str | None) -> str | None:
        if value is None or is_endpoint(value):
            return value and value.rstrip("/")
        raise ValueError("must be a URL such as http://127.0.0.1:8001")

    @field_validator("data_dir")
    @classmethod
    def _folder(cls, value: Path) -> Path:
        if value == Path():
            raise ValueError("must name a folder of its own, such as .data")
        return value

    @field_validator("products_table")
    @classmethod
    def _table(cls, value: str | None) -> str | None:
        if value is None or _TABLE_NAME.fullmatch(value):
            return value
        raise ValueError("must be 3 to 255 of the characters a-z A-Z 0-9 _ . -")

    @field_validator("table_prefix")
    @classmethod
    def _prefix(cls, value: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9_.-]{0,200}", value):
            return value
        raise ValueError("must be at most 200 of the characters a-z A-Z 0-9 _ . -")

    @field_validator("key_attribute", "name_attribute", "stock_attribute")
    @classmethod
    def _attribute(cls, value: str) -> str:
        if 1 <= len(value.encode()) <= 255:
            return value
        raise ValueError("must be 1 to 255 bytes long")

    @field_validator("base_path")
    @classmethod
    def _path(cls, value: str) -> str:
        if re.fullmatch(r"(/[A-Za-z0-9_.~-]+)*/?", value):
            return value.rstrip("/")
        raise ValueError("must look like /stockpulse")

    @field_validator("maximum_record_age_in_seconds")
    @classmethod
    def _record_age(cls, value: int) -> int:
        if value == -1 or 60 <= value <= 604_800:
            return value
        raise ValueError("must be 60 to 604800 seconds, or -1 for any age")

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value in available_timezones():
            return value
        raise ValueError("must be an IANA time zone such as Europe/Berlin")

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str) -> str:
        if re.fullmatch(r"[A-Z]{3}", value):
            return value
        raise ValueError("must be an ISO 4217 code such as EUR")

    @field_validator("broker_url")
    @classmethod
    def _broker(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or is_broker(value.get_secret_value()):
            return value
        raise ValueError(
            "must be redis://[user:password@]host[:port][/database], rediss://… for TLS or "
            "unix://[user:password@]/path (write what is special in a password as %XX)"
        )

    @field_validator("audit_keys")
    @classmethod
    def _keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_keys(value.get_secret_value())
        return value

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
