"""What a colleague has to agree to is asked for by the door, after all else was rolled back."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest

from kernel import approvals
from kernel.approvals import NeedsColleague
from kernel.clock import now
from kernel.tenancy import tenant
from operators.bilingual import say
from operators.scope import DECIDERS
from storefronts.models import Membership
from storefronts.services import four_eyes

NOBODY = say(
    "本店目前没有可以审批的同事：由您开通账号的同事与您视为同一人。"
    "请平台用 manage.py make_operator 开通第二位负责人，或为已在岗的同事执行 --vouch。",
    "Nobody here may decide it yet: whom you let in counts as yourself. Have the platform let in a second"
    " person by manage.py make_operator, or vouch for who works here by its --vouch.",
)


def ask(page: Any, request: HttpRequest, needed: NeedsColleague) -> None:
    """Write the question down and tell who asked what comes next; what waits already is told as such."""
    at = now()
    within = nullcontext() if needed.storefront_id is None else tenant(needed.storefront_id)
    try:
        with transaction.atomic(), within:
            approvals.ask(
                storefront_id=needed.storefront_id,
                verb=needed.verb,
                key=needed.key,
                facts=needed.asked,
                by=request.user.get_username(),
                now=at,
                expires_at=at + approvals.GOOD_FOR,
            )
    except approvals.AlreadyAsked as waits:
        page.tell(request, waits)
        return
    text = say(
        "尚未执行：须由同事审批，已提交申请。批准后请在七日内再次提交相同内容，仅可执行一次。",
        "Nothing was done yet: a colleague has to agree, and was asked. Once granted, send the same again"
        " within seven days; it is done once.",
    )
    page.message_user(request, text, messages.WARNING)
    if needed.storefront_id is not None and not _somebody(needed.storefront_id, request.user.get_username()):
        page.message_user(request, NOBODY, messages.WARNING)


def _somebody(storefront_id: int, asks: str) -> bool:
    """Whether anybody works there who may decide it."""
    there = Membership.objects.filter(
        storefront_id=storefront_id, role__in=DECIDERS, operator__is_active=True
    )
    names = there.values_list("operator__username", flat=True).distinct()
    return any(four_eyes.apart(asks, name) for name in names)
