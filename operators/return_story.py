"""A return told in tables: what was asked and quoted, its days, what was found, what goes along with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.html import format_html

from customs.models import Declaration
from kernel.clock import shanghai_day
from kernel.models import Event
from kernel.money import yuan
from operators import told
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.tables import Table, cited, history, kept, when
from orders.models import Order
from returns.models import ReturnGrade, ReturnRequest
from returns.states import OVER

OPEN = say("未届满", "open")
CLOSED = say("已届满", "over")


def tell(row: ReturnRequest, at: datetime) -> list[Table]:
    """All of it, in the order in which a reader asks."""
    links = {row.order.number: told.page_of(row.order)}
    if row.refund is not None:
        links[row.refund.out_refund_no] = told.page_of(row.refund)
    events = Event.objects.filter(key=row.event_key, storefront_id=row.storefront_id).order_by("at", "id")
    return [_quoted(row), _clocks(row, at), *_found(row), _along(row), history(events, links)]


def _both(text: Any) -> str:
    """A text that was kept in both languages."""
    return str(text["zh" if chinese() else "en"]) if isinstance(text, dict) else str(text or "-")


def _quoted(row: ReturnRequest) -> Table:
    """What the consumer was shown, line by line; sums as they were quoted."""
    quote = row.quote or {}
    wanted = {one.line.position: one.wanted for one in row.lines.select_related("line", "wanted")}
    rows: list[list[Any]] = []
    for one in quote.get("lines", ()):
        total = one["goods_fen"] - one["discount_fen"] + one["freight_fen"] + one["tax_fen"]
        also = wanted.get(one["position"])
        rows.append(
            [
                one["sku"],
                format_html("{}{}", _both(one["name"]), format_html(" → {}", also.sku) if also else ""),
                one["quantity"],
                *(yuan(one[name]) for name in ("goods_fen", "discount_fen", "freight_fen", "tax_fen")),
                yuan(total),
            ]
        )
    keeps = quote.get("tax", {}).get("kept_fen", 0)
    if keeps:
        rows.append([say("税款由消费者承担", "tax that the consumer bears"), *[""] * 6, f"−{yuan(keeps)}"])
    if given := quote.get("goodwill_fen", 0):
        rows.append([say("减：此前已补偿", "less goodwill given before"), *[""] * 6, yuan(-given)])
    rows.append(
        [format_html("<strong>{}</strong>", say("报价退款", "quoted")), *[""] * 6, yuan(row.quoted_fen)]
    )
    if row.quoted_late_fen != row.quoted_fen:
        late = say("海关不退税时", "should customs not give up the tax")
        rows.append([late, *[""] * 6, yuan(row.quoted_late_fen)])
    return {
        "title": say("申请内容与报价（元）", "What was asked and quoted (CNY)"),
        "headers": [
            "SKU",
            say("商品", "goods"),
            say("件数", "pieces"),
            say("货款", "price"),
            say("优惠分摊", "discount"),
            say("运费", "freight"),
            say("税款", "tax"),
            say("合计", "total"),
        ],
        "rows": rows,
    }


def _clocks(row: ReturnRequest, at: datetime) -> Table:
    """The windows of the law and the terms, and what this house has to do by when."""
    rows = [
        [
            _both(one["says"]),
            kept(one["last"]),
            OPEN if shanghai_day(at) <= date.fromisoformat(one["last"]) else CLOSED,
            cited(one["citation"], one["link"]),
        ]
        for one in (row.quote or {}).get("clocks", ())
    ]
    ours = say("店铺售后条款", "terms of the storefront")
    due = (
        (say("审核期限", "to be decided by"), row.decide_by, ours, ("requested", "appealed")),
        (say("申诉期限", "appeal until"), row.appeal_by, ours, ("refused",)),
        (say("寄回期限", "to be sent by"), row.send_by, ours, ("to_send",)),
        (
            say("法定退款期限", "refund by law"),
            row.refund_by,
            say("消费者权益保护法第二十五条", "Consumer Rights Protection Law, art. 25"),
            ("received", "inspected", "disputed"),
        ),
    )
    for what, ends, why, states in due:
        if ends is not None:
            passed = CLOSED if ends <= at else OPEN
            rows.append(
                [what, kept(_last(ends)), passed if row.state in states else say("已办", "done"), why]
            )
    return {
        "title": say("期限", "Clocks"),
        "headers": [
            say("期限", "what"),
            say("最后一日", "last day"),
            say("状态", "state"),
            say("依据", "by"),
        ],
        "rows": rows,
    }


def _last(ends: datetime) -> str:
    """Until when: where a time ends with a day, that day."""
    day = shanghai_day(ends - timedelta(seconds=1))
    return str(day) if day < shanghai_day(ends) else when(ends)


def _found(row: ReturnRequest) -> Iterable[Table]:
    grades = list(
        ReturnGrade.objects.filter(line__request=row)
        .select_related("line__line", "lot")
        .order_by("line__line__position", "id")
    )
    if not grades:
        return
    yield {
        "title": say("验货结果", "What was found"),
        "headers": [
            "SKU",
            say("分级", "grade"),
            say("件数", "pieces"),
            say("批次", "lot"),
            say("去向", "place"),
            say("验货人与时间", "by and when"),
        ],
        "rows": [
            [
                one.line.line.sku,
                named_grade(one.grade),
                one.quantity,
                format_html('<a class="text-link" href="{}">{}</a>', told.page_of(one.lot), lot_name(one.lot))
                if one.lot
                else "-",
                named_place(one.place),
                format_html("{} · {}", one.by, when(one.at)),
            ]
            for one in grades
        ],
    }


def _along(row: ReturnRequest) -> Table:
    """Who pays the way back, and what stands beside: refund, customs, the order in exchange."""
    declaration = Declaration.objects.filter(order_id=row.order_id).first()
    rows: list[list[Any]] = [
        [
            say("寄回运费", "the way back"),
            (
                say(
                    "卖家承担：消费者垫付，凭单据另行退还，不含在退款内",
                    "paid by the seller: the consumer lays it out and has it back against the receipt,"
                    " beside the refund",
                )
                if row.seller_pays
                else say("消费者承担", "paid by the consumer")
            )
            if row.goods_back
            else say("无需寄回", "nothing is sent back"),
        ],
        [say("凭证图片", "pictures"), row.pictures.count()],
    ]
    if row.way_fen:
        paid = format_html("¥{} · {} · {}", yuan(row.way_fen), row.way_paid_on, row.way_reference)
        rows.append([say("已付寄回运费", "way back, paid"), paid])
    if row.waybill:
        rows.append([say("退回运单", "waybill back"), f"{row.carrier} {row.waybill}"])
    if row.way_at:
        latest = (
            f"{when(row.way_at)} {state_name(row.way_code, row.way_code, row._meta.label)} {row.way_text}"
        )
        rows.append([say("退货物流", "on its way back"), latest])
    if row.refund is not None:
        link = told.linked(row.refund.out_refund_no, {row.refund.out_refund_no: told.page_of(row.refund)})
        state = state_name(row.refund.state, row.refund.state, "payments.Refund")
        rows.append(
            [say("退款", "refund"), format_html("{} · {} · ¥{}", link, state, yuan(row.refund.amount_fen))]
        )
    if row.deducted_fen:
        rows.append(
            [say("扣除", "kept back"), format_html("¥{} · {}", yuan(row.deducted_fen), row.deducted_why)]
        )
    if declaration is not None:
        number = row.return_no or say("未申报退货", "no return declared")
        page = format_html('<a class="text-link" href="{}">{}</a>', told.page_of(declaration), number)
        rows.append([say("海关退货申请", "return at customs"), page])
    if row.replacement_id is not None:
        made = Order.objects.filter(quote_id=row.replacement_id).first()
        text = (
            format_html('<a class="text-link" href="{}">{}</a>', told.page_of(made), made.number)
            if made
            else say("待消费者下单", "the consumer has not ordered yet")
        )
        rows.append([say("换货订单", "order in exchange"), text])
    return {
        "title": say("运费、退款、海关与换货", "Way back, money, customs, exchange"),
        "headers": [say("事项", "what"), say("情况", "how it stands")],
        "rows": rows,
    }


def lot_name(lot: Any) -> str:
    """A lot by its own number, or by the inbound list that brought it."""
    return str(lot.code or lot.inbound_list or say("无批次号", "no number"))


def named_grade(value: str) -> str:
    return state_name(value, value, "returns.ReturnGrade")


def named_place(value: str) -> str:
    return state_name(value, value, "returns.ReturnGrade")


_NEXT = {
    "requested": ("decide_by", say("审核", "decide")),
    "appealed": ("decide_by", say("复核申诉", "decide the appeal")),
    "refused": ("appeal_by", say("等消费者申诉", "the consumer may appeal")),
    "to_send": ("send_by", say("等消费者寄回", "the consumer sends it")),
    "received": ("refund_by", say("验货", "inspect")),
    "inspected": ("next_at", say("等消费者确认扣除", "the consumer may object")),
    "disputed": ("refund_by", say("处理异议", "decide the objection")),
}


def due(row: ReturnRequest, at: Any) -> str:
    """What is next and by when, or that it is late."""
    if row.state in OVER:
        return "-"
    if row.state not in _NEXT:
        return str(
            say("运输途中", "on its way")
            if row.state == "on_the_way"
            else say("等待退款", "money is on its way")
        )
    name, what = _NEXT[row.state]
    by = getattr(row, name)
    text = " ".join(str(part) for part in (what, by and _last(by)) if part)
    if by is None or by > at:
        return text
    late = say("已逾期", "overdue")
    return format_html('{} <strong class="text-red-600">{}</strong>', text, late)
