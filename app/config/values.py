"""The types of the settings' values; the error for an invalid value says what is valid."""

import base64
import binascii
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from app.config.addresses import is_broker, is_endpoint, is_webhook
from app.config.key_files import parse_keys
from app.core.paths import path_of
from app.filters.pattern import parse_filter

_TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")  # DynamoDB's naming rule


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    if all(is_endpoint(origin) for origin in value):
        return tuple(origin.rstrip("/") for origin in value)
    raise ValueError("must be origins such as https://shop.example, without a path")


def _place(value: str) -> str:
    if value in {"embedded", "aws"} or is_endpoint(value):
        return value.rstrip("/")
    raise ValueError("must be `embedded`, `aws` or a URL such as http://127.0.0.1:8001")


def _endpoint(value: str) -> str:
    if is_endpoint(value):
        return value.rstrip("/")
    raise ValueError("must be a URL such as http://127.0.0.1:8001")


def _folder(value: Path) -> Path:
    if value == Path():
        raise ValueError("must be a folder other than the current one, such as .data")
    return value


def _table(value: str) -> str:
    if _TABLE_NAME.fullmatch(value):
        return value
    raise ValueError("must be 3 to 255 characters out of a-z A-Z 0-9 _ . -")


def _prefix(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.-]{0,200}", value):
        return value
    raise ValueError("must be at most 200 characters out of a-z A-Z 0-9 _ . -")


def _attribute(value: str) -> str:
    if 1 <= len(value.encode()) <= 255:
        return value
    raise ValueError("must be 1 to 255 bytes long")


def _attribute_path(value: str) -> str:
    path_of(value)
    return value


def _attributes(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:  # not all of them: whoever sets it empty may mean that nothing leaves
        raise ValueError("must name one attribute or more, such as ProductName,Stock")
    for name in value:
        path_of(name)
    return value


def _path(value: str) -> str:
    if re.fullmatch(r"(/[A-Za-z0-9_.~-]+)*/?", value):
        return value.rstrip("/")
    raise ValueError("must be a path such as /stockpulse")


def _record_age(value: int) -> int:
    if value == -1 or 60 <= value <= 604_800:
        return value
    raise ValueError("must be 60 to 604800 seconds, or -1 for no limit")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # an unknown name, a path, a folder of zones
        raise ValueError("must be an IANA time zone such as Europe/Berlin") from None
    return value


def _currency(value: str) -> str:
    if re.fullmatch(r"[A-Z]{3}", value):
        return value
    raise ValueError("must be an ISO 4217 code such as EUR")


def _broker(value: SecretStr) -> SecretStr:
    if is_broker(value.get_secret_value()):
        return value
    raise ValueError(
        "must be redis://[user:password@]host[:port][/database], rediss://… for TLS or "
        "unix://[user:password@]/path (write special characters in a password as %XX)"
    )


def _keys(value: SecretStr) -> SecretStr:
    parse_keys(value.get_secret_value())
    return value


def _webhook_url(value: SecretStr) -> SecretStr:
    if is_webhook(value.get_secret_value()):
        return value
    raise ValueError(
        "must be a URL such as https://shop.example/stockpulse, without user, password or "
        "fragment (write non-ASCII characters as %XX, and the host name in IDNA)"
    )


def _webhook_secret(value: SecretStr) -> SecretStr:
    prefix, _, encoded = value.get_secret_value().partition("_")
    try:
        length = len(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if prefix == "whsec" and 24 <= length <= 64:
        return value
    raise ValueError(
        "must be whsec_ followed by 24 to 64 random bytes in base64; "
        'create one with: echo "whsec_$(openssl rand -base64 32)"'
    )


def _moment(value: object) -> object:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment
    raise ValueError("must be a time with a time zone, such as 2026-11-01T00:00:00Z")


def _filter(value: str) -> str:
    parse_filter(value)
    return value


Moment = Annotated[datetime, BeforeValidator(_moment)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Origins = Annotated[Words, AfterValidator(_origins)]
StorePlace = Annotated[str, AfterValidator(_place)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
DataFolder = Annotated[Path, AfterValidator(_folder)]
TableName = Annotated[str, AfterValidator(_table)]
TablePrefix = Annotated[str, AfterValidator(_prefix)]
AttributeName = Annotated[str, AfterValidator(_attribute)]
AttributePath = Annotated[str, AfterValidator(_attribute_path)]
BasePath = Annotated[str, AfterValidator(_path)]
RecordAge = Annotated[int, AfterValidator(_record_age)]
TimeZone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
BrokerURL = Annotated[SecretStr, AfterValidator(_broker)]
AuditKeys = Annotated[SecretStr, AfterValidator(_keys)]
WebhookURL = Annotated[SecretStr, AfterValidator(_webhook_url)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]
EventFilter = Annotated[str, AfterValidator(_filter)]
Projection = Annotated[Words, AfterValidator(_attributes)]
Port = Annotated[int, Field(ge=0, le=65535)]
