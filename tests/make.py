"""Plain functions that make what a test needs; every name, number and address here is invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.db import transaction

from catalog.models import Brand, CatalogVersion, Category, Product, Variant
from catalog.naming import names_of
from catalog.services.public_prices import publish_list_prices
from compliance import services as compliance
from compliance import vault
from compliance.consent_texts import current_text
from compliance.law import Law
from compliance.notice import risk_notice
from customers import labels
from customers.gateways.verifying import Finding, Verdict
from customers.models import Address, Customer, Identity, Session
from customers.services.addresses import AddressText, add_address
from customers.services.identity import state_identity
from customers.services.login import TOKEN_LIVES, token_hash
from customers.services.verification import conclude
from inventory.models import Warehouse
from kernel import ids
from kernel.clock import shanghai_day
from orders.models import Coupon, CouponClaim, Order, Quote
from orders.services.place import Confirmation, place_order
from orders.services.quote import Wanted, make_quote
from payments.models import Payment
from storefronts import queries as storefronts
from storefronts.models import BrandCompany, LegalParty, Storefront
from storefronts.queries import forget_kept
from storefronts.services import open_storefront, set_merchant
from tests import keeping
from tests.make_stock import INBOUND_LIST, crook, lot, papers, stock, warehouse  # noqa: F401 -- makers too
from tests.make_tables import NOW, rates, tariff
from tests.stepping import step

ALICE, BOB, STRANGER = "alice", "bob", "stranger"
# Invented numbers with a right check character; the region and the birth dates belong to no one we know.
NUMBERS = {ALICE: "11010519491231002X", BOB: "310115199001010010", STRANGER: "440106198507070019"}
NAMES = {ALICE: "王爱丽", BOB: "李宝宝", STRANGER: "陌生人"}
PHONES = {ALICE: "13800138000", BOB: "13900139000", STRANGER: "13700137000"}


def present() -> datetime:
    """The real present, for tests in which someone else looks at a clock."""
    return datetime.now(UTC)


def check_character(body: str) -> str:
    """The last character of an identity number whose first 17 digits are `body` (GB 11643-1999)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def id_number(serial: int) -> str:
    """The `serial`-th (0–999,999) of a row of invented identity numbers."""
    body = f"110101{1950 + serial // 12000 % 50:04d}{serial // 1000 % 12 + 1:02d}15{serial % 1000:03d}"
    return body + check_character(body)


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """One RSA key per name and process: making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def storefront(code: str = "maison", **changes: Any) -> Storefront:
    """An open storefront with a merchant account, whose platform key is rsa_key("platform")."""
    brand, _ = BrandCompany.objects.get_or_create(
        code=f"{code}-group", defaults={"name": "Maison Group SAS", "country": "FR"}
    )
    made = open_storefront(
        **{
            "brand": brand,
            "code": code,
            "name": f"{code.title()} Shop",
            "name_zh": f"{code} 海外旗舰店",
            "appid": f"wx{code:0<16}"[:18],
            "appsecret": "s" * 32,
            "trade_modes": ["1210", "9610"],
            **changes,
        }
    )
    parties(made)
    set_merchant(
        storefront=made,
        mchid=f"16{sum(code.encode()):08d}",
        serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        private_key_pem=private_pem(rsa_key("merchant")),
        apiv3_key="k" * 32,
        platform_keys={"PUB_KEY_ID_0000000000": public_pem(rsa_key("platform"))},
    )
    return made


def parties(shop: Storefront) -> None:
    """Everyone who answers for an import; the firm that recalls food is another test's matter."""
    for role in ("ebc", "ebp", "agent", "pay", "logistics", "declarant"):
        where = {"name": f"{role} 公司", "country": "FR" if role == "ebc" else "CN"}
        LegalParty.objects.get_or_create(storefront=shop, role=role, defaults=where)


def recall_firm(shop: Storefront) -> None:
    """The firm without which no food is sold."""
    LegalParty.objects.create(storefront=shop, role="food_recall", name="召回公司", country="CN")
    forget_kept()  # a storefront is kept for half a minute


def variant(shop: Storefront, sku: str = "HD-1", price_fen: int = 10_000, **changes: Any) -> Variant:
    """A published product with one variant: a hair dryer unless said otherwise. Bumps the version."""
    tariff()
    rates()
    category, _ = Category.objects.get_or_create(
        storefront=shop, code="small", defaults={"name_zh": "小家电", "name_en": "Small appliances"}
    )
    label, _ = Brand.objects.get_or_create(
        storefront=shop,
        code="aube",
        defaults={"name_zh": "欧本", "name_en": "Aube", "origin_country": "FR"},
    )
    product = Product.objects.create(
        storefront=shop,
        code=f"p-{sku.lower()}",
        category=category,
        brand=label,
        name_zh=f"吹风机 {sku}",
        name_en=f"Hair dryer {sku}",
        state="published",
        published_at=NOW,
        from_price_fen=price_fen,
        created_at=NOW,
    )
    made = Variant.objects.create(
        **{
            "storefront": shop,
            "product": product,
            "sku": sku,
            "price_fen": price_fen,
            "weight_g": 500,
            "hs_code": "8516310000",
            "origin_country": "305",
            "origin_iso": "FR",
            "unit": "001",
            "legal_unit_1": "001",
            "legal_quantity_1": 1,
            "spec_zh": "电吹风",
            "customs_confirmed": True,
            **changes,
        }
    )
    publish_list_prices(
        storefront_id=shop.pk, prices={made.pk: made.price_fen}, now=NOW - timedelta(days=900)
    )
    row, new = CatalogVersion.objects.get_or_create(storefront=shop, defaults={"version": 1})
    if not new:
        row.version += 1
        row.save()
    return made


def customer(shop: Storefront, who: str = ALICE, now: datetime = NOW) -> Customer:
    """A logged-in customer without address or identity."""
    subject, key = compliance.create_subject(storefront_id=shop.pk, now=now)
    public_id = ids.uuid7()
    openid = f"o-{shop.code}-{who}"
    return Customer.objects.create(
        public_id=public_id,
        storefront=shop,
        subject=subject,
        openid_index=vault.blind("openid", openid),
        openid_sealed=key.seal(labels.OPENID, public_id, openid),
        created_at=now,
    )


def token(person: Customer, now: datetime | None = None) -> str:
    """A bearer token of the customer, good from the real present on unless `now` is given."""
    plain = ids.token()
    at = now or datetime.now(UTC)
    Session.objects.create(
        token_hash=token_hash(plain),
        storefront_id=person.storefront_id,
        customer=person,
        created_at=at,
        expires_at=at + TOKEN_LIVES,
    )
    return plain


def address(person: Customer, who: str = ALICE, now: datetime = NOW, **changes: Any) -> Address:
    text = AddressText(
        **{
            "name": NAMES.get(who, "收件人"),
            "phone": PHONES.get(who, "13600136000"),
            "division_code": "310115",
            "street": "世纪大道 1 号",
            **changes,
        }
    )
    return add_address(customer=person, text=text, is_default=True, now=now)


def consent(person: Customer, kind: str = "sensitive_identity", now: datetime = NOW) -> None:
    names = names_of(storefronts.shop(person.storefront_id))
    storefronts.forget_kept()  # a maker keeps nothing: what a test changes next is seen at once
    text = current_text(kind, shanghai_day(now), names)
    assert text is not None
    compliance.give_consent(subject=person.subject, kind=kind, version=text.version, names=names, now=now)


def identity(
    person: Customer,
    who: str = ALICE,
    number: str | None = None,
    now: datetime = NOW,
    *,
    verdict: Verdict | None = Verdict.MATCHES,
) -> Identity:
    """The customer's identity, verified; `verdict` None leaves it stated, another one rejects it."""
    consent(person, now=now)
    number = number or NUMBERS[who]
    attempt = state_identity(customer=person, name=NAMES.get(who, "测试人"), number=number, now=now)
    if attempt is not None and verdict is not None:
        found = Finding(verdict, "0" if verdict is Verdict.MATCHES else "-1", "made")
        conclude(attempt=attempt, found=found, number=number, provider="made", kept=False, now=now)
    person.subject.refresh_from_db()
    return Identity.objects.get(customer=person)


def buyer(shop: Storefront, who: str = ALICE, number: str | None = None, now: datetime = NOW) -> Customer:
    """A customer who may buy at once: with address and identity."""
    person = customer(shop, who, now)
    address(person, who, now)
    consent(person, "privacy_policy", now)
    identity(person, who, number, now)
    return person


def coupon(person: Customer, reduces_fen: int = 1_000, code: str = "WELCOME") -> CouponClaim:
    made, _ = Coupon.objects.get_or_create(
        storefront_id=person.storefront_id,
        code=code,
        defaults={
            "name": "Welcome",
            "name_zh": "新人券",
            "reduces_fen": reduces_fen,
            "starts_at": NOW - timedelta(days=30),
            "ends_at": NOW + timedelta(days=365),
        },
    )
    return CouponClaim.objects.create(
        storefront_id=person.storefront_id, coupon=made, customer=person, claimed_at=NOW
    )


def quote(person: Customer, *wanted: tuple[str, int], now: datetime = NOW, **more: Any) -> Quote:
    """A quote for (sku, quantity) pairs at the customer's default address."""
    return make_quote(
        customer=person,
        wanted=[Wanted(sku, quantity) for sku, quantity in wanted],
        address_id=more.pop("address_id", None),
        coupon_claim_id=more.pop("coupon_claim_id", None),
        now=now,
    )


def notice_hash(now: datetime = NOW) -> str:
    return risk_notice(Law(shanghai_day(now))).sha256


@step
def order(person: Customer, *wanted: tuple[str, int], now: datetime = NOW, **more: Any) -> Order:
    """An order placed on a fresh quote, with the current risk notice confirmed."""
    return place(person, quote(person, *wanted, now=now, **more), now=now)


def place(person: Customer, made: Quote, now: datetime = NOW) -> Order:
    """The order on a quote, with the current risk notice confirmed."""
    with transaction.atomic():
        placed = place_order(
            shop=storefronts.shop(person.storefront_id),
            customer_id=person.pk,
            quote_token=made.token,
            confirmation=Confirmation(notice_hash(now)),
            now=now,
        )
    return Order.objects.get(number=placed.number)


def payment(made: Order, state: str = "prepared", at: datetime = NOW) -> Payment:
    """An attempt to pay the order, begun `at`, as far as WeChat's prepay_id."""
    shop = made.storefront
    return Payment.objects.create(
        storefront=shop,
        order=made,
        out_trade_no=f"T{made.number}",
        mchid=shop.merchants.get().mchid,
        appid=shop.appid,
        amount_fen=made.total_fen,
        description="测试",
        notify_url="https://shop.test/pay",
        time_expire=made.expires_at,
        state=state,
        created_at=at,
        next_query_at=at + timedelta(seconds=30),
    )


@dataclass(frozen=True)
class World:
    """A storefront with one warehouse, two SKUs (100.00 and 50.00 yuan) in stock, and Alice, ready to buy."""

    shop: Storefront
    warehouse: Warehouse
    dryer: Variant
    iron: Variant
    alice: Customer


def world(on_hand: int = 100) -> World:
    """As told by `World`; a process makes the common ones once."""
    made: World = keeping.again(f"world-{on_hand}", lambda: made_world(on_hand))
    return made


def made_world(on_hand: int = 100) -> World:
    """The same made by the services step by step: for a test that watches them or gives them other keys."""
    shop = storefront()
    place = warehouse(shop)
    dryer, iron = variant(shop, "HD-1", 10_000), variant(shop, "IR-1", 5_000)
    stock(place, dryer, on_hand)
    stock(place, iron, on_hand)
    return World(shop, place, dryer, iron, buyer(shop))
