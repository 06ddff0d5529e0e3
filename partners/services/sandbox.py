"""A developer gets keys of a sandbox storefront without anybody's help; they end by themselves."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from kernel.errors import Conflict, Missing
from kernel.tenancy import everything, tenant
from partners.models import Application, Partner
from partners.scopes import PERSONAL, SCOPES
from partners.services.accounts import (
    Issued,
    connect,
    disconnect,
    issue_credential,
    open_partner,
    revoke_credential,
)
from storefronts.models import Storefront

LASTS: Final = timedelta(days=7)
MOST: Final = 200  # living at once
BY: Final = "sandbox"
GIVEN: Final = tuple(name for name in SCOPES if name not in PERSONAL)


class SandboxFull(Conflict):
    """As many developers as the sandbox serves at once."""

    code = "sandbox_full"
    title = "The sandbox has given out all its keys for now: some end every day, try again tomorrow."
    title_zh = "沙箱密钥暂已发完，每天都有到期释放，请明日再试。"


def sandbox_storefront() -> Storefront:
    """The one that PARTNER_SANDBOX names; raises Missing where there is none."""
    with everything():
        rows = Storefront.objects.filter(code=settings.PARTNER_SANDBOX or None, state=Storefront.State.OPEN)
        found = rows.first()
    if found is None:
        raise Missing()
    return found


def open_sandbox(*, now: datetime) -> Issued:
    """A partner of its own in the sandbox storefront, and in no other, for a week, with a credential that may
    do whatever touches no personal data. Raises Missing, SandboxFull."""
    storefront = sandbox_storefront()
    with tenant(storefront.pk), transaction.atomic():
        Storefront.objects.select_for_update(of=("self",), no_key=True).get(pk=storefront.pk)  # one by one
        living = Partner.objects.filter(storefront=storefront, sandbox_until__gt=now)
        if living.count() >= MOST:
            raise SandboxFull()
        name = f"sandbox {secrets.token_hex(6)}"
        partner = open_partner(storefront=storefront, name=name, kind=Partner.Kind.ERP, by=BY, now=now)
        ends = now + LASTS
        Partner.objects.filter(pk=partner.pk).update(sandbox_until=ends)
        connect(partner=partner, storefront=storefront, scopes=GIVEN, by=BY, now=now)
        issued = issue_credential(partner=partner, scopes=GIVEN, by=BY, now=now)
        Application.objects.filter(pk=issued.credential.pk).update(expires_at=ends)
    return issued


def sweep(*, now: datetime) -> int:
    """Those whose week is over may do nothing more; how many."""
    over = Partner.objects.filter(sandbox_until__lte=now, state=Partner.State.ACTIVE)
    rows = list(over.select_related("storefront").order_by("sandbox_until")[:MOST])
    for partner in rows:
        with tenant(partner.storefront_id):
            disconnect(partner=partner, storefront=partner.storefront, by=BY, now=now)
            for one in Application.objects.filter(partner=partner, revoked_at=None):
                revoke_credential(credential=one, by=BY, now=now)
            Partner.objects.filter(pk=partner.pk).update(state=Partner.State.SUSPENDED)
    return len(rows)
