"""The authenticator is built from the settings; a reachable address without keys is refused."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

from app.config.key_files import own_session_key
from app.config.settings import PREFIX, Settings, SettingsError
from app.store.access.api_keys import ApiKeys
from app.store.access.key_cache import KeyCache
from app.store.access.sign_in_links import SignInLinks
from app.web.auth.authenticator import Authenticator
from app.web.auth.sessions import Sessions
from app.web.auth.trusted_proxies import TrustedProxies

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class OpenAccessRefused(Exception):
    """Anyone who reaches the server would be let in. The message says how to create a key."""


@contextmanager
def open_authenticator(
    settings: Settings, client: "DynamoDBClient", table: str, audit_keys: Mapping[str, bytes]
) -> Iterator[Authenticator]:
    """An authenticator that works until the block ends.

    Raises:
        OpenAccessRefused: other machines can reach the address, no usable key exists, and no
            setting says that something else keeps strangers out.
        SettingsError: the session key must be set because several web processes share it.
        KeyFileError: the session key file in the data folder is damaged.

    """
    keys, sign_in = ApiKeys(client, table, audit_keys), SignInLinks(client, table, audit_keys)
    keys.sign_again()
    with KeyCache(keys, sign_in) as key_cache:
        authenticator = Authenticator(
            key_cache,
            sign_in,
            Sessions(
                session_key(settings),
                timedelta(minutes=settings.session_idle_minutes),
                timedelta(hours=settings.session_hours),
            ),
            TrustedProxies(
                tuple(ip_network(address) for address in settings.proxy_addresses),
                settings.proxy_user_header,
                settings.proxy_group_header,
                settings.proxy_roles,
            ),
            settings.base_path,
        )
        _check(settings, authenticator)
        yield authenticator


def session_key(settings: Settings) -> str:
    """The key that signs sessions: from the settings, or else the data folder's own.

    Raises:
        SettingsError: it must be set, because other web processes need the same one.
        KeyFileError: the key file in the data folder is damaged.

    """
    if settings.session_key is not None:
        return settings.session_key.get_secret_value()
    if settings.broker_url is not None:
        raise SettingsError(
            f"{PREFIX}SESSION_KEY must be set with {PREFIX}BROKER_URL, the same for every web "
            f"process; create a line for .env with: "
            f'echo "{PREFIX}SESSION_KEY=$(openssl rand -base64 32)"'
        )
    return own_session_key(settings.data_dir)


def _check(settings: Settings, authenticator: Authenticator) -> None:
    """Refuse open access. Behind a proxy, even a loopback address is reachable from outside."""
    known = authenticator.key_cache.current()
    alone = settings.is_loopback and not settings.proxy_addresses
    if alone or settings.open_access or settings.proxy_user_header:
        return
    if any(key.usable(authenticator.now()) for key in known.keys.values()):
        return
    name, value = (
        ("PROXY_ADDRESSES", ",".join(settings.proxy_addresses))
        if settings.is_loopback
        else ("HOST", settings.host)
    )
    raise OpenAccessRefused(
        f"{PREFIX}{name}={value} would let in anyone who can reach it, because there is no API "
        "key: create one with `stockpulse key create NAME --role admin` (add --link for a "
        f"sign-in link), or set {PREFIX}OPEN_ACCESS=true if something else keeps strangers out"
    )
