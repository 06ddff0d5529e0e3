"""Production starts with real parties and real secrets, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from kernel.parties import PARTY_HOSTS

SHORTEST_SECRET = 32
_ELSEWHERE = {
    "WEBHOOKS_INSIDE": "is for a laptop: a stranger's address must lead out of the house",
    "PARTNER_SANDBOX": "gives keys to strangers: for a platform that is nothing but a sandbox",
}


def check_production(settings: Mapping[str, Any]) -> None:
    """Raises RuntimeError naming the first setting that belongs to a laptop or a load test."""
    for name, hosts in PARTY_HOSTS.items():
        parts = urlsplit(settings[name])
        if parts.scheme != "https" or parts.hostname not in hosts:
            raise RuntimeError(
                f"{name}: production talks to the real party over https, not to {settings[name]}"
            )
    for name in ("CARRIER", "CLEARANCE", "CUSTOMS_SENDERS"):
        if settings[name] == "stand_in":
            raise RuntimeError(f"{name}: production believes no stand-in about what was shipped or released")
    _check_port(settings)
    for name in ("FACEID_SECRET_ID", "FACEID_SECRET_KEY"):
        if not settings[name]:
            raise RuntimeError(f"{name} must be set in production: orderers are verified before they pay")
    if settings["VAULT_MASTER_KEYS"].startswith("kms:"):
        _check_kms(settings)
    public = urlsplit(settings["PUBLIC_BASE_URL"])
    if public.scheme != "https" or not public.hostname or _is_address(public.hostname):
        raise RuntimeError("PUBLIC_BASE_URL: WeChat delivers to a public name over https")
    if len(settings["SECRET_KEY"]) < SHORTEST_SECRET:
        raise RuntimeError(f"SECRET_KEY needs at least {SHORTEST_SECRET} characters")
    if "*" in settings["ALLOWED_HOSTS"]:
        raise RuntimeError("ALLOWED_HOSTS names the hosts; it does not allow all")
    for name in filter(settings.__getitem__, _ELSEWHERE):
        raise RuntimeError(f"{name} {_ELSEWHERE[name]}")
    if settings["THROTTLE_FACTOR"] != 1:
        raise RuntimeError("THROTTLE_FACTOR is for load tests")


def _check_kms(settings: Mapping[str, Any]) -> None:
    parts = urlsplit(settings["KMS_BASE"])
    if parts.scheme != "https" or not (parts.hostname or "").endswith(".tencentcloudapi.com"):
        raise RuntimeError(
            f"KMS_BASE: production talks to the real KMS over https, not to {settings['KMS_BASE']}"
        )
    for name in ("KMS_SECRET_ID", "KMS_SECRET_KEY", "KMS_KEY_ID"):
        if not settings[name]:
            raise RuntimeError(f"{name} must be set: the KMS opens the master keys")


def _check_port(settings: Mapping[str, Any]) -> None:
    for name in ("PORT_BASE", "SIGN_BASE"):
        host = urlsplit(settings[name]).hostname or ""
        if settings[name] and (not host or _is_here(host)):
            raise RuntimeError(f"{name}: production declares at the real port, not to {settings[name]}")
    _check_callers(settings["PORT_DATA_FROM"])


def _check_callers(told: str) -> None:
    networks = [one.strip() for one in told.split(",") if one.strip()]
    if not networks:
        raise RuntimeError(
            "PORT_DATA_FROM must be set in production: the networks from which customs asks for payment "
            "data, 203.0.113.0/24,… as the port names them; 0.0.0.0/0,::/0 says on purpose that anyone may"
        )
    for one in networks:
        try:
            ip_network(one)
        except ValueError:
            raise RuntimeError(f"PORT_DATA_FROM: {one} is no network such as 203.0.113.0/24") from None


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return True
