"""Who works in a storefront: brought in by an owner, and let go again; one owner always stays."""

from __future__ import annotations

import secrets
from datetime import datetime

from kernel import events
from kernel.errors import Conflict
from kernel.tenancy import tenant
from storefronts.models import Membership, Operator, Storefront


class LastOwner(Conflict):
    """A storefront without an owner could be given to nobody any more."""

    code = "last_owner"
    title = "This is the storefront's last owner: give another colleague that role first."
    title_zh = "该店铺仅剩此一位店主，请先将店主岗位分配给另一位同事。"


def bring_in(
    *, username: str, storefront: Storefront, role: str, by: str, now: datetime
) -> tuple[Operator, str]:
    """A new operator with a role, and the password to begin with, which is kept nowhere as it is.

    `username` is free: the form has seen to that.
    """
    password = secrets.token_urlsafe(15)
    with tenant(storefront.pk):
        made = Operator.objects.create_user(username, password=password, is_staff=True)
        Membership.objects.create(operator=made, storefront=storefront, role=role)
        facts = {"by": by, "role": role}
        key = f"operator:{made.pk}"
        events.record(storefront_id=storefront.pk, name="operator.brought_in", key=key, facts=facts, now=now)
    return made, password


def mind_last_owner(membership: Membership) -> None:
    """Before a role is taken away, in the same transaction: another owner stays, whoever leaves at the same
    moment. Raises LastOwner."""
    shop = Storefront.objects.select_for_update(of=("self",)).get(pk=membership.storefront_id)
    owners = Membership.objects.filter(storefront=shop, role=Membership.Role.OWNER)
    if membership.role == Membership.Role.OWNER and not owners.exclude(pk=membership.pk).exists():
        raise LastOwner()
