"""What an operator asks of an order, as tables: lines, payments, the judgement with its law, the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html

from compliance.models import Judgement, PayerCheck
from kernel.models import Event
from kernel.money import yuan
from operators import judgement_story, order_along, payer_story, refund_story, told
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.tables import Table, history, when
from orders.models import Order
from payments.models import Payment, Refund


@dataclass(frozen=True)
class Story:
    """The stations of the way and the tables below it."""

    way: list[dict[str, Any]]
    tables: list[Table]


def tell(order: Order) -> Story:
    """The way of the order and the tables of its page; sixteen statements, whatever happened to it."""
    payments = list(Payment.objects.filter(order=order).order_by("id"))
    judgements = list(
        Judgement.objects.filter(order_number=order.number, storefront_id=order.storefront_id)
        .defer("facts_sealed")
        .order_by("decided_at")
    )
    links = {payment.out_trade_no: told.page_of(payment) for payment in payments}
    refunds = list(Refund.objects.filter(order=order).order_by("id"))
    links |= {refund.out_refund_no: told.page_of(refund) for refund in refunds}
    check = PayerCheck.objects.filter(order_number=order.number).first()
    payer = [check.event_key] if check else []
    keys = [*payer, *(p.event_key for p in payments), *(r.event_key for r in refunds)]
    beside = order_along.along(order, keys)
    links |= beside.links
    told_of = [order.event_key, *keys, *beside.event_keys]
    events = Event.objects.filter(key__in=told_of, storefront_id=order.storefront_id).order_by("at", "id")
    return Story(
        order_along.stations(order, beside, refunds),
        [
            *order_along.waiting(beside),
            _lines(order),
            _payments(payments, links),
            *([refund_story.table(refunds, links)] if refunds else []),
            *payer_story.tell(order, check),
            *order_along.tables(beside),
            history(events, links),
            *({**judgement_story.on_order(one), "folded": True} for one in judgements),
            *({**one, "folded": True} for one in order_along.told_to(beside)),
        ],
    )


def _lines(order: Order) -> Table:
    zh = chinese()
    return {
        "title": say("商品明细（元）", "Lines (CNY)"),
        "headers": [
            "SKU",
            say("品名", "item"),
            say("税则号列", "HS code"),
            say("数量", "quantity"),
            say("原价", "list price"),
            say("单价", "price"),
            say("金额", "goods"),
            say("优惠券", "coupons"),
            say("运费", "freight"),
            say("关税", "duty"),
            say("增值税", "VAT"),
            say("消费税", "consumption tax"),
        ],
        "rows": [
            [
                line.sku,
                line.name_zh if zh else line.name,
                line.hs_code,
                line.quantity,
                *(
                    yuan(fen)
                    for fen in (
                        line.list_price_fen,
                        line.price_fen,
                        line.goods_fen,
                        line.discount_fen,
                        line.freight_fen,
                        line.duty_fen,
                        line.vat_fen,
                        line.excise_fen,
                    )
                ),
            ]
            for line in order.lines.all()
        ],
    }


def _payments(payments: list[Payment], links: told.Links) -> Table:
    return {
        "title": say("支付", "Payments"),
        "headers": [
            say("支付单号", "payment number"),
            say("状态", "state"),
            say("金额（元）", "amount (CNY)"),
            say("实收（元）", "received (CNY)"),
            say("微信支付订单号", "WeChat transaction"),
            say("创建与成功", "created and succeeded"),
            say("异常原因", "why stray"),
        ],
        "rows": [
            [
                told.linked(p.out_trade_no, links),
                state_name(p.state, p.state, "payments.Payment"),
                yuan(p.amount_fen),
                "-" if p.received_fen is None else yuan(p.received_fen),
                p.transaction_id or "-",
                format_html("{}<br>{}", when(p.created_at), when(p.succeeded_at)),
                told.reason_name(p.stray_reason) if p.stray_reason else "-",
            ]
            for p in payments
        ],
    }
