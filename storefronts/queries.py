"""Which storefront is meant, and the credentials with which it speaks to WeChat."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from django.db.models import Q

from compliance import vault
from kernel import approvals
from kernel.errors import Missing
from kernel.tenancy import everything
from storefronts.models import LegalParty, MerchantAccount, Storefront
from storefronts.services import (
    APIV3_KEY,
    APPSECRET,
    GOODS_GATE,
    MESSAGE_KEY,
    MESSAGE_TOKEN,
    PRIVATE_KEY,
    TRADE_MODE,
    V2_KEY,
    approval_key,
)
from wechat.credentials import Merchant, MiniProgram, PlatformKey
from wechat.messages import MessageKeys, aes_key_of

T = TypeVar("T")
KEPT_SECONDS = 30.0
MERCHANT_KEPT_SECONDS = 5.0  # a key that was retired believes nothing after that
REREAD_SECONDS = 1.0
_kept: dict[tuple[str, object], tuple[float, object]] = {}
_rereading = threading.Lock()
_reading = [threading.RLock() for _ in range(64)]


class NoStorefront(Missing):
    """No open storefront has this appid."""

    code = "storefront_not_found"
    title = "There is no open storefront with this appid."
    title_zh = "未找到对应的小程序店铺。"


@dataclass(frozen=True, slots=True)
class Serving:
    """Whom the mini-program serves now: not versions below `minimum_version` ("" for none), and while there
    are sentences of maintenance (zh, en) nobody who comes to buy."""

    minimum_version: str = ""
    maintenance: tuple[str, str] | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """What every request needs to know of its storefront; kept in process for half a minute.

    `seller` is the brand company, abroad, and `brand_currency` what it settles in; `handler` is the overseas
    seller on file, the brand where there is none. `parties` maps the roles
    on file to the country of registration; `approved_modes` and `open_gates` ("sku:AUB-1",
    "class:infant_formula") are what colleagues have approved.
    """

    id: int
    code: str
    appid: str
    name: str
    name_zh: str
    brand: str
    brand_country: str
    trade_modes: tuple[str, ...]
    payment_window_seconds: int
    quote_window_seconds: int
    seller: str
    seller_country: str
    brand_currency: str
    handler: str
    handler_contact: str
    parties: Mapping[str, str]
    approved_modes: frozenset[str]
    open_gates: frozenset[str]
    serving: Serving = Serving()


def shop_by_appid(appid: str) -> Shop:
    """The open storefront of a mini-program; raises NoStorefront."""
    return _keep("appid", appid, lambda: _shop(appid=appid))


def shop_by_code(code: str) -> Shop:
    """The open storefront of this code; raises NoStorefront."""
    return _keep("code", code, lambda: _shop(code=code))


def shop(storefront_id: int) -> Shop:
    """The open storefront with this id; raises NoStorefront."""
    return _keep("id", storefront_id, lambda: _shop(pk=storefront_id))


def mini_program(storefront_id: int) -> MiniProgram:
    """appid and secret of the storefront."""

    def read() -> MiniProgram:
        row = Storefront.objects.select_related("key").get(pk=storefront_id)
        key = vault.unwrap(row.key)
        return MiniProgram(appid=row.appid, secret=key.open(APPSECRET, row.code, bytes(row.appsecret_sealed)))

    return _keep("mini_program", storefront_id, read)


def message_keys(appid: str) -> tuple[int, MessageKeys]:
    """Whose pushes come for this appid, and what they are checked and opened with; raises Missing."""

    def read() -> tuple[int, MessageKeys]:
        row = (
            Storefront.objects.select_related("key")
            .filter(appid=appid)
            .exclude(message_key_sealed=b"")
            .first()
        )
        if row is None:
            raise Missing()
        key = vault.unwrap(row.key)
        token = key.open(MESSAGE_TOKEN, row.code, bytes(row.message_token_sealed))
        encoded = key.open(MESSAGE_KEY, row.code, bytes(row.message_key_sealed))
        return row.pk, MessageKeys(appid=row.appid, token=token, aes_key=aes_key_of(encoded))

    return _keep("messages", appid, read, seconds=MERCHANT_KEPT_SECONDS)


def merchant_of(storefront_id: int) -> Merchant:
    """The active merchant account of the storefront with its keys; raises Missing when there is none."""
    return _keep(
        "merchant",
        storefront_id,
        lambda: _merchant(storefront_id=storefront_id, active=True),
        seconds=MERCHANT_KEPT_SECONDS,
    )


def merchant_by_mchid(mchid: str, *, serial: str = "") -> Merchant:
    """A merchant account by its number, retired ones too: late money still arrives for them.

    A `serial` that what is kept does not know makes it be read again, at most once a second however often
    it is named: a key fetched a moment ago is known at once, and a stranger costs one reading a second.
    """

    def read() -> Merchant:
        return _merchant(mchid=mchid)

    kept = _keep("mchid", mchid, read, seconds=MERCHANT_KEPT_SECONDS)
    if not serial or kept.platform_key(serial) is not None:
        return kept
    with _rereading:
        held = _kept.get(("mchid", mchid))
        if held is not None and time.monotonic() - (held[0] - MERCHANT_KEPT_SECONDS) >= REREAD_SECONDS:
            _kept.pop(("mchid", mchid), None)
        return _keep("mchid", mchid, read, seconds=MERCHANT_KEPT_SECONDS)


def merchant_as_of(mchid: str, at: datetime) -> Merchant:
    """A merchant account by its number, also with the keys of WeChat Pay's that were retired after `at`: what
    was verified then is not made doubtful by that. Raises Missing."""
    return _merchant(believed_at=at, mchid=mchid)


@dataclass(frozen=True, slots=True)
class CustomsAccount:
    """How a merchant declares payments; `v2_key` is empty where there is none."""

    family: str
    v2_key: str = field(repr=False)


def customs_account(mchid: str) -> CustomsAccount:
    """How this merchant number declares payments; raises Missing."""

    def read() -> CustomsAccount:
        row = MerchantAccount.objects.select_related("storefront__key").filter(mchid=mchid).first()
        if row is None:
            raise Missing()
        sealed = bytes(row.v2_key_sealed)
        key = vault.unwrap(row.storefront.key).open(V2_KEY, row.mchid, sealed) if sealed else ""
        return CustomsAccount(row.customs_family, key)

    return _keep("customs", mchid, read)


def names_payer(mchid: str) -> bool:
    """Whether this merchant names the payer on the prepay; asked anew each time, as WeChat may refuse."""
    named = MerchantAccount.PayerIdentity.ON
    return MerchantAccount.objects.filter(mchid=mchid, payer_identity=named).exists()


def storefront_id_of_merchant(mchid: str) -> int:
    """Whose merchant number this is, for good; raises Missing."""

    def read() -> int:
        found = MerchantAccount.objects.filter(mchid=mchid).values_list("storefront_id", flat=True).first()
        if found is None:
            raise Missing()
        return found

    return _keep("owner", mchid, read)


def merchant_numbers() -> list[tuple[str, int]]:
    """Every merchant number in use, with its storefront."""
    return list(
        MerchantAccount.objects.filter(active=True).order_by("id").values_list("mchid", "storefront_id")
    )


def parties(storefront_id: int) -> list[LegalParty]:
    """Who answers for what, in the order of the roles."""
    order = list(LegalParty.Role.values)
    return sorted(
        LegalParty.objects.filter(storefront_id=storefront_id), key=lambda party: order.index(party.role)
    )


def currencies() -> set[str]:
    """What open storefronts settle in, and the dollar, in which the ceiling of a payment is written."""
    brands = Storefront.objects.filter(state=Storefront.State.OPEN).values_list("brand__currency", flat=True)
    return {"USD", *brands}


def forget_kept() -> None:
    """Drop what is kept in this process: after a change of credentials, and between tests."""
    _kept.clear()


def _shop(**wanted: object) -> Shop:
    row = Storefront.objects.select_related("brand").filter(state=Storefront.State.OPEN, **wanted).first()
    if row is None:
        raise NoStorefront()
    handler = LegalParty.objects.filter(storefront=row, role=LegalParty.Role.EBC).first()
    approved = approvals.granted_keys(storefront_id=row.pk, verbs=[TRADE_MODE, GOODS_GATE])
    return Shop(
        id=row.pk,
        code=row.code,
        appid=row.appid,
        name=row.name,
        name_zh=row.name_zh,
        brand=row.brand.name,
        brand_country=row.brand.country,
        trade_modes=tuple(row.trade_modes),
        payment_window_seconds=row.payment_window_seconds,
        quote_window_seconds=row.quote_window_seconds,
        seller=row.brand.name,
        seller_country=row.brand.country,
        brand_currency=row.brand.currency,
        handler=handler.name if handler else row.brand.name,
        handler_contact=handler.contact if handler else "",
        parties=roles_on_file(row.pk),
        approved_modes=_of(approved, TRADE_MODE, row.code),
        open_gates=_of(approved, GOODS_GATE, row.code),
        serving=Serving(
            row.minimum_version,
            (row.maintenance_zh, row.maintenance_en) if row.maintenance_zh else None,
            row.maintenance_until,
        ),
    )


def roles_on_file(storefront_id: int) -> dict[str, str]:
    """The roles of the storefront's legal parties, each with its country of registration."""
    return dict(LegalParty.objects.filter(storefront_id=storefront_id).values_list("role", "country"))


def _of(approved: set[tuple[str, str]], verb: str, code: str) -> frozenset[str]:
    prefix = approval_key(code, "")
    return frozenset(key.removeprefix(prefix) for said, key in approved if said == verb)


def _merchant(*, believed_at: datetime | None = None, **wanted: object) -> Merchant:
    row = MerchantAccount.objects.select_related("storefront__key").filter(**wanted).first()
    if row is None:
        raise Missing()
    believed = Q(retired_at=None)
    if believed_at is not None:
        believed |= Q(retired_at__gt=believed_at)
    key = vault.unwrap(row.storefront.key)
    past = row.past_keys.filter(retired_at=None).order_by("-replaced_at")
    sealed = [row.private_key_sealed, *(one.private_key_sealed for one in past)]
    private, *earlier = (_private(key.open(PRIVATE_KEY, row.mchid, bytes(one))) for one in sealed)
    return Merchant(
        mchid=row.mchid,
        serial_no=row.serial_no,
        private_key=private,
        apiv3_key=key.open(APIV3_KEY, row.mchid, bytes(row.apiv3_key_sealed)).encode(),
        platform_keys=tuple(
            PlatformKey(k.serial, _public(k.public_key_pem), k.valid_from, k.expires_at)
            for k in row.platform_keys.filter(believed).order_by("-id")
        ),
        past_keys=tuple(earlier),
    )


def _private(pem: str) -> RSAPrivateKey:
    # Validated when it was stored; doing it again costs 30 ms of CPU each time.
    key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, RSAPrivateKey)
    return key


def _public(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    return key


def _keep(kind: str, name: object, read: Callable[[], T], seconds: float = KEPT_SECONDS) -> T:
    """What was read at most `seconds` ago; the first to find it older reads it anew, and only that one."""
    held = _kept.get((kind, name))
    if held is not None and held[0] > time.monotonic():
        return held[1]  # type: ignore[return-value]  # one kind, one type
    with _reading[hash((kind, name)) % len(_reading)]:
        now = time.monotonic()
        held = _kept.get((kind, name))
        if held is None or held[0] <= now:
            with everything():  # it is asked before anyone knows who is meant
                held = _kept[(kind, name)] = (now + seconds, read())
        return held[1]  # type: ignore[return-value]
