"""Whether WeChat manages a storefront's trades is asked before anything is told, and kept for a day.

An outage changes nothing: what WeChat said last counts until it says otherwise.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings

from kernel.cases import open_case, settle_open
from kernel.tenancy import tenant
from logistics.gateways.wechat_shipping import shipping_client
from logistics.models import TradeManagement
from logistics.vocabulary import carriers
from wechat.errors import WechatError

log = structlog.get_logger(__name__)

KEPT = timedelta(days=1)
UNCONFIRMED, CARRIERS = "trade_management.unconfirmed", "trade_management.carriers"
ACCESS = "trade_management.access"


def is_managed(*, storefront_id: int, now: datetime) -> bool:
    """Whether WeChat is to be told of this storefront's shipping. Raises wechat.errors where nobody knows."""
    row = TradeManagement.objects.filter(storefront_id=storefront_id).first()
    if (
        row is not None
        and row.managed is not None
        and row.answered_at is not None
        and row.answered_at > now - KEPT
    ):
        return row.managed
    try:
        return ask(storefront_id=storefront_id, now=now)
    except WechatError as failure:
        if row is None or row.managed is None:
            raise
        log.warning("trade_management_unknown", storefront=storefront_id, error=str(failure))
        return row.managed


def ask(*, storefront_id: int, now: datetime) -> bool:
    """Ask WeChat how the storefront stands, and where its messages lead. Raises wechat.errors."""
    client = shipping_client(storefront_id)
    managed = client.is_managed()
    confirmed = client.is_confirmed() if managed else None
    known = client.carriers() if managed else {}
    path = settings.WECHAT_ORDER_PATH
    before = (
        TradeManagement.objects.filter(storefront_id=storefront_id).values_list("path", flat=True).first()
    )
    if managed and path and path != before:
        client.lead_to(path)
    with tenant(storefront_id):
        row, _ = TradeManagement.objects.select_for_update(of=("self",)).get_or_create(
            storefront_id=storefront_id
        )
        row.managed, row.confirmed, row.answered_at = managed, confirmed, now
        row.path = path if managed and path else row.path
        row.save(update_fields=["managed", "confirmed", "answered_at", "path"])
        _mind(
            row, UNCONFIRMED, "Settlement under WeChat's management is not confirmed", confirmed is False, now
        )
        lacking = sorted(set(carriers()) - set(known)) if managed else []
        title = "WeChat does not know a carrier of ours"
        _mind(row, CARRIERS, title, bool(lacking), now, carrier=", ".join(lacking))
        if managed:
            settle_open(kinds=[ACCESS], key=row.event_key, by="system", note="asked", now=now)
    return managed


def be_reminded(*, storefront_id: int, now: datetime) -> None:
    """WeChat wants shipping told by this interface: it is asked anew, and an operator knows."""
    with tenant(storefront_id):
        row, _ = TradeManagement.objects.select_for_update(of=("self",)).get_or_create(
            storefront_id=storefront_id
        )
        TradeManagement.objects.filter(pk=row.pk).update(answered_at=None, check_at=now)
        _mind(row, ACCESS, "WeChat asks that shipping be told by its interface", True, now)


def compare_soon(*, row: TradeManagement, now: datetime) -> None:
    """Have WeChat asked, and its list laid beside ours, before the day is over."""
    with tenant(row.storefront_id):
        TradeManagement.objects.filter(pk=row.pk).update(check_at=now)


def _mind(row: TradeManagement, kind: str, title: str, holds: bool, now: datetime, **facts: str) -> None:
    """A case while it holds, settled once it does not."""
    if not holds:
        settle_open(kinds=[kind], key=row.event_key, by="system", note="asked", now=now)
        return
    open_case(
        storefront_id=row.storefront_id, kind=kind, key=row.event_key, title=title, facts=facts, now=now
    )
