"""`manage.py pay_keys`: shows the keys of WeChat Pay and how long they last; adds, fetches, retires them.

Private keys are read from files; none is printed, and none is an argument.
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance import vault
from kernel.clock import now
from kernel.errors import Problem
from storefronts.models import KeyFetch, MerchantAccount, PastMerchantKey, PlatformKey
from storefronts.services import merchant_keys, platform_keys
from storefronts.services.key_watch import watch_keys

BY = "pay_keys"


class Command(BaseCommand):
    help = (
        "The keys of WeChat Pay, per merchant number: list, add, fetch, retire; take-over, take-back, drop."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        shown = verbs.add_parser("list", help="every key with its end, and how the fetching stands")
        shown.add_argument("mchid", nargs="?")
        added = verbs.add_parser(
            "add", help="a platform public key (PUB_KEY_ID_…) or certificate from a file"
        )
        for name in ("mchid", "serial", "file"):
            added.add_argument(name)
        fetched = verbs.add_parser("fetch", help="the platform certificates, now")
        fetched.add_argument("mchid")
        for verb, does in (
            ("retire", "believe this platform key no more"),
            ("take-back", "sign with an earlier merchant key again"),
            ("drop", "destroy an earlier merchant key"),
        ):
            one = verbs.add_parser(verb, help=does)
            one.add_argument("mchid")
            one.add_argument("serial")
        taken = verbs.add_parser(
            "take-over", help="sign with a new merchant certificate; the old key is kept"
        )
        for name in ("mchid", "certificate_file", "private_key_file"):
            taken.add_argument(name)
        taken.add_argument("--untried", action="store_true", help="do not try it at WeChat first")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        vault.open_master_keys()
        try:
            getattr(self, verb.replace("-", "_"))(**options)
        except Problem as problem:
            raise CommandError(problem.text("en")) from problem

    def list(self, *, mchid: str | None, **_: Any) -> None:
        """One line a key: merchant number, what it is, serial, end, state."""
        merchants = MerchantAccount.objects.order_by("mchid")
        for merchant in merchants.filter(mchid=mchid) if mchid else merchants:
            self._tell(merchant, "merchant", merchant.serial_no, merchant.expires_at, "signs")
            for past in merchant.past_keys.order_by("replaced_at"):
                state = "retired" if past.retired_at else "kept"
                self._tell(merchant, "merchant", past.serial_no, past.expires_at, state)
            for key in merchant.platform_keys.order_by("pk"):
                self._tell(merchant, "platform", key.serial, key.expires_at, _state(key, now()))
            fetch = KeyFetch.objects.filter(merchant=merchant).first()
            if fetch is not None:
                at = f"{fetch.tried_at:%Y-%m-%d %H:%M}Z" if fetch.tried_at else "never"
                self.stdout.write(
                    f"{merchant.mchid} fetch    {fetch.outcome}, tried {at} {fetch.error}".rstrip()
                )

    def add(self, *, mchid: str, serial: str, file: str, **_: Any) -> None:
        merchant = _merchant(mchid)
        platform_keys.add(merchant=merchant, serial=serial, pem=_text(file), by=BY, now=now())
        self.stdout.write(f"{mchid}: {serial} is believed from now on")

    def fetch(self, *, mchid: str, **_: Any) -> None:
        row = platform_keys.fetch_now(mchid=_merchant(mchid).mchid, now=now())
        if row.outcome == KeyFetch.Outcome.FAILED:
            raise CommandError(f"{mchid}: not fetched: {row.error}")
        watch_keys(now=now())
        self.list(mchid=mchid)

    def retire(self, *, mchid: str, serial: str, **_: Any) -> None:
        key = PlatformKey.objects.filter(merchant=_merchant(mchid), serial=serial).first()
        if key is None:
            raise CommandError(f"{mchid} has no platform key {serial}")
        platform_keys.retire(key=key, by=BY, now=now())
        self.stdout.write(f"{mchid}: {serial} is believed no more")

    def take_over(
        self, *, mchid: str, certificate_file: str, private_key_file: str, untried: bool, **_: Any
    ) -> None:
        merchant = _merchant(mchid)
        try:
            merchant_keys.take_over(
                merchant=merchant,
                certificate_pem=_text(certificate_file),
                private_key_pem=_text(private_key_file),
                untried=untried,
                by=BY,
                now=now(),
            )
        except TypeError as failure:  # what the library says of a key that asks for a password
            raise CommandError("the private key is locked with a password; unlock it first") from failure
        merchant.refresh_from_db()
        self.stdout.write(f"{mchid}: {merchant.serial_no} signs from now on; the key before it is kept")

    def take_back(self, *, mchid: str, serial: str, **_: Any) -> None:
        merchant_keys.take_back(past=_past(mchid, serial), by=BY, now=now())
        self.stdout.write(f"{mchid}: {serial} signs again")

    def drop(self, *, mchid: str, serial: str, **_: Any) -> None:
        merchant_keys.retire(past=_past(mchid, serial), by=BY, now=now())
        self.stdout.write(f"{mchid}: the key of {serial} is gone")

    def _tell(
        self, merchant: MerchantAccount, what: str, serial: str, ends: datetime | None, state: str
    ) -> None:
        until = f"{ends:%Y-%m-%d}" if ends else "no end on file"
        self.stdout.write(f"{merchant.mchid} {what:8} {serial} {until} {state}")


def _state(key: PlatformKey, at: datetime) -> str:
    if key.retired_at is not None:
        return "retired"
    if key.expires_at is not None and key.expires_at <= at:
        return "expired"
    return "not yet valid" if key.valid_from is not None and key.valid_from > at else "believed"


def _merchant(mchid: str) -> MerchantAccount:
    merchant = MerchantAccount.objects.select_related("storefront__key").filter(mchid=mchid).first()
    if merchant is None:
        raise CommandError(f"no storefront has the merchant number {mchid}")
    return merchant


def _past(mchid: str, serial: str) -> PastMerchantKey:
    past = PastMerchantKey.objects.filter(merchant=_merchant(mchid), serial_no=serial).first()
    if past is None:
        raise CommandError(f"{mchid} has no earlier merchant key {serial}")
    return past


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise CommandError(f"{path} cannot be read") from failure
