"""The demonstration's firms, storefronts, stock and operator; done again it only brings things up to date."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from django.conf import settings
from django.db import transaction
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from backend.local_secrets import local_secret
from backend.seeding.goods import fill_shelves, fill_warehouse
from backend.seeding.looks import put_look
from compliance.management.loader import DATA
from compliance.services.rates import load_rates
from customers.models import NewsTemplate
from customs.models import PortAccount
from customs.services import accounts
from inventory.models import FreightTemplate, FreightZone, Warehouse
from kernel.clock import now, shanghai_day
from logistics.services.accounts import Terms, set_account
from logistics.services.shipments import account_of
from orders.models import Coupon
from payments.models import CustomsNumber
from payments.ports import ports_of
from storefronts.models import BrandCompany, LegalParty, Membership, Operator, Storefront
from storefronts.services import open_storefront, second_factor, set_customs, set_merchant, set_messages

OPERATOR = "operator"
NEWS_FIELDS = {"character_string1": "order", "phrase2": "says", "date3": "at"}
# Where a message leads to in the mini-program (miniprogram/src/pages.json), by what it tells of.
NEWS_PAGES = {
    **dict.fromkeys(("shipped", "cleared", "delivered"), "sub/order/parcels?number={order}"),
    **dict.fromkeys(("decided", "came_back", "refunded"), "sub/service/return?number={return}"),
}
COUPONS_LAST = timedelta(days=365)


@dataclass(frozen=True)
class Seeded:
    """What one storefront has to sell."""

    storefront: Storefront
    skus: int
    pieces_added: int


@cache
def plan() -> dict[str, Any]:
    """The file beside this one."""
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("demo.yaml").read_text(encoding="utf-8"))
    return found


def seed(*, world: dict[str, Any], now: datetime) -> list[Seeded]:
    """Open the storefronts of `world` (the sandbox's world.json) and fill them; idempotent."""
    told = plan()
    operator = put_operator()
    put_rates(now)
    seeded = []
    for credentials in world["storefronts"]:
        wanted = told["storefronts"][credentials["code"]]
        brand = put_brand(wanted.get("brand", told["brand"]))
        with transaction.atomic():
            storefront = put_storefront(brand, wanted, credentials, world["platform"])
            for role, party in told["parties"].items():
                LegalParty.objects.update_or_create(storefront=storefront, role=role, defaults=party)
            Membership.objects.get_or_create(
                storefront=storefront, operator=operator, role=Membership.Role.OWNER
            )
            for code, coupon in wanted["coupons"].items():
                put_coupon(storefront, code, coupon, now)
        put_carriers(storefront, wanted.get("carriers", {}), credentials, now)
        put_ports(storefront, told["ports"], credentials["port"], world["site"]["certificate"], now)
        put_news(storefront, wanted.get("news", {}), now)
        skus = fill_shelves(storefront, wanted.get("shelves"), wanted.get("labels"), now=now)
        put_look(storefront, now=now)
        pieces = sum(put_warehouse(storefront, code, one, now) for code, one in wanted["warehouses"].items())
        seeded.append(Seeded(storefront, skus, pieces))
    return seeded


def put_brand(told: dict[str, str]) -> BrandCompany:
    """The foreign company that sells."""
    facts = {name: value for name, value in told.items() if name != "code"}
    return BrandCompany.objects.update_or_create(code=told["code"], defaults=facts)[0]


def operator_password() -> str:
    """The operator's first password, made at the first set-up and kept beside the other secrets."""
    return local_secret(settings.LOCAL, "OPERATOR_PASSWORD")[:20]


def put_operator() -> Operator:
    """The one who may see everything in the admin; a password that was changed since stays."""
    operator = Operator.objects.filter(username=OPERATOR).first()
    if operator is None:
        operator = Operator.objects.create_superuser(OPERATOR, password=operator_password())
        device = second_factor.begin(operator=operator, secret=operator_device().bin_key, now=now())
        device.confirmed = True
        device.save()
    return operator


def operator_device() -> TOTPDevice:
    """The telephone of a laptop's operator, never saved so: its secret is kept beside the password."""
    secret = local_secret(settings.LOCAL, "OPERATOR_TOTP")
    return TOTPDevice(user=Operator(username=OPERATOR), key=hashlib.sha256(secret.encode()).hexdigest()[:40])


def operator_code() -> str:
    """The six digits that this telephone shows now."""
    return f"{totp(operator_device().bin_key):06d}"  # type: ignore[no-untyped-call]


def put_storefront(
    brand: BrandCompany, wanted: dict[str, Any], credentials: dict[str, str], platform: dict[str, str]
) -> Storefront:
    """Paste in the credentials as an operator would who got them from WeChat."""
    storefront = open_storefront(
        brand=brand,
        code=credentials["code"],
        name=wanted["name"],
        name_zh=wanted["name_zh"],
        appid=credentials["appid"],
        appsecret=credentials["secret"],
        trade_modes=wanted["trade_modes"],
        payment_window_seconds=wanted["payment_window_seconds"],
    )
    certificate = load_pem_x509_certificate(platform["cert_pem"].encode()).public_key()
    merchant = set_merchant(
        storefront=storefront,
        mchid=credentials["mchid"],
        serial_no=credentials["merchant_serial"],
        private_key_pem=credentials["merchant_private_key_pem"],
        apiv3_key=credentials["apiv3_key"],
        platform_keys={
            platform["cert_serial"]: certificate.public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            ).decode(),
            platform["public_key_id"]: platform["public_key_pem"],
        },
    )
    set_customs(merchant=merchant, family="v2", payer_identity=False, v2_key=credentials["v2_key"])
    set_messages(
        storefront=storefront, token=credentials["message_token"], aes_key=credentials["message_key"]
    )
    return storefront


def put_carriers(
    storefront: Storefront, wanted: dict[str, Any], credentials: dict[str, str], now: datetime
) -> None:
    """Accounts at SF, which issues waybills, and at kuaidi100, which follows them; those that stand stay."""
    keys = {
        "sf": (credentials["sf_partner"], credentials["sf_check_word"]),
        "kuaidi100": (credentials["kuaidi100_customer"], credentials["kuaidi100_key"]),
    }
    for provider, terms in wanted.items():
        if account_of(storefront.pk, provider) is None:
            customer, secret = keys[provider]
            set_account(
                storefront=storefront,
                provider=provider,
                terms=Terms(customer_code=customer, **terms),
                secret=secret,
                by="seed",
                now=now,
            )


def put_ports(
    storefront: Storefront, wanted: dict[str, Any], enterprise: dict[str, Any], site: str, now: datetime
) -> None:
    """The declarant's way to each district, with the key that the port gave out and the certificate of the
    supervised site; what stands stays."""
    LegalParty.objects.filter(storefront=storefront, role=LegalParty.Role.DECLARANT).update(
        name=enterprise["cop_name"], customs_code=enterprise["cop_code"]
    )
    card = next(one for one in enterprise["certificates"] if one["method"] == PortAccount.Signer.SM2)
    secret = accounts.Secret(card["method"], card["private_key"], card["number"], card["certificate"])
    for district, facts in wanted.items():
        if not PortAccount.objects.filter(storefront=storefront, customs_code=district).exists():
            terms = accounts.Terms(
                customs_code=district, dxp_id=enterprise["dxp_id"], site_certificate=site, **facts
            )
            accounts.set_account(storefront=storefront, terms=terms, secret=secret, by="seed", now=now)
    PortAccount.objects.filter(storefront=storefront, site_certificate="").update(site_certificate=site)


def put_news(storefront: Storefront, wanted: dict[str, str], now: datetime) -> None:
    """The templates of subscribe messages, each with number, time and what has happened."""
    for occasion, template_id in wanted.items():
        NewsTemplate.objects.get_or_create(
            storefront=storefront,
            template_id=template_id,
            defaults={
                "occasion": occasion,
                "fields": NEWS_FIELDS,
                "page": NEWS_PAGES[occasion],
                "set_at": now,
            },
        )


def put_rates(now: datetime) -> None:
    """The example rates that come with the product, dated on the day of the set-up: old ones are stale."""
    day = shanghai_day(now).isoformat()
    with (DATA / "rates.csv").open(encoding="utf-8", newline="") as file:
        rows = [row | {"first_day": day, "checked_on": day} for row in csv.DictReader(file)]
    load_rates(rows=rows)


def put_coupon(storefront: Storefront, code: str, coupon: dict[str, Any], now: datetime) -> None:
    """A coupon, good for a year from the last set-up."""
    Coupon.objects.update_or_create(
        storefront=storefront,
        code=code,
        defaults={**coupon, "ends_at": now + COUPONS_LAST},
        create_defaults={**coupon, "starts_at": now, "ends_at": now + COUPONS_LAST},
    )


def put_freight(storefront: Storefront, code: str, wanted: dict[str, Any]) -> FreightTemplate:
    """A template by weight: the first kilogram and each further one, elsewhere and in some provinces."""
    template, _ = FreightTemplate.objects.update_or_create(
        storefront=storefront,
        code=code,
        defaults={"by": "weight", "free_above_fen": wanted["free_above_fen"]},
    )
    template.zones.all().delete()
    for provinces, (first_fen, step_fen) in {"": wanted["elsewhere"], **wanted["zones"]}.items():
        FreightZone.objects.create(
            storefront=storefront,
            template=template,
            provinces=provinces.split(",") if provinces else [],
            first=1000,
            first_fen=first_fen,
            step=1000,
            step_fen=step_fen,
        )
    return template


def put_warehouse(storefront: Storefront, code: str, wanted: dict[str, Any], now: datetime) -> int:
    """A warehouse and what lies in it; returns how many pieces were added."""
    apart = ("stock", "shelves", "without", "freight")
    facts = {name: value for name, value in wanted.items() if name not in apart}
    if "freight" in wanted:
        facts["freight"] = put_freight(storefront, code, wanted["freight"])
    warehouse, _ = Warehouse.objects.update_or_create(storefront=storefront, code=code, defaults=facts)
    for port in ports_of(warehouse.customs_district, registered=()):
        CustomsNumber.objects.get_or_create(
            storefront=storefront, port=port, defaults={"number": plan()["parties"]["ebp"]["customs_code"]}
        )
    return fill_warehouse(
        warehouse,
        wanted["stock"],
        wanted.get("shelves"),
        without=wanted.get("without", []),
        now=now,
    )
