"""A partner is opened, connected and given credentials by an owner; each may be taken back at once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Left
from oauth2_provider.models import AccessToken

from compliance import vault
from kernel import approvals, events, ids
from kernel.errors import Conflict, Invalid
from partners.models import Application, Connection, Partner
from partners.scopes import PERSONAL, PROFILE, SCOPES, USUAL, known
from storefronts.models import FourEyes, Storefront

SIGNING: Final = "partners.application.signing"
OVERLAP: Final = timedelta(days=7)  # how long an old credential stands beside the one that follows it
MOST_CREDENTIALS: Final = 10
WRITTEN: Final = 72  # letters of a name that stand where it is written down who did something


@dataclass(eq=False)
class PartnerTaken(Conflict):
    """Two partners of a storefront have two names."""

    code = "partner_taken"
    title = "There is a partner called {name} already."
    title_zh = "已有名为 {name} 的合作方。"
    name: str


@dataclass(eq=False)
class NoSuchScope(Invalid):
    """A scope that this house does not know."""

    code = "no_such_scope"
    title = "There is no scope {scope}."
    title_zh = "没有名为 {scope} 的权限范围。"
    scope: str


@dataclass(eq=False)
class NoSuchNetwork(Invalid):
    """An address or a network that is none."""

    code = "no_such_network"
    title = "{network} is no address and no network, such as 203.0.113.7 or 203.0.113.0/24."
    title_zh = "{network} 不是 IP 地址或网段，例如 203.0.113.7 或 203.0.113.0/24。"
    network: str


class TooManyCredentials(Conflict):
    """More than anybody watches over."""

    code = "too_many_credentials"
    title = f"A partner has at most {MOST_CREDENTIALS} credentials: revoke one first."
    title_zh = f"每个合作方最多 {MOST_CREDENTIALS} 组凭据，请先吊销一组。"


class AnotherBrand(Conflict):
    """A partner serves the storefronts of one brand."""

    code = "partner_of_another_brand"
    title = "This partner belongs to another brand."
    title_zh = "该合作方属于其他品牌。"


class CredentialOver(Conflict):
    """A credential that was revoked or has ended."""

    code = "credential_over"
    title = "This credential was revoked or has ended: issue another."
    title_zh = "该凭据已吊销或到期，请签发新的凭据。"


@dataclass(frozen=True, slots=True)
class Issued:
    """A new credential with its secrets in plain: shown once, kept nowhere."""

    credential: Application
    client_id: str
    client_secret: str
    signing_key: str

    def __repr__(self) -> str:
        return f"Issued({self.client_id})"


@transaction.atomic
def open_partner(
    *,
    storefront: Storefront,
    name: str,
    kind: str,
    country: str = "CN",
    networks: Iterable[str] = (),
    by: str,
    now: datetime,
) -> Partner:
    """A partner with this storefront as its home, connected to it with what its kind has use for.

    Raises PartnerTaken, NoSuchNetwork.
    """
    partner = Partner(
        storefront=storefront,
        name=name.strip(),
        kind=Partner.Kind(kind),
        country=country.upper(),
        networks=checked_networks(networks),
        opened_at=now,
    )
    try:
        with transaction.atomic():
            partner.save(force_insert=True)
    except IntegrityError as clash:
        raise PartnerTaken(name=partner.name) from clash
    _tell("partner.opened", partner, at=storefront.pk, by=by, now=now, called=partner.name, kind=kind)
    connect(partner=partner, storefront=storefront, scopes=USUAL[partner.kind], by=by, now=now)
    return partner


def change_partner(
    *, partner: Partner, networks: Iterable[str], per_minute: int, active: bool, by: str, now: datetime
) -> None:
    """From where and how often it may call, and whether at all: from the next call on."""
    partner.networks, partner.per_minute = checked_networks(networks), per_minute
    partner.state = Partner.State.ACTIVE if active else Partner.State.SUSPENDED
    with transaction.atomic():
        partner.save(update_fields=["networks", "per_minute", "state"])
        facts = {"networks": partner.networks, "per_minute": per_minute, "state": partner.state}
        _tell("partner.changed", partner, at=partner.storefront_id, by=by, now=now, **facts)


def connect(
    *,
    partner: Partner,
    storefront: Storefront,
    scopes: Iterable[str],
    warehouses: Iterable[str] | None = None,
    by: str,
    now: datetime,
) -> Connection:
    """What the partner may do in this storefront from now on, in place of what it might before.

    `warehouses` are the codes of those that it serves there, none: all; None: those that it served before.
    Raises NoSuchScope, AnotherBrand, and PartnerTaken where another one goes by its name here.
    """
    wanted = checked_scopes(scopes)
    if storefront.brand_id != partner.storefront.brand_id:
        raise AnotherBrand()
    with transaction.atomic():
        Partner.objects.select_for_update(of=("self",), no_key=True).get(pk=partner.pk)
        _mind_name(partner, storefront)
        before = _latest(partner, storefront)
        served = sorted(set(warehouses)) if warehouses is not None else before.warehouses if before else []
        _end(partner, storefront, now)
        made = Connection.objects.create(
            storefront=storefront,
            partner=partner,
            name=partner.name,
            kind=partner.kind,
            scopes=wanted,
            warehouses=served,
            since=now,
        )
        facts = {"scopes": wanted, "warehouses": served}
        _tell("partner.connected", partner, at=storefront.pk, by=by, now=now, **facts)
    return made


def grant(
    *,
    partner: Partner,
    storefront: Storefront,
    scopes: Iterable[str],
    warehouses: Iterable[str] | None = None,
    by: str,
    now: datetime,
) -> Connection:
    """As `connect`, by an operator. What personal data it was not given there before, of a kind or of a
    warehouse, is an export without an end, to which a colleague agrees whatever the limit: raises
    NeedsColleague."""
    with transaction.atomic():
        Partner.objects.select_for_update(of=("self",), no_key=True).get(pk=partner.pk)
        standing = Connection.objects.filter(partner=partner, storefront=storefront, ended_at=None).first()
        made = connect(
            partner=partner, storefront=storefront, scopes=scopes, warehouses=warehouses, by=by, now=now
        )
        if _opened(standing, made):
            approvals.require(
                storefront_id=storefront.pk,
                verb=FourEyes.Verb.EXPORT,
                key=f"partner:{partner.public_id}:{storefront.pk}",
                facts={"partner": partner.name, "scopes": made.scopes, "warehouses": made.warehouses},
                by=by,
                now=now,
            )
    return made


def disconnect(*, partner: Partner, storefront: Storefront, by: str, now: datetime) -> bool:
    """From the next call on it may do nothing here; False where it could do nothing before."""
    with transaction.atomic():
        ended = _end(partner, storefront, now)
        if ended:
            _tell("partner.disconnected", partner, at=storefront.pk, by=by, now=now)
    return ended


def issue_credential(
    *, partner: Partner, scopes: Iterable[str] | None = None, by: str, now: datetime
) -> Issued:
    """A credential beside those that there are; its secrets are in the answer and nowhere else.

    `scopes` are the most it may be given, None: all. Raises NoSuchScope, TooManyCredentials.
    """
    most = checked_scopes(SCOPES if scopes is None else scopes)
    client_id, secret, signing = secrets.token_hex(16), ids.token(), ids.token()
    with transaction.atomic():
        held = Partner.objects.select_for_update(of=("self",)).select_related("storefront__key")
        locked = held.get(pk=partner.pk)
        living = Application.objects.filter(partner=locked, revoked_at=None).exclude(expires_at__lte=now)
        if living.count() >= MOST_CREDENTIALS:
            raise TooManyCredentials()
        row = Application(
            storefront=locked.storefront,
            partner=locked,
            name=locked.name,
            client_id=client_id,
            client_secret=secret,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
            scopes=most,
        )
        row.signing_sealed = vault.unwrap(locked.storefront.key).seal(SIGNING, row.public_id, signing)
        row.save(force_insert=True)
        facts = {"client_id": client_id, "scopes": most}
        _tell("credential.issued", partner, at=locked.storefront_id, by=by, now=now, **facts)
    return Issued(row, client_id, secret, signing)


def rotate_credential(
    *, credential: Application, overlap: timedelta = OVERLAP, by: str, now: datetime
) -> Issued:
    """A credential that follows this one, which ends after `overlap`. Raises CredentialOver."""
    with transaction.atomic():
        old = Application.objects.select_for_update(of=("self",)).select_related("partner__storefront")
        before = old.get(pk=credential.pk)
        if not before.stands(now):
            raise CredentialOver()
        ends = now + overlap
        if before.expires_at is None or before.expires_at > ends:
            Application.objects.filter(pk=before.pk).update(expires_at=ends)
        issued = issue_credential(partner=before.partner, scopes=before.scopes, by=by, now=now)
        facts = {"client_id": before.client_id, "next": issued.client_id, "ends": ends.isoformat()}
        _tell("credential.followed", before.partner, at=before.storefront_id, by=by, now=now, **facts)
    return issued


def revoke_credential(*, credential: Application, by: str, now: datetime) -> bool:
    """No call more with it, nor with any token that it was given; False where it was revoked before."""
    with transaction.atomic():
        first = Application.objects.filter(pk=credential.pk, revoked_at=None).update(revoked_at=now) == 1
        AccessToken.objects.filter(application_id=credential.pk).delete()
        if first:
            at, named = credential.storefront_id, credential.client_id
            _tell("credential.revoked", credential.partner, at=at, by=by, now=now, client_id=named)
    return first


def signing_key(credential: Application) -> str:
    """With which calls of this credential are signed."""
    key = vault.unwrap(credential.storefront.key)
    return key.open(SIGNING, credential.public_id, bytes(credential.signing_sealed))


def checked_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes in their order, and that of everyone; raises NoSuchScope."""
    wanted = {PROFILE, *scopes}
    for name in sorted(wanted - set(SCOPES)):
        raise NoSuchScope(scope=name[:40])
    return known(wanted)


def checked_networks(networks: Iterable[str]) -> list[str]:
    """The networks, each once, as they are written; raises NoSuchNetwork."""
    found: dict[str, None] = {}
    for text in networks:
        try:
            found[str(ip_network(text.strip(), strict=False))] = None
        except ValueError as wrong:
            raise NoSuchNetwork(network=text[:43]) from wrong
    return list(found)


def _opened(before: Connection | None, after: Connection) -> bool:
    """Whether personal data is given that was not: another kind, or that of another warehouse."""
    given = PERSONAL & set(after.scopes)
    if before is None or not given <= set(before.scopes):
        return bool(given)
    more = not after.warehouses or not set(after.warehouses) <= set(before.warehouses)
    return bool(given) and bool(before.warehouses) and more


def _mind_name(partner: Partner, storefront: Storefront) -> None:
    """Who did something is written down by name, so nobody goes by that of another who ever was here."""
    Storefront.objects.select_for_update(of=("self",), no_key=True).get(pk=storefront.pk)  # one by one
    others = Connection.objects.filter(storefront=storefront).exclude(partner=partner)
    if others.annotate(written=Left("name", WRITTEN)).filter(written=partner.name[:WRITTEN]).exists():
        raise PartnerTaken(name=partner.name)


def _latest(partner: Partner, storefront: Storefront) -> Connection | None:
    return Connection.objects.filter(partner=partner, storefront=storefront).order_by("-pk").first()


def _end(partner: Partner, storefront: Storefront, now: datetime) -> bool:
    standing = Connection.objects.filter(partner=partner, storefront=storefront, ended_at=None)
    return standing.update(ended_at=Greatest(F("since"), now)) > 0  # another was faster, and began later


def _tell(name: str, partner: Partner, *, at: int, by: str, now: datetime, **facts: object) -> None:
    key = f"partner:{partner.public_id}"
    events.record(storefront_id=at, name=name, key=key, facts={"by": by, **facts}, now=now)
