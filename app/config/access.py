"""The settings of who gets in, and how often; `Settings` has them with all others."""

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
    """Addresses, sessions, proxies and budgets."""

    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    open_access: bool = Field(
        default=False,
        description="Let everyone in as admin on an address that is not loopback, as long as no "
        "API key was ever made. Only where something else keeps strangers out.",
    )
    session_key: SecretStr | None = Field(
        None,
        description=f"{SESSION_KEY_LENGTH} characters or more that sign the dashboard's sessions, "
        "the same for all web processes. Made and kept in the data folder when unset; with "
        "STOCKPULSE_BROKER_URL web processes refuse to start without it.",
    )
    session_idle_minutes: Annotated[int, Field(ge=1)] = Field(
        120,
        description="A session ends so long after its last use. An open Live page is a use.",
    )
    session_hours: Annotated[int, Field(ge=1)] = Field(
        12, description="A session ends so long after sign-in, however much it is used."
    )
    proxy_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks (CIDR), separated by commas, of reverse proxies whose "
        "`X-Forwarded-For`, `-Proto` and `-Host` are believed. From others they are not read.",
    )
    proxy_user_header: str = Field(
        "",
        description="Header in which these proxies name the person who is signed in, such as "
        "`X-Forwarded-User`. They must remove it from what clients send.",
    )
    proxy_group_header: str = Field(
        "",
        description="Header in which these proxies list the person's groups, separated by commas.",
    )
    proxy_roles: Annotated[dict[str, Role], NoDecode] = Field(
        {},
        description="Roles of the groups: `staff=editor,it=admin`; `*` is whoever the proxy lets "
        "through. The greatest role counts; without one a person is refused.",
    )
    rate_limit_per_minute: Annotated[int, Field(ge=0)] = Field(
        6_000, description="Most requests a minute of one key or person; 0 is no limit."
    )
    address_rate_limit_per_minute: Annotated[int, Field(ge=0)] = Field(
        12_000,
        description="Most requests a minute from one address (of IPv6: one /64 network), "
        "whoever they are from; 0 is no limit.",
    )
    refused_per_minute: Annotated[int, Field(ge=0)] = Field(
        30,
        description="Most wrong keys and failed sign-ins a minute from one address, past which "
        "it may try none for a while; 0 is no limit.",
    )
    max_streams_per_key: Annotated[int, Field(ge=1)] = Field(
        200, description="Most live streams of one key or person open at once."
    )

    @field_validator("session_key")
    @classmethod
    def _long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SESSION_KEY_LENGTH:
            raise ValueError(
                f"must have {SESSION_KEY_LENGTH} characters or more: $(openssl rand -base64 32)"
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
        raise ValueError("must be the name of a header")

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
                f"{PREFIX}PROXY_USER_HEADER needs {PREFIX}PROXY_ADDRESSES, the proxies that are "
                f"believed, and {PREFIX}PROXY_ROLES, what their people may do"
            )
        if self.proxy_group_header and not self.proxy_user_header:
            raise ValueError(f"{PREFIX}PROXY_GROUP_HEADER needs {PREFIX}PROXY_USER_HEADER")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the web server."""
        return _LOOPBACK.fullmatch(self.host) is not None
