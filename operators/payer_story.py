"""Whether the payer of an order is its orderer, as tables of its page: the check, and who was named."""

from __future__ import annotations

from compliance.models import PayerCheck
from customers.models import NamedPayer
from operators.bilingual import say
from operators.names import state_name
from operators.tables import Table, when
from orders.models import FormerOrderer, Order


def tell(order: Order, check: PayerCheck | None) -> list[Table]:
    """The check with its deadline; whom the consumer named and what came of it, where anyone was."""
    if check is None:
        return []
    return [_check(order, check), *_named(order)]


def _check(order: Order, check: PayerCheck) -> Table:
    replaced = FormerOrderer.objects.filter(order=order).order_by("-id").first()
    return {
        "title": say("支付人核对", "Payer check"),
        "headers": [
            say("状态", "state"),
            say("查询", "asked"),
            say("答复", "answered"),
            say("更正期限", "to be named until"),
            say("订购人更换", "orderer replaced"),
            say("下一步", "next"),
        ],
        "rows": [
            [
                state_name(check.state, check.state, "compliance.PayerCheck"),
                when(check.asked_at),
                when(check.answered_at),
                when(check.deadline_at),
                when(replaced.replaced_at) if replaced else "-",
                _next(order, check),
            ]
        ],
    }


def _next(order: Order, check: PayerCheck) -> str:
    """What happens by itself, or is to be done."""
    if check.state == "different" and order.state == "paid":
        return str(
            say(
                "消费者可更正订购人或立即退款；逾期自动取消并退款",
                "the consumer names the payer or takes the money back; else it is cancelled and refunded",
            )
        )
    if check.state in ("open", "asked", "renamed") and order.state == "paid":
        return str(say("等待微信支付答复", "WeChat Pay is to answer"))
    if check.state == "refunding" and order.state == "paid":
        return str(say("清单已申报，由人工处理", "customs has the list: a person decides"))
    return "-"


def _named(order: Order) -> list[Table]:
    rows = list(NamedPayer.objects.filter(order_number=order.number).order_by("id"))
    if not rows:
        return []
    return [
        {
            "title": say("消费者指定的支付人", "Payers named by the consumer"),
            "headers": [
                say("指定时间", "named"),
                say("状态", "state"),
                say("核验时间", "verified"),
                say("结束时间", "ended"),
                say("已确认告知书", "notice confirmed"),
            ],
            "rows": [
                [
                    when(one.named_at),
                    state_name(one.state, one.state, "customers.NamedPayer"),
                    when(one.verified_at),
                    when(one.ended_at),
                    one.confirmed_version,
                ]
                for one in rows
            ],
        }
    ]
