"""A mail server's URL says how the connection is encrypted: by its scheme, never by a guess."""

import re
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"(?=.{{1,64}}$){_ATOM}(\.{_ATOM})*", re.IGNORECASE)
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE)
_LONGEST = 254  # characters of an address (RFC 5321, 4.5.3.1.3, without the brackets)

Security = Literal["tls", "starttls", "none"]
_SCHEMES: dict[str, tuple[Security, int]] = {
    "smtps": ("tls", 465),
    "smtp": ("starttls", 587),
    "smtp+plain": ("none", 25),
}
_LOOPBACK = re.compile(r"localhost|::1|127(\.\d{1,3}){3}")


class SMTPServer(NamedTuple):
    """Where mail is handed in; `user` is empty where the server asks for none."""

    host: str
    port: int
    security: Security
    user: str
    password: str

    def __repr__(self) -> str:
        """The server without its password."""
        return f"SMTPServer({self.host}:{self.port}, {self.security})"


def smtp_server(url: str) -> SMTPServer:
    """The server of `smtps://`, `smtp://` (STARTTLS) or `smtp+plain://[user:password@]host[:port]`.

    Raises:
        ValueError: the URL has another form; the message says what is wrong, without its values.

    """
    wanted = "must be smtp://user:password@host:587 (STARTTLS), smtps://… (TLS) or smtp+plain://…"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise ValueError(wanted) from None
    if (
        parts.scheme not in _SCHEMES
        or not host
        or not (":" in host or _DOMAIN.fullmatch(host))
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or port == 0
        or any(map(str.isspace, url))
    ):
        raise ValueError(f"{wanted} (write special characters in a password as %XX)")
    security, default = _SCHEMES[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("must have both a user and a password, or neither")
    if user and security == "none" and not _LOOPBACK.fullmatch(host):
        raise ValueError(
            "must use smtp:// or smtps://: over smtp+plain:// everyone on the network path could "
            "read the password"
        )
    return SMTPServer(host, port or default, security, user, password)


def mail_address(text: str) -> str:
    """One e-mail address, its domain in lower case and in IDNA.

    Raises:
        ValueError: it is not one; the message says why.

    """
    local, at, domain = text.strip().rpartition("@")
    if not at or not local or not domain:
        raise ValueError("is not an e-mail address such as ann@shop.example")
    if any(map(str.isspace, text.strip())) or set(text) & set('<>,;:"()[]\\'):
        raise ValueError("must be one e-mail address without a name, such as ann@shop.example")
    if not _LOCAL.fullmatch(local):
        raise ValueError("has characters before the @ that an address cannot have")
    try:
        host = domain.encode("idna").decode("ascii").lower() if not domain.isascii() else domain
    except UnicodeError:
        host = ""
    address = f"{local}@{host.lower()}"
    if not _DOMAIN.fullmatch(host) or len(address) > _LONGEST:
        raise ValueError(f"has no valid domain after the @: {domain[:60]}")
    return address


def sender_of(text: str) -> Address:
    """The sender in `ann@shop.example` or `Stockpulse <ann@shop.example>`.

    Raises:
        ValueError: it has another form.

    """
    if not text.isprintable():
        raise ValueError("must be on one line")
    name, found = parseaddr(text)
    if not found:
        raise ValueError("must be an address such as Stockpulse <stock@shop.example>")
    local, _, domain = mail_address(found).rpartition("@")
    return Address(name, local, domain)
