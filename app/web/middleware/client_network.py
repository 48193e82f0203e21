"""Limits for an address count a client's whole network: an IPv6 address is one of very many."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=4096)
def network_of(address: str) -> tuple[str, bool]:
    """What counts as one address, and whether it is loopback.

    An IPv6 address counts as its /64: its owner usually has all of that network.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address, False
    if found.version == 4:
        return address, found.is_loopback
    if found.ipv4_mapped is not None:
        return network_of(str(found.ipv4_mapped))
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64))), found.is_loopback
