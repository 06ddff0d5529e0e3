"""What an operator asks of an order, as tables: lines, payments, the judgement with its law, the history."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.timezone import localtime

from compliance.law import Law, NoFigure
from compliance.models import Judgement
from kernel.clock import shanghai_day
from kernel.models import Event
from kernel.money import yuan
from operators import told
from operators.bilingual import chinese, say
from operators.names import state_name
from orders.models import Order
from payments.models import Payment

Table = dict[str, Any]


def tell(order: Order) -> list[Table]:
    """The tables of the page, each with a title, headers and rows; five statements whatever the order."""
    payments = list(Payment.objects.filter(order=order).order_by("id"))
    judgements = list(
        Judgement.objects.filter(order_number=order.number, storefront_id=order.storefront_id)
        .defer("facts_sealed")
        .order_by("decided_at")
    )
    links = {payment.out_trade_no: told.page_of(payment) for payment in payments}
    keys = [order.event_key, *(p.event_key for p in payments)]
    events = Event.objects.filter(key__in=keys, storefront_id=order.storefront_id).order_by("at", "id")
    return [
        _lines(order),
        _payments(payments, links),
        *(_judgement(j) for j in judgements),
        _history(list(events), links),
    ]


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
            say("创建", "created"),
            say("成功", "succeeded"),
            say("异常原因", "why stray"),
        ],
        "rows": [
            [
                told.linked(p.out_trade_no, links),
                state_name(p.state, p.state, "payments.Payment"),
                yuan(p.amount_fen),
                "-" if p.received_fen is None else yuan(p.received_fen),
                p.transaction_id or "-",
                _when(p.created_at),
                _when(p.succeeded_at),
                told.reason_name(p.stray_reason) if p.stray_reason else "-",
            ]
            for p in payments
        ],
    }


def _judgement(judgement: Judgement) -> Table:
    """Each refusal, then each figure of law that the verdict rested on, with where it stands written."""
    verdict = say("允许", "allowed") if judgement.allowed else say("拒绝", "refused")
    title = say("合规判定", "Judgement")
    law = Law(_day(judgement))
    rows = [_refusal(refusal) for refusal in judgement.refusals]
    rows += [_figure(law, name, value) for name, value in sorted(judgement.figures.get("law", {}).items())]
    edition = judgement.edition[:12]
    if law.edition != judgement.edition:
        edition = say(f"{edition}（引文取自现行版本）", f"{edition} (citations from the present edition)")
    return {
        "title": f"{title} · {verdict} · {_when(judgement.decided_at)} · {edition}",
        "headers": [
            say("规则或依据", "rule or figure"),
            say("内容", "what it says"),
            say("出处", "citation"),
        ],
        "rows": rows,
    }


def _day(judgement: Judgement) -> date:
    day = judgement.figures.get("day")
    return date.fromisoformat(day) if day else shanghai_day(judgement.decided_at)


def _refusal(refusal: dict[str, Any]) -> list[Any]:
    sentence = refusal.get("sentence_zh" if chinese() else "sentence", "")
    return [refusal.get("rule", ""), sentence, _cited(refusal.get("citation", ""), refusal.get("link", ""))]


def _figure(law: Law, name: str, value: Any) -> list[Any]:
    topic = law.topics.get(name)
    if topic is None:
        return [name, _brief(value), "-"]
    title = topic.title_zh if chinese() else topic.title
    shown = f"¥{yuan(value)}" if topic.unit == "yuan" and isinstance(value, int) else _brief(value)
    try:
        source = law.source(name)
    except NoFigure:
        return [title, shown, "-"]
    return [title, shown, _cited(source.citation, source.link)]


def _cited(text: str, link: str) -> Any:
    if not link.startswith("https://"):
        return text
    return format_html(
        '<a href="{}" class="text-link" rel="noreferrer noopener" target="_blank">{}</a>', link, text
    )


def _history(events: list[Event], links: told.Links) -> Table:
    return {
        "title": say("经过", "History"),
        "headers": [say("时间", "time"), say("事件", "event"), say("对象", "about"), say("事实", "facts")],
        "rows": [
            [
                _when(e.at),
                told.event_name(e.name),
                told.about(e.key, links),
                told.facts(e.facts, links, name=e.name),
            ]
            for e in events
        ],
    }


def _when(instant: Any) -> str:
    return "-" if instant is None else str(localize(localtime(instant)))


def _brief(value: Any) -> str:
    if isinstance(value, bool):
        return str(say("是", "yes") if value else say("否", "no"))
    if isinstance(value, list):
        return ("、" if chinese() else ", ").join(state_name(one, one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{told.fact_name(key)}: {_brief(one)}" for key, one in value.items())
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= 300 else f"{text[:300]}…"
