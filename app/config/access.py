"""The settings for access and rate limits; `Settings` inherits them."""

import ipaddress
import re
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from app.config.key_files import SESSION_KEY_LENGTH
from app.core.roles import Role

PREFIX = "STOCKPULSE_"
_LOOPBACK = re.compile(r"localhost|::1|127(\.\d{1,3}){3}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")


class AccessSettings(BaseSettings):
    """Listening address, sessions, reverse proxies and rate limits."""

    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    open_access: bool = Field(
        default=False,
        description="Give everyone admin access on an address that is not loopback, until the "
        "first API key is created. Use it only where something else keeps strangers out.",
    )
    session_key: SecretStr | None = Field(
        None,
        description=f"Secret of {SESSION_KEY_LENGTH} characters or more that signs the dashboard's "
        "sessions; the same for all web processes. If unset, a key is created and kept in the "
        "data folder. Required with `STOCKPULSE_BROKER_URL`.",
    )
    session_idle_minutes: Annotated[int, Field(ge=1)] = Field(
        120,
        description="Minutes after the last use at which a session ends. An open Live page counts "
        "as use.",
    )
    session_hours: Annotated[int, Field(ge=1)] = Field(
        12, description="Hours after sign-in at which a session ends, even if it is in use."
    )
    proxy_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks (CIDR), separated by commas, of trusted reverse "
        "proxies. Their `X-Forwarded-For`, `-Proto` and `-Host` headers are used; those of other "
        "clients are ignored.",
    )
    proxy_user_header: str = Field(
        "",
        description="Header in which the trusted proxies name the signed-in person, such as "
        "`X-Forwarded-User`. The proxies must remove this header from client requests.",
    )
    proxy_group_header: str = Field(
        "",
        description="Header in which the trusted proxies list the person's groups, separated by "
        "commas.",
    )
    proxy_roles: Annotated[dict[str, Role], NoDecode] = Field(
        {},
        description="Role of each group, such as `staff=editor,it=admin`; `*` stands for everyone "
        "whom the proxy lets through. A person has the highest role of their groups, and is "
        "refused without one.",
    )
    rate_limit_per_minute: Annotated[int, Field(ge=0)] = Field(
        6_000,
        description="Maximum requests per minute of one key or person; 0 for no limit. Each item "
        "of a batch counts as one request.",
    )
    address_rate_limit_per_minute: Annotated[int, Field(ge=0)] = Field(
        12_000,
        description="Maximum requests per minute from one client address (IPv6: one /64 network), "
        "from all keys and people together; 0 for no limit.",
    )
    refused_per_minute: Annotated[int, Field(ge=0)] = Field(
        30,
        description="Maximum wrong keys and failed sign-ins per minute from one client address; "
        "further attempts are refused for a while; 0 for no limit.",
    )
    max_streams_per_key: Annotated[int, Field(ge=1)] = Field(
        200, description="Maximum open live streams of one key or person."
    )

    @field_validator("session_key")
    @classmethod
    def _long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SESSION_KEY_LENGTH:
            raise ValueError(
                f"must have {SESSION_KEY_LENGTH} characters or more; create one with: "
                "openssl rand -base64 32"
            )
        return value

    @field_validator("proxy_addresses", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            return value
        try:
            return tuple(str(ipaddress.ip_network(part.strip())) for part in parts if part.strip())
        except ValueError:
            raise ValueError("must be addresses or networks such as 10.0.0.7,10.1.0.0/16") from None

    @field_validator("proxy_user_header", "proxy_group_header")
    @classmethod
    def _header(cls, value: str) -> str:
        if value == "" or _HEADER.fullmatch(value):
            return value.lower()
        raise ValueError("must be a header name such as X-Forwarded-User")

    @field_validator("proxy_roles", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        roles = {}
        for part in filter(None, (part.strip() for part in value.split(","))):
            group, _, role = (word.strip() for word in part.rpartition("="))
            if not group or role not in set(Role):
                raise ValueError(f"must be `group=role,…` with the roles {', '.join(Role)}")
            roles[group] = role
        return roles

    @model_validator(mode="after")
    def _proxied(self) -> Self:
        if self.proxy_user_header and not (self.proxy_addresses and self.proxy_roles):
            raise ValueError(
                f"{PREFIX}PROXY_USER_HEADER needs {PREFIX}PROXY_ADDRESSES (the trusted proxies) "
                f"and {PREFIX}PROXY_ROLES (the roles of their users)"
            )
        if self.proxy_group_header and not self.proxy_user_header:
            raise ValueError(f"{PREFIX}PROXY_GROUP_HEADER needs {PREFIX}PROXY_USER_HEADER")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the web server."""
        return _LOOPBACK.fullmatch(self.host) is not None
