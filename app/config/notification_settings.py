"""The settings for webhooks and notifications; `Settings` inherits them."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from app.config.access import PREFIX, AccessSettings
from app.config.addresses import is_webhook
from app.config.secret_file import secrets_in
from app.config.smtp import sender_of, smtp_server
from app.config.values import Endpoint, EventFilter, WebhookSecret, WebhookURL


def _public(value: str) -> str:
    if is_webhook(value) and "?" not in value:
        return value.rstrip("/")
    raise ValueError("must be a URL such as https://stock.shop.example, without a query")


def _server(value: SecretStr) -> SecretStr:
    smtp_server(value.get_secret_value())
    return value


def _sender(value: str) -> str:
    sender_of(value)
    return value


def _templates(value: Path) -> Path:
    if value.is_dir():
        return value
    raise ValueError(f"must be a folder that exists, unlike {value}")


def _secrets(value: Path) -> Path:
    secrets_in(value)
    return value


class NotificationSettings(AccessSettings):
    """The settings for the webhook of all changes and for the channels of notifications."""

    webhook_url: WebhookURL | None = Field(
        None,
        description="URL that receives every change as a POST in CloudEvents JSON "
        "(docs/use/webhook.md). Private addresses are allowed. If unset, there is no webhook.",
    )
    webhook_secret: WebhookSecret | None = Field(
        None,
        description="Secret that signs each webhook delivery: `whsec_` followed by 24 to 64 random "
        'bytes in base64. Create one with `echo "whsec_$(openssl rand -base64 32)"`.',
    )
    webhook_filter: EventFilter | None = Field(
        None,
        description="Which changes the webhook receives: a filter pattern in the syntax of "
        'Lambda\'s event source mappings, such as `{"data": {"kind": ["stock_changed"]}}`. If '
        "unset, all changes.",
    )
    webhook_parallelization_factor: Annotated[int, Field(ge=1, le=100)] = Field(
        10,
        description="How many webhook requests are sent at once (1 to 100), never two for the same "
        "product.",
    )
    public_url: Annotated[str, AfterValidator(_public)] | None = Field(
        None,
        description="Address at which people open Stockpulse, with its path prefix, such as "
        "`https://stock.shop.example`: for links in messages. If unset, messages have no links, "
        "e-mails none to unsubscribe, and an event that is too large for a queue names a path.",
    )
    smtp_url: Annotated[SecretStr, AfterValidator(_server)] | None = Field(
        None,
        description="Mail server for e-mail notifications: `smtp://user:password@host:587` "
        "(STARTTLS), `smtps://user:password@host:465` (TLS) or `smtp+plain://host:25` (neither, "
        "for a relay on this machine). If unset, there is no e-mail.",
    )
    smtp_from: Annotated[str, AfterValidator(_sender)] | None = Field(
        None,
        description="Sender of e-mail notifications, such as `Stockpulse <stock@shop.example>`. "
        "Required with `STOCKPULSE_SMTP_URL`.",
    )
    sns_endpoint: Endpoint | None = Field(
        None,
        description="Endpoint of Amazon SNS, for an emulator or a VPC endpoint. If unset, that of "
        "the topic's region. Region and credentials are those that the AWS CLI uses.",
    )
    notify_private_addresses: bool = Field(
        default=False,
        description="Whether webhooks of rules may be sent to private, loopback and link-local "
        "addresses. Addresses in `STOCKPULSE_WEBHOOK_URL` and in secrets always may.",
    )
    notify_per_minute: Annotated[int, Field(ge=1, le=1000)] = Field(
        10,
        description="How many messages one person is sent in a minute, by all rules together; what "
        "comes beyond that is one digest. Webhooks of rules have no such limit.",
    )
    secrets_file: Annotated[Path, AfterValidator(_secrets)] | None = Field(
        None,
        description="File of `NAME=value` lines, readable by its owner only (mode 0600), with the "
        "secrets that addresses of rules name as `secret:NAME`. The environment variable "
        "`STOCKPULSE_SECRET_<NAME>` is the alternative for a single one.",
    )
    templates_dir: Annotated[Path, AfterValidator(_templates)] | None = Field(
        None,
        description="Folder with Jinja2 templates that replace the texts of messages, file by file "
        "(docs/use/channels.md).",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError(
                f"{PREFIX}WEBHOOK_SECRET must be set with {PREFIX}WEBHOOK_URL; create one with: "
                'echo "whsec_$(openssl rand -base64 32)"'
            )
        if self.smtp_url is not None and self.smtp_from is None:
            raise ValueError(
                f"{PREFIX}SMTP_FROM must be set with {PREFIX}SMTP_URL, such as "
                "Stockpulse <stock@shop.example>"
            )
        return self
