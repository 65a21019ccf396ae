"""Addresses: which host a name stands for, and whether that lies on the public internet."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from tools.capability import ToolError

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""From a name and a port to IP addresses."""

# What was given out for global unicast, without what only wraps, documents or tests: Teredo and other IETF
# protocols, documentation, 6to4. NAT64, mapped, link-local, unique local and multicast lie outside of it.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
EXCEPTIONS = [ipaddress.ip_network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
RELAY_6TO4 = ipaddress.ip_network("192.88.99.0/24")


def is_public(address: str) -> bool:
    """Whether an IP address is one of a machine on the public internet; what cannot be read is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        return parsed in GLOBAL_UNICAST and not any(parsed in network for network in EXCEPTIONS)
    return (
        parsed.is_global and not parsed.is_multicast and not parsed.is_reserved and parsed not in RELAY_6TO4
    )


async def look_up(name: str, port: int) -> list[str]:
    """The addresses that the system's resolver gives, in its order.

    Raises:
        OSError: there are none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def resolved(name: str, port: int, private: bool, resolve: Resolve) -> str:
    """The one address to connect to.

    Raises:
        ToolError: there is none, or any of them is not public although it must be.
    """
    try:
        addresses = await resolve(name, port)
    except (OSError, UnicodeError) as error:
        raise ToolError(f"The host {name} cannot be found.", "Check the name, or try again.") from error
    if not addresses:
        raise ToolError(f"The host {name} has no address.", "Check the name, or try again.")
    # One that is not public beside others is how a name is made to lead inside.
    if hidden := [each for each in addresses if not private and not is_public(each)]:
        raise ToolError(
            f"The host {name} leads to {hidden[0]}, which is not a public address.",
            "If that is intended, set private = true for it under web.hosts in policy.toml.",
        )
    return addresses[0]
