"""What the measurements need in the database: 1,000 products, buyers with tokens, and fresh quotes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from catalog.models import Brand, CatalogVersion, Category, Product, Variant
from catalog.naming import names_of
from catalog.services.public_prices import publish_list_prices
from compliance import services as compliance
from compliance import vault
from compliance.consent_texts import current_text, required_kinds
from compliance.models import PositiveListLine, ReferenceRate, TariffLine
from customers import labels
from customers.gateways.verifying import Finding, Verdict
from customers.models import Customer, Session
from customers.services.addresses import AddressText, add_address
from customers.services.identity import state_identity
from customers.services.login import token_hash
from customers.services.verification import conclude
from inventory.models import BookItem, Warehouse
from inventory.services import receive
from kernel import ids
from kernel.clock import shanghai_day
from orders.models import Quote
from orders.services.quote import Wanted, make_quote
from storefronts import queries as storefronts
from storefronts.models import BrandCompany, LegalParty, Storefront
from storefronts.services import open_storefront

APPID = "wxbench0000000000"
PRODUCTS = 1_000


@dataclass(frozen=True)
class Buyer:
    """A customer who may buy at once, with a bearer token."""

    customer: Customer
    token: str


def empty() -> None:
    """Take everything out that a run before has left, but for the migrations' own rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        keep = {"django_migrations", "django_content_type", "auth_permission"}
        tables = ", ".join(f'"{row[0]}"' for row in cursor.fetchall() if row[0] not in keep)
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


def catalogue(now: datetime) -> tuple[Storefront, Warehouse]:
    """A storefront with 1,000 products of one variant, each with a million pieces in stock."""
    brand = BrandCompany.objects.create(code="bench", name="Bench SAS", country="FR")
    shop = open_storefront(
        brand=brand,
        code="bench",
        name="Bench",
        name_zh="基准店",
        appid=APPID,
        appsecret="s" * 32,
        trade_modes=["1210"],
        payment_window_seconds=86_400,
    )
    Storefront.objects.filter(pk=shop.pk).update(quote_window_seconds=86_400)
    TariffLine.objects.create(
        hs_code="85163100",
        first_day=shanghai_day(now),
        name_zh="电吹风机",
        mfn_rate="0.1",
        vat_rate="0.13",
        source="bench",
        confidence="M",
        checked_on=shanghai_day(now),
    )
    PositiveListLine.objects.create(
        hs_code="85163100",
        first_day=shanghai_day(now),
        name_zh="电吹风机",
        source="bench",
        confidence="M",
        checked_on=shanghai_day(now),
    )
    roles = ("ebc", "ebp", "agent", "pay", "logistics", "declarant")
    LegalParty.objects.bulk_create(
        LegalParty(storefront=shop, role=role, name=role, country="FR" if role == "ebc" else "CN")
        for role in roles
    )
    for currency in ("USD", "EUR"):
        ReferenceRate.objects.create(
            currency=currency,
            first_day=shanghai_day(now),
            cny_per_100="700",
            source="bench",
            confidence="M",
            checked_on=shanghai_day(now),
        )
    place = Warehouse.objects.create(
        storefront=shop,
        code="ningbo",
        name="Ningbo",
        name_zh="宁波",
        trade_mode="1210",
        customs_district="3105",
        area_code="330266",
        ems_no="T3105W000001",
    )
    shelf = Category.objects.create(storefront=shop, code="all", name_zh="全部", name_en="All")
    label = Brand.objects.create(
        storefront=shop, code="aube", name_zh="欧本", name_en="Aube", origin_country="FR"
    )
    products = Product.objects.bulk_create(
        Product(
            storefront=shop,
            code=f"p{n:04d}",
            category=shelf,
            brand=label,
            name_zh=f"吹风机 {n}",
            name_en=f"Hair dryer {n}",
            description_zh="静音大风量。" * 10,
            description_en="Quiet and strong. " * 10,
            state="published",
            published_at=now - timedelta(minutes=n),
            from_price_fen=1_000 + n,
            created_at=now,
        )
        for n in range(PRODUCTS)
    )
    variants = Variant.objects.bulk_create(
        Variant(
            storefront=shop,
            product=product,
            sku=f"SKU-{n:04d}",
            price_fen=1_000 + n,
            weight_g=300,
            hs_code="8516310000",
            origin_country="305",
            origin_iso="FR",
            unit="001",
            legal_unit_1="001",
            legal_quantity_1=1,
            spec_zh="电吹风",
            customs_confirmed=True,
        )
        for n, product in enumerate(products)
    )
    BookItem.objects.bulk_create(
        BookItem(storefront=shop, warehouse=place, variant=v, item_no=str(v.pk), record_no=str(v.pk))
        for v in variants
    )
    for v in variants:
        receive(
            warehouse=place,
            variant=v,
            quantity=1_000_000,
            inbound_list="QD310526I000000001",
            by="bench",
            now=now,
        )
    publish_list_prices(
        storefront_id=shop.pk, prices={v.pk: v.price_fen for v in variants}, now=now - timedelta(days=1)
    )
    CatalogVersion.objects.create(storefront=shop, version=1)
    return shop, place


def buyers(shop: Storefront, count: int, now: datetime) -> list[Buyer]:
    """`count` customers with address, identity and a token."""
    made = []
    names = names_of(storefronts.shop(shop.pk))
    texts = [current_text(kind, shanghai_day(now), names) for kind in required_kinds()]
    for n in range(count):
        subject, key = compliance.create_subject(storefront_id=shop.pk, now=now)
        public_id = ids.uuid7()
        openid = f"o-bench-{n}"
        customer = Customer.objects.create(
            public_id=public_id,
            storefront=shop,
            subject=subject,
            openid_index=vault.blind("openid", openid),
            openid_sealed=key.seal(labels.OPENID, public_id, openid),
            created_at=now,
        )
        where = AddressText("测试人", "13800138000", "310115", "世纪大道 1 号")
        add_address(customer=customer, text=where, is_default=True, now=now)
        for text in texts:
            assert text is not None
            compliance.give_consent(
                subject=subject, kind=text.kind, version=text.version, names=names, now=now
            )
        attempt = state_identity(customer=customer, name="测试人", number=_number(n), now=now)
        assert attempt is not None
        found = Finding(Verdict.MATCHES, "0", "bench")
        conclude(attempt=attempt, found=found, number=_number(n), provider="bench", kept=False, now=now)
        token = ids.token()
        Session.objects.create(
            token_hash=token_hash(token),
            storefront=shop,
            customer=customer,
            created_at=now,
            expires_at=now + timedelta(days=1),
        )
        made.append(Buyer(customer, token))
    return made


def quotes(buyer: Buyer, count: int, now: datetime, *wanted: tuple[str, int]) -> list[Quote]:
    """`count` fresh quotes of one basket: made once by the service, the others copied from it."""
    first = make_quote(
        customer=buyer.customer,
        wanted=[Wanted(sku, quantity) for sku, quantity in wanted],
        address_id=None,
        coupon_claim_id=None,
        now=now,
    )
    columns: dict[str, Any] = {
        f.attname: getattr(first, f.attname)
        for f in Quote._meta.concrete_fields
        if f.name not in ("id", "token")
    }
    return [first, *Quote.objects.bulk_create(Quote(token=ids.uuid7(), **columns) for _ in range(count - 1))]


def _number(serial: int) -> str:
    """An invented identity number with a right check character."""
    body = f"110101{1950 + serial // 336:04d}{serial // 28 % 12 + 1:02d}{serial % 28 + 1:02d}001"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
