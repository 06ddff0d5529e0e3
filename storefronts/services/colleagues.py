"""Who works in a storefront: one owner always stays."""

from __future__ import annotations

from kernel.errors import Conflict
from storefronts.models import Membership, Storefront


class LastOwner(Conflict):
    """A storefront without an owner could be given to nobody any more."""

    code = "last_owner"
    title = "This is the storefront's last owner: give another colleague that role first."
    title_zh = "该店铺仅剩此一位店主，请先将店主岗位分配给另一位同事。"


def mind_last_owner(membership: Membership) -> None:
    """Before a role is taken away, in the same transaction: another owner stays, whoever leaves at the same
    moment. Raises LastOwner."""
    shop = Storefront.objects.select_for_update(of=("self",)).get(pk=membership.storefront_id)
    owners = Membership.objects.filter(storefront=shop, role=Membership.Role.OWNER)
    if membership.role == Membership.Role.OWNER and not owners.exclude(pk=membership.pk).exists():
        raise LastOwner()
