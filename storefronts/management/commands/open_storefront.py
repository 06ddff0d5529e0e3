"""`manage.py open_storefront`: opens a storefront or brings it up to date; no secret is an argument."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from compliance import vault
from compliance.models import PositiveListLine, ReferenceRate, TariffLine
from kernel.errors import Problem
from storefronts.models import BrandCompany, LegalParty, Membership, Storefront
from storefronts.services import APPSECRET, open_storefront, set_merchant, set_messages
from wechat.pay.certificates import read_certificate

APPSECRET_ENV = "STOREFRONT_APPSECRET"
APIV3_KEY_ENV = "STOREFRONT_APIV3_KEY"
MESSAGE_TOKEN_ENV, MESSAGE_KEY_ENV = "STOREFRONT_MESSAGE_TOKEN", "STOREFRONT_MESSAGE_KEY"

_BRAND = ("code", "name", "name_zh", "country", "currency")
_PLAIN = ("code", "name", "name_zh", "appid", "appsecret_file", "message_token_file", "message_key_file")
_WINDOWS = ("payment_window_seconds", "quote_window_seconds")
_MERCHANT = ("mchid", "serial_no", "private_key_file", "apiv3_key_file")
_TRADE_MODES = frozenset({"1210", "9610"})
# Food alone needs a recall firm, bonded goods alone a bonded warehouse's operator.
_ROLE_OF_MODE = {LegalParty.Role.AREA: "1210"}

Terms = dict[str, Any]


class Command(BaseCommand):
    help = (
        "Open a storefront, or bring the one with this code up to date, from FILE (YAML or JSON) and "
        f"options, which win. Secrets come from files or from {APPSECRET_ENV} and {APIV3_KEY_ENV}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="the terms; paths in it are relative to it")
        for name in (*_PLAIN, *_WINDOWS):
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name)
        parser.add_argument("--trade-modes", nargs="+", choices=sorted(_TRADE_MODES))
        for name in _BRAND:
            parser.add_argument(f"--brand-{name.replace('_', '-')}", dest=f"brand_{name}")
        for name in _MERCHANT:
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name)
        parser.add_argument(
            "--platform-key",
            action="append",
            default=[],
            metavar="SERIAL=FILE",
            help="public key or certificate of WeChat Pay; may be given several times",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        terms = _terms(options)
        vault.open_master_keys()
        try:
            with transaction.atomic():
                storefront, new = _open(terms)
                _messages(storefront, terms)
                merchant = _merchant(storefront, terms["merchant"])
        except Problem as problem:
            raise CommandError(problem.text("en")) from problem
        self.stdout.write(f"{storefront.code}: {'opened' if new else 'brought up to date'}")
        if merchant:
            self.stdout.write(f"{storefront.code}: merchant {merchant} is active; its keys are sealed")
        missing = list(still_missing(storefront))
        for what in missing:
            self.stdout.write(f"missing: {what}")
        if not missing:
            self.stdout.write("nothing is missing")


def still_missing(storefront: Storefront) -> Iterator[str]:
    """What a storefront needs before it can sell and does not have yet, one sentence each."""
    if not storefront.merchants.filter(active=True, platform_keys__isnull=False).exists():
        yield "the WeChat Pay merchant with its keys (--mchid …)"
    if not storefront.message_key_sealed:
        yield "token and key of message push (--message-token-file …)"
    held = set(storefront.parties.values_list("role", flat=True))
    for role in LegalParty.Role:
        if role in held or _ROLE_OF_MODE.get(role, "") not in ("", *storefront.trade_modes):
            continue
        note = " (when food is sold)" if role == LegalParty.Role.FOOD_RECALL else ""
        yield f"legal party {role.value}: {role.label}{note}"
    served = set(storefront.warehouses.filter(active=True).values_list("trade_mode", flat=True))
    for mode in storefront.trade_modes:
        if mode not in served:
            yield f"an active warehouse of trade mode {mode}"
    if not TariffLine.objects.exists():
        yield "the tariff (manage.py load_tariff)"
    if not PositiveListLine.objects.exists():
        yield "the positive list (manage.py load_positive_list)"
    if not ReferenceRate.objects.exists():
        yield "reference rates (manage.py load_rates)"
    owners = storefront.memberships.filter(role=Membership.Role.OWNER, operator__is_active=True)
    if not owners.exists():
        yield f"an operator (manage.py make_operator --storefront {storefront.code} --role owner)"


def _terms(options: dict[str, Any]) -> Terms:
    """The file's terms with the options laid over; paths are absolute, unknown names are refused."""
    terms = _read(options["file"]) if options["file"] else {}
    here = Path(options["file"]).parent if options["file"] else Path()
    brand, merchant = terms.pop("brand", {}), terms.pop("merchant", {})
    platform = dict(merchant.pop("platform_keys", {}))
    for given, known, where in (
        (terms, (*_PLAIN, *_WINDOWS, "trade_modes"), "the file"),
        (brand, _BRAND, "brand"),
        (merchant, _MERCHANT, "merchant"),
    ):
        if unknown := sorted(set(given) - set(known)):
            # A secret written into the file ends here too: only the path of its own file is known.
            raise CommandError(f"{where}: {', '.join(unknown)} is not known; known are {', '.join(known)}")
    for group in (terms, merchant):
        group.update({k: str(here / v) for k, v in group.items() if k.endswith("_file")})
    platform = {serial: str(here / path) for serial, path in platform.items()}
    names = (*_PLAIN, *_WINDOWS, "trade_modes")
    terms.update({k: options[k] for k in names if options[k] is not None})
    brand.update({k: options[f"brand_{k}"] for k in _BRAND if options[f"brand_{k}"] is not None})
    merchant.update({k: options[k] for k in _MERCHANT if options[k] is not None})
    for pair in options["platform_key"]:
        serial, equals, path = pair.partition("=")
        if not equals:
            raise CommandError("--platform-key is SERIAL=FILE")
        platform[serial] = path
    return {**terms, "brand": brand, "merchant": {**merchant, "platform_keys": platform}}


def _read(path: Path) -> Terms:
    """Every value as text: a merchant number or a serial must not become a number on the way."""
    try:
        terms = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (OSError, yaml.YAMLError) as failure:
        raise CommandError(f"{path} cannot be read: {failure}") from failure
    if not isinstance(terms, dict) or not all(
        isinstance(terms.get(group, {}), dict) for group in ("brand", "merchant")
    ):
        raise CommandError(f"{path} must hold names and values")
    return terms


def _open(terms: Terms) -> tuple[Storefront, bool]:
    """The storefront and whether it is new; what an existing one has is kept where nothing is given."""
    if not terms.get("code"):
        raise CommandError("the storefront's code is missing")
    there = Storefront.objects.select_related("brand", "key").filter(code=terms["code"]).first()
    kept = {} if there is None else {name: getattr(there, name) for name in ("name", "name_zh", "appid")}
    wanted = {name: terms.get(name) or kept.get(name) for name in ("name", "name_zh", "appid")}
    modes = terms.get("trade_modes") or (there.trade_modes if there else [])
    if not isinstance(modes, list) or not set(modes) <= _TRADE_MODES:
        raise CommandError(f"trade_modes: a list of {' and '.join(sorted(_TRADE_MODES))}")
    secret = _secret(terms.get("appsecret_file"), APPSECRET_ENV)
    if not secret and there is not None:
        secret = vault.unwrap(there.key).open(APPSECRET, there.code, bytes(there.appsecret_sealed))
    lacking = [name for name, value in (*wanted.items(), ("trade_modes", modes)) if not value]
    lacking += [] if secret else [f"appsecret_file or {APPSECRET_ENV}"]
    brand = _brand(terms["brand"], there, lacking)
    if brand is None or lacking:
        raise CommandError(f"missing: {', '.join(lacking)}")
    taken = Storefront.objects.filter(appid=wanted["appid"]).exclude(code=terms["code"]).first()
    if taken is not None:
        raise CommandError(f"the appid {wanted['appid']} belongs to the storefront {taken.code}")
    payment = _seconds(terms, "payment_window_seconds", there, 1800)
    storefront = open_storefront(
        brand=brand,
        code=terms["code"],
        **{name: str(value) for name, value in wanted.items()},
        appsecret=secret,
        trade_modes=[str(mode) for mode in modes],
        payment_window_seconds=payment,
    )
    storefront.quote_window_seconds = _seconds(terms, "quote_window_seconds", there, 900)
    storefront.save(update_fields=["quote_window_seconds"])
    return storefront, there is None


def _messages(storefront: Storefront, terms: Terms) -> None:
    """Token and key of message push, where both are given."""
    token = _secret(terms.get("message_token_file"), MESSAGE_TOKEN_ENV)
    key = _secret(terms.get("message_key_file"), MESSAGE_KEY_ENV)
    if bool(token) != bool(key):
        raise CommandError("message push needs its token and its key")
    if token:
        set_messages(storefront=storefront, token=token, aes_key=key)


def _brand(given: dict[str, str], there: Storefront | None, lacking: list[str]) -> BrandCompany | None:
    if not given.get("code"):
        if there is not None:
            for name, value in given.items():
                setattr(there.brand, name, value)
            there.brand.save()
            return there.brand
        lacking.append("brand code")
        return None
    known = BrandCompany.objects.filter(code=given["code"]).exists()
    short = [f"brand {name}" for name in ("name", "country") if not known and not given.get(name)]
    if short:
        lacking += short
        return None
    values = {name: value for name, value in given.items() if name != "code"}
    return BrandCompany.objects.update_or_create(code=given["code"], defaults=values)[0]


def _seconds(terms: Terms, name: str, there: Storefront | None, default: int) -> int:
    given = str(terms.get(name) or (getattr(there, name) if there else default))
    if not given.isdigit() or int(given) == 0:
        raise CommandError(f"{name}: a number of seconds above 0")
    return int(given)


def _merchant(storefront: Storefront, given: dict[str, Any]) -> str:
    """Set the merchant when any part of it is given; its number, or "" when none is."""
    platform: dict[str, str] = given.pop("platform_keys")
    apiv3_key = _secret(given.get("apiv3_key_file"), APIV3_KEY_ENV)
    if not given and not platform:
        return ""
    lacking = [name for name in ("mchid", "serial_no", "private_key_file") if not given.get(name)]
    lacking += [] if apiv3_key else [f"apiv3_key_file or {APIV3_KEY_ENV}"]
    lacking += [] if platform else ["platform_keys"]
    if lacking:
        raise CommandError(f"merchant: missing {', '.join(lacking)}")
    if not given["mchid"].isdigit():
        raise CommandError("mchid: digits alone")
    try:
        set_merchant(
            storefront=storefront,
            mchid=given["mchid"],
            serial_no=given["serial_no"].upper(),
            private_key_pem=_text(given["private_key_file"]),
            apiv3_key=apiv3_key,
            platform_keys={serial: _platform_key(serial, _text(path)) for serial, path in platform.items()},
        )
    except TypeError as failure:  # what the library says of a key that asks for a password
        raise CommandError(
            "the merchant's private key is locked with a password; unlock it first"
        ) from failure
    return str(given["mchid"])


def _platform_key(serial: str, pem: str) -> str:
    """The PEM as it came; a certificate must have the serial that was stated."""
    if "BEGIN CERTIFICATE" in pem:
        try:
            read_certificate(pem, serial)
        except ValueError as failure:
            raise CommandError(f"{serial}: {failure}") from failure
    return pem


def _secret(path: str | None, variable: str) -> str:
    return _text(path).strip() if path else os.environ.get(variable, "").strip()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise CommandError(f"{path} cannot be read") from failure
