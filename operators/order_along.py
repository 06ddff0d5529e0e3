"""What goes along with an order: where it stands, what waits, clearance, parcels, returns, who was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from compliance.disclosures import Kind, named
from compliance.models import Disclosure
from customs.models import Declaration
from kernel.models import Case
from logistics.models import Parcel, Shipment
from operators import customs_words, parcel_story, told
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.tables import Table, kept, when
from operators.things import worked_on
from orders.models import Order
from payments.models import Refund
from returns.models import ReturnRequest


@dataclass(frozen=True)
class Along:
    """The rows beside an order, each read once."""

    shipment: Shipment | None
    parcels: Sequence[Parcel]
    declaration: Declaration | None
    returns: Sequence[ReturnRequest]
    cases: Sequence[Case]
    disclosures: Sequence[Disclosure]

    @property
    def event_keys(self) -> list[str]:
        """The keys of whatever happened to them beside what happened under the order's own key."""
        parcels = [key for one in self.parcels for key in (one.event_key, f"waybill:{one.own_number}")]
        return [*parcels, *(one.event_key for one in self.returns)]

    @property
    def links(self) -> dict[str, str]:
        """Addresses by the number that a reader sees."""
        found = {one.own_number: told.page_of(one) for one in self.parcels}
        return found | {one.number: told.page_of(one) for one in self.returns}


def along(order: Order, keys: Sequence[str]) -> Along:
    """What lies beside the order; six statements. `keys` are those of its payments and refunds."""
    shipment = Shipment.objects.filter(order=order).first()
    parcels = list(Parcel.objects.filter(shipment__order=order).order_by("id"))
    returns = list(ReturnRequest.objects.filter(order=order).order_by("id"))
    beside = [*(one.event_key for one in parcels), *(one.event_key for one in returns)]
    about = [order.event_key, *keys, *beside]
    return Along(
        shipment=shipment,
        parcels=parcels,
        declaration=Declaration.objects.filter(order=order).first(),
        returns=returns,
        cases=list(
            Case.objects.filter(key__in=about, storefront_id=order.storefront_id, state="open").order_by("id")
        ),
        disclosures=list(
            Disclosure.objects.filter(subject=order.subject_id, order_number=order.number).order_by("-id")
        ),
    )


def stations(order: Order, beside: Along, refunds: Sequence[Refund]) -> list[dict[str, Any]]:
    """The way of an order, station by station: when it was reached, and the one where it stands now."""
    declaration, shipment = beside.declaration, beside.shipment
    way: list[tuple[Any, datetime | None]] = [
        (say("下单", "Placed"), order.placed_at),
        (say("付款", "Paid"), order.paid_at),
    ]
    if declaration is not None:
        way.append((say("清单发送", "List sent"), declaration.listed_at))
        way.append((say("海关放行", "Released"), declaration.released_at))
    if shipment is not None:
        way.append((say("出库", "Left"), shipment.dispatched_at))
        way.append((say("签收", "Delivered"), shipment.delivered_at))
    last = max((n for n, (_, at) in enumerate(way) if at), default=0)
    shown = [
        {"title": title, "at": when(at) if at else "", "done": at is not None, "now": n == last}
        for n, (title, at) in enumerate(way)
    ]
    if order.closed_at is not None:
        state = state_name(order.state, order.state, "orders.Order")
        shown = [one for one in shown if one["done"]]
        shown = [{**one, "now": False} for one in shown]
        shown.append({"title": state, "at": when(order.closed_at), "done": True, "now": True})
    back = [one for one in refunds if one.succeeded_at]
    if back:
        shown.append(
            {
                "title": say("退款到账", "Refunded"),
                "at": when(back[-1].succeeded_at),
                "done": True,
                "now": False,
            }
        )
    return shown


def tables(beside: Along) -> list[Table]:
    """What lies beside the order, as far as there is any of it."""
    found: list[Table] = []
    if beside.declaration is not None:
        found.append(_clearance(beside.declaration))
    if beside.shipment is not None and beside.parcels:
        found.append(parcel_story.parcels(beside.shipment, beside.parcels))
    if beside.returns:
        found.append(_returns(beside.returns))
    return found


def waiting(beside: Along) -> list[Table]:
    """What a person must do about the order, first of all."""
    if not beside.cases:
        return []
    rows = [
        [
            told.link(f"{reverse('work')}?case={one.pk}", told.case_title(one.kind, one.title)),
            told.about(worked_on(one.kind, one.key)),
            told.case_todo(one.kind) or "-",
            kept(when(one.opened_at)),
        ]
        for one in beside.cases
    ]
    return [
        {
            "title": say("待处理", "To do"),
            "headers": [
                say("事项", "what"),
                say("对象", "about"),
                say("如何处理", "what to do"),
                say("发生时间", "since"),
            ],
            "rows": rows,
        }
    ]


def _clearance(row: Declaration) -> Table:
    return {
        "title": say("通关", "Clearance"),
        "headers": [
            say("进口申报", "declaration"),
            say("状态", "state"),
            say("海关状态", "status at customs"),
            say("等待或受阻于", "waits for, or held by"),
            say("清单编号", "list number"),
            say("清单发送", "list sent"),
            say("放行", "released"),
        ],
        "rows": [
            [
                told.link(told.page_of(row), row.cop_no),
                state_name(row.state, row.state, "customs.Declaration"),
                customs_words.status(row.status) if row.status else "-",
                customs_words.stands_for(row.state, row.awaits, row.trouble),
                row.list_no or "-",
                kept(when(row.listed_at)),
                kept(when(row.released_at)),
            ]
        ],
    }


def _returns(rows: Sequence[ReturnRequest]) -> Table:
    return {
        "title": say("退换货", "Returns"),
        "headers": [
            say("退换货单号", "return"),
            say("类型", "kind"),
            say("原因", "reason"),
            say("状态", "state"),
            say("申请时间", "asked"),
        ],
        "rows": [
            [
                told.link(told.page_of(one), one.number),
                state_name(one.kind, one.kind, "returns.ReturnRequest"),
                told.reason_name(one.reason),
                state_name(one.state, one.state, "returns.ReturnRequest"),
                kept(when(one.requested_at)),
            ]
            for one in rows
        ],
    }


def told_to(beside: Along) -> list[Table]:
    """To whom personal data of this order went, what for, and which."""
    if not beside.disclosures:
        return []
    return [
        {
            "title": say("个人信息提供记录", "To whom personal data went"),
            "headers": [
                say("时间", "time"),
                say("接收方", "recipient"),
                say("目的", "purpose"),
                say("依据", "basis"),
                say("字段", "fields"),
            ],
            "rows": [
                [
                    kept(when(one.at)),
                    f"{one.recipient} ({one.country})",
                    _word("purposes", one.purpose),
                    state_name(one.basis, one.basis, "compliance.Disclosure"),
                    ("、" if chinese() else ", ").join(_word("fields", name) for name in one.fields),
                ]
                for one in beside.disclosures
            ],
        }
    ]


def _word(kind: Kind, word: str) -> str:
    return named(kind, word)["zh" if chinese() else "en"]
