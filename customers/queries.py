"""What a customer may see of themselves: opened for their own screen, under their own key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from compliance import masking, vault
from compliance.holdings import Category, wiring
from compliance.models import Subject
from customers import divisions, labels
from customers.models import Address, Customer, Export, Identity, IdentityAttempt, IdentityShare
from customers.services.addresses import AddressText
from customers.told import told
from kernel.errors import Missing
from kernel.tenancy import everything


@dataclass(frozen=True)
class OwnAddress:
    """One address on its owner's screen."""

    public_id: UUID
    text: AddressText
    region: list[str]
    is_default: bool


@dataclass(frozen=True)
class Profile:
    """The customer's own data; the phone is masked, as WeChat's screens do."""

    public_id: UUID
    nickname: str
    phone_masked: str
    language: str
    identity_state: str
    identity_rejected_for: str
    identity_name_masked: str
    identity_number_masked: str


def customer(customer_id: int) -> Customer:
    """The customer with the keys that open their data."""
    return Customer.objects.select_related("subject__key").get(pk=customer_id)


def openid(row: Customer) -> str:
    """The openid, to call WeChat for this customer."""
    key = vault.unwrap(row.subject.key)
    return key.open(labels.OPENID, row.public_id, bytes(row.openid_sealed))


def identity_number(row: Customer, identity: Identity) -> str:
    """The number of the customer's own identity, for their own request."""
    key = vault.unwrap(row.subject.key)
    return key.open(labels.IDENTITY_NUMBER, identity.public_id, bytes(identity.number_sealed))


def profile(row: Customer) -> Profile:
    """What the customer's own page shows."""
    key = vault.unwrap(row.subject.key)
    identity = Identity.objects.filter(customer=row).first()
    phone = key.open(labels.PHONE, row.public_id, bytes(row.phone_sealed)) if row.phone_sealed else ""
    nickname = (
        key.open(labels.NICKNAME, row.public_id, bytes(row.nickname_sealed)) if row.nickname_sealed else ""
    )
    name = number = ""
    if identity is not None:
        name = key.open(labels.IDENTITY_NAME, identity.public_id, bytes(identity.name_sealed))
        number = key.open(labels.IDENTITY_NUMBER, identity.public_id, bytes(identity.number_sealed))
    return Profile(
        public_id=row.public_id,
        nickname=nickname,
        phone_masked=masking.phone(phone) if phone else "",
        language=row.language,
        identity_state=identity.state if identity else "",
        identity_rejected_for=told(identity.rejected_for) if identity else "",
        identity_name_masked=masking.name(name) if name else "",
        identity_number_masked=masking.id_number(number) if number else "",
    )


@dataclass(frozen=True)
class Shared:
    """One storefront that a person carried their identity to."""

    storefront_zh: str
    storefront_en: str
    at: datetime


def is_being_verified(row: Customer) -> bool:
    """Whether the provider's answer about what the customer stated is still waited for."""
    return IdentityAttempt.objects.filter(
        customer=row, named=None, state=IdentityAttempt.State.ASKED
    ).exists()


def open_offer_until(row: Customer, now: datetime) -> datetime | None:
    """Until when the customer's open share code is good; None without one."""
    return (
        IdentityShare.objects.filter(customer=row, cancelled_at=None, redeemed_at=None, expires_at__gt=now)
        .values_list("expires_at", flat=True)
        .first()
    )


def shared(row: Customer) -> list[Shared]:
    """Where the customer's identity was carried to, the latest first."""
    used = IdentityShare.objects.filter(customer=row, redeemed_at__isnull=False).order_by("-redeemed_at")
    names = used.values_list(
        "redeemed_by__storefront__name_zh", "redeemed_by__storefront__name", "redeemed_at"
    )
    with everything():  # where it was carried to is another storefront
        return [Shared(zh or "", en or "", at) for zh, en, at in names if at]


def addresses(row: Customer) -> list[OwnAddress]:
    """The customer's addresses, the default one first."""
    key = vault.unwrap(row.subject.key)
    kept = Address.objects.filter(customer=row, removed_at=None).order_by("-is_default", "-id")
    return [_open(key, address) for address in kept]


def address(row: Customer, public_id: UUID) -> OwnAddress:
    """One address of the customer; raises Missing for anyone else's."""
    found = Address.objects.filter(customer=row, public_id=public_id, removed_at=None).first()
    if found is None:
        raise Missing()
    return _open(vault.unwrap(row.subject.key), found)


def default_province(customer_id: int) -> str:
    """The first two digits of the division of the customer's default address; "" without one."""
    kept = Address.objects.filter(customer_id=customer_id, removed_at=None, is_default=True)
    return (kept.values_list("division_code", flat=True).first() or "")[:2]


def held(subject: Subject, now: datetime) -> list[Category]:
    """Everything that the house holds about a customer, app by app from the ground up."""
    return [one for holding in reversed(wiring.holdings) for one in holding.see(subject, now)]


def exports(customer_id: int) -> list[Export]:
    """The copies that a customer asked for, the last first."""
    return list(Export.objects.filter(customer_id=customer_id).select_related("job").order_by("-id"))


def _open(key: vault.Key, row: Address) -> OwnAddress:
    return OwnAddress(
        public_id=row.public_id,
        text=AddressText(
            name=key.open(labels.ADDRESS_NAME, row.public_id, bytes(row.name_sealed)),
            phone=key.open(labels.ADDRESS_PHONE, row.public_id, bytes(row.phone_sealed)),
            division_code=row.division_code,
            street=key.open(labels.ADDRESS_STREET, row.public_id, bytes(row.street_sealed)),
        ),
        region=divisions.path(row.division_code),
        is_default=row.is_default,
    )
