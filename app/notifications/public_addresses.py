"""Which IP addresses are on the public internet: all others may belong to something private. Pure.

A page that lets people type URLs must not become a way into the network behind it.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Protocol assignments (RFC 6890), of which `is_global` knows only some before Python 3.13.
_ASSIGNED = IPv4Network("192.0.0.0/24")
# The only range that IANA has assigned to public IPv6 hosts.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Addresses with an IPv4 address inside, behind which a gateway may stand: NAT64 keeps it in the
# last four bytes. 6to4 and Teredo are obsolete, and never needed.
_NAT64 = IPv6Network("64:ff9b::/96")
_OBSOLETE = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa", ".lan")


def is_public(text: str) -> bool:
    """Whether this is an IP address on the public internet; False for anything else."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    if address.ipv4_mapped is not None:
        return _is_public_4(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public_4(IPv4Address(int(address) & 0xFFFF_FFFF))
    return _is_public_6(address)


def may_be_public(host: str) -> bool:
    """Whether a host of a URL can be public; whether a name is so shows only when it is resolved.

    `host` is as `urlsplit` gives it, in lower case. Numbers such as `2130706433` and `0x7f.1` are
    addresses to some resolvers, so they are none of ours.
    """
    name = host.rstrip(".")
    if ":" in name:
        return is_public(name)
    last = name.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        return is_public(name)
    return "." in name and not f".{name}".endswith(_LOCAL_NAMES)


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and address not in _ASSIGNED


def _is_public_6(address: IPv6Address) -> bool:
    return (
        address in _GLOBAL_UNICAST
        and address.is_global
        and not any(address in network for network in _OBSOLETE)
    )
