"""Who is calling: a token or a client id leads to one credential of one partner, and to where it may act."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oauth2_provider.models import AccessToken

from kernel.tenancy import everything
from partners.models import Application, Connection, Feed, Partner
from partners.scopes import known
from storefronts.models import Storefront

SEEN_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The partner behind a request, the credential it came with, and the most that its token may do."""

    partner: Partner
    credential: Application
    scopes: tuple[str, ...]

    is_authenticated = True


def caller(token: str, now: datetime) -> Caller | None:
    """Whose token this is; None for one that is unknown or over, as its credential or partner may be."""
    checksum = hashlib.sha256(token.encode()).hexdigest()
    held = AccessToken.objects.select_related("application__partner", "application__storefront__key")
    with everything():  # it is the token that tells who is meant
        row = held.filter(token_checksum=checksum, expires__gt=now, application__isnull=False).first()
    if row is None or row.application is None or not row.application.stands(now):
        return None
    credential: Application = row.application
    allowed = set(row.scope.split()) & set(credential.scopes)
    return Caller(credential.partner, credential, tuple(known(allowed)))


def connections(partner: Partner, code: str | None = None) -> list[Connection]:
    """What the partner may do in which open storefronts, by their code; in one where it is named."""
    found = Connection.objects.select_related("storefront").filter(
        partner=partner, ended_at=None, storefront__state=Storefront.State.OPEN
    )
    with everything():  # a partner may act in several
        return list(
            (found if code is None else found.filter(storefront__code=code)).order_by("storefront__code")
        )


def allowed(credential: Application) -> list[str]:
    """The scopes a token of this credential may have: its own, where some storefront grants them."""
    granted = {name for row in connections(credential.partner) for name in row.scopes}
    return known(granted & set(credential.scopes))


def note_use(credential: Application, address: str, now: datetime) -> None:
    """Once a minute it is kept when and from where a credential was last used."""
    last = credential.last_used_at
    if last is None or now - last >= SEEN_EVERY or credential.last_used_from != (address or None):
        with everything():
            Application.objects.filter(pk=credential.pk).update(
                last_used_at=now, last_used_from=address or None
            )


def standing_all() -> list[Connection]:
    """Every connection of an open storefront with a partner that may act, with both."""
    with everything():  # a partner may have its home in another storefront
        return list(_STANDING.order_by("pk"))


def standing(storefront_id: int, partner: str) -> Connection | None:
    """What a partner (its public number) may do in a storefront, where both still say that it may."""
    with everything():
        return _STANDING.filter(storefront=storefront_id, partner__public_id=partner).first()


def head_of(storefront_id: int) -> int:
    """The place of the storefront's last notice; whatever stands up to it is there to read."""
    return Feed.objects.filter(storefront=storefront_id).values_list("position", flat=True).first() or 0


_STANDING = Connection.objects.filter(
    ended_at=None, storefront__state=Storefront.State.OPEN, partner__state=Partner.State.ACTIVE
).select_related("partner", "storefront")
