"""An address that a stranger gave is called only where it leads out of the house: SSRF ends here.

The name is looked up once, every address it has must be one of the public internet, and the call goes to one
of those very addresses: a name that means something else a moment later (DNS rebinding) is not asked again.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, NewType
from urllib.parse import urlsplit

from django.conf import settings

from kernel.errors import Invalid
from kernel.gateways import let_go_of_database

LONGEST: Final = 500
_PORTS: Final = frozenset({443, 8443})
# Forms in which an IPv4 address hides in an IPv6 one, and what ipaddress takes for public and is not.
_INSIDE: Final = [
    *map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")),
    *map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "198.18.0.0/15")),
    ip_network("168.63.129.16/32"),  # a cloud answers its own machines there
]

Address = IPv4Address | IPv6Address
Checked = NewType("Checked", str)  # a URL that was looked at


@dataclass(eq=False)
class BadAddress(Invalid):
    """An address that is not called, and why."""

    code = "webhook_address"
    title = "{url} cannot be called: {why}."
    title_zh = "无法向 {url} 推送：{why_zh}。"
    url: str
    why: str
    why_zh: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: the name for TLS and Host, the address it is pinned to, port, path with query."""

    scheme: str
    host: str
    address: str
    port: int
    path: str


def checked(url: str) -> Checked:
    """The URL as it is kept; raises BadAddress for one that is malformed or leads into the house now.

    Asks the name's servers: not in a transaction.
    """
    let_go_of_database()
    resolve(url)
    return Checked(url)


def resolve(url: str) -> Target:
    """Where a call to this URL goes at this moment; raises BadAddress."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad(url, "it is no URL", "不是有效网址") from None
    inside = settings.WEBHOOKS_INSIDE
    written = url.isascii() and url.isprintable() and not set(url) & set(" \\")
    if len(url) > LONGEST or not written or not host:
        raise _bad(url, "it is no URL", "不是有效网址")
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        raise _bad(url, "https alone is called", "仅支持 https")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _bad(url, "no user, password or fragment", "不可含用户名、密码或锚点")
    port = port or (443 if parts.scheme == "https" else 80)
    if port not in _PORTS and not inside:
        raise _bad(url, "ports 443 and 8443 alone", "仅支持 443 与 8443 端口")
    found = _looked_up(host, port)
    if not found:
        raise _bad(url, "the name leads nowhere", "域名无法解析")
    if not inside and not all(_outside(one) for one in found):
        raise _bad(url, "it leads to no public address", "不是公网地址")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, str(found[0]), port, path)


def _bad(url: str, why: str, why_zh: str) -> BadAddress:
    return BadAddress(url=url[:80], why=why, why_zh=why_zh)


def _looked_up(host: str, port: int) -> list[Address]:
    try:
        told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(one[4][0]).partition("%")[0]) for one in told]


def _outside(address: Address) -> bool:
    """Whether the address is one of the public internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return _outside(address.ipv4_mapped)
    if any(address in one for one in _INSIDE if one.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
