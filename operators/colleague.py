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
