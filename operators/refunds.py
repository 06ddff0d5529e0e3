"""Money on its way back to who paid, to read and to attend to; it is moved by services alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse

from kernel.cases import settle_open
from kernel.clock import now
from kernel.models import Case, Event
from kernel.tenancy import tenant
from operators import told
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import Switch, states
from operators.refund_forms import (
    AllForm,
    AllPaidForm,
    CardForm,
    GoodwillForm,
    NotedForm,
    TransferForm,
    new_key,
)
from operators.refund_pieces import STEP as NAME_PIECES
from operators.refund_wish import (
    PaidForm,
    WishForm,
    all_by_transfer,
    begun,
    form_of,
    paid_by_transfer,
    paid_form_of,
    refund_all,
    refund_wish,
)
from operators.scope import ACCOUNTANTS, REFUNDERS
from operators.steps import Step, Stepped
from operators.tables import history
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from payments.models import Payment, Refund
from payments.services.refund_eyes import mind_card
from payments.services.refund_gate import withdraw
from payments.services.refund_limits import is_ours
from payments.services.refund_verbs import ask_again, pay_instead, to_bank_card, transfer_made, try_now
from payments.services.refunds import Wish, request_refund
from returns.services.given import mind_given
from wechat.pay.refunds import BankCard


def _asked(order: Order, wish: Wish, values: Mapping[str, Any], who: str, at: datetime) -> Refund:
    return request_refund(
        number=order.number,
        wish=wish,
        key=values["key"],
        reason=values["reason"],
        asked_by=f"operator:{who}"[:80],
        note=values["note"],
        now=at,
    )


def _goodwill(order: Order, values: Mapping[str, Any], who: str, at: datetime) -> Refund:
    made = _asked(order, Wish(goodwill_fen=values["amount"]), values, who, at)
    mind_given(order=order, by=who, now=at)
    return made


def _cancel(order: Order, values: Mapping[str, Any], who: str, at: datetime) -> Order:
    done = cancel_paid(number=order.number, by=f"operator:{who}", now=at, within_hold=False)
    mind_given(order=order, by=who, now=at, coming_fen=order.total_fen)
    return done


def _paid(order: Order) -> bool:
    return order.paid_at is not None


def _beyond_wechat(order: Order) -> bool:
    """Whether WeChat Pay refunds nothing more of what was paid: of a payment over a year, or after fifty."""
    payment = Payment.objects.filter(order=order, state="succeeded").first()
    return payment is not None and is_ours(payment, now=now())


ORDER_STEPS = (
    Step(
        name="refund-pieces",
        title=say("按商品退款", "Refund pieces"),
        icon="remove_shopping_cart",
        form=WishForm,
        form_of=form_of,
        do=refund_wish,
        roles=REFUNDERS,
        legal=_paid,
        start=begun,
        hint=say(
            "可一次退还多种商品；按件退还商品、运费、税款与优惠分摊，先显示金额再确认。"
            "海关处理期间提交的，放行后自动退出。",
            "Several lines at once, with shares of freight, tax and coupons: first shown to the fen, then "
            "confirmed. While customs has the order it waits.",
        ),
    ),
    Step(
        name="refund-all",
        title=say("退还全部余额", "Refund all that is left"),
        icon="currency_exchange",
        form=AllForm,
        do=refund_all,
        roles=REFUNDERS,
        legal=_paid,
        start=new_key,
        hint=say(
            "退还剩余的全部款项（含此前未退的运费），先显示金额再确认；等待中的退款并入其中。",
            "All that is left, freight that stayed too: first shown to the fen, then confirmed. What still "
            "waits goes with it.",
        ),
    ),
    Step(
        name="refund-transferred",
        title=say("登记线下退款", "Refund paid by transfer"),
        icon="account_balance_wallet",
        form=PaidForm,
        form_of=paid_form_of,
        do=paid_by_transfer,
        roles=ACCOUNTANTS,
        legal=_beyond_wechat,
        start=begun,
        hint=say(
            "微信不再受理退款时使用：支付已满一年，或已退款 50 次。被拒绝或关闭的退款在其页面登记。",
            "Where WeChat Pay refunds no more: a payment over a year old, or after fifty refunds. A refund "
            "that was refused or closed has this on its own page.",
        ),
    ),
    Step(
        name="refund-all-transferred",
        title=say("登记线下退还全部余额", "All that is left paid by transfer"),
        icon="account_balance_wallet",
        form=AllPaidForm,
        do=all_by_transfer,
        roles=ACCOUNTANTS,
        legal=_beyond_wechat,
        start=new_key,
        hint=say(
            "剩余全部款项（含此前未退的运费）已由银行转账退还时使用；等待中的退款并入其中。",
            "Where our bank has paid all that was left, freight that stayed too; what still waits goes "
            "with it.",
        ),
    ),
    Step(
        name="refund-goodwill",
        title=say("补偿退款", "Goodwill"),
        icon="volunteer_activism",
        form=GoodwillForm,
        do=_goodwill,
        roles=REFUNDERS,
        legal=_paid,
        start=new_key,
        hint=say("补偿在海关放行后退出。", "Goodwill leaves after release."),
    ),
    Step(
        name="cancel-paid",
        title=say("取消并全额退款", "Cancel and refund all"),
        icon="cancel",
        form=NotedForm,
        do=_cancel,
        roles=REFUNDERS,
        legal=lambda order: order.state == "paid" and order.gate == Order.Gate.BEFORE_LIST,
        hint=say("申报前可取消；全部款项原路退回。", "Before anything is declared; all the money goes back."),
    ),
)


def _again(row: Refund, values: Mapping[str, Any], who: str, at: datetime) -> Refund:
    by = f"operator:{who}"[:80]
    made = ask_again(refund=row, by=by, note=values["note"], now=at, mind=mind_given)
    with tenant(row.storefront_id):
        note = f"{values['note']} → {made.out_refund_no}"
        settle_open(kinds=["refund.closed", "refund.refused"], key=row.event_key, by=who, note=note, now=at)
    return made


def _card(row: Refund, values: Mapping[str, Any], who: str, at: datetime) -> None:
    card = BankCard(values["bank_type"], values["account"].replace(" ", ""), values["name"])
    with transaction.atomic(), tenant(row.storefront_id):
        mind_card(refund=row, card=card, by=who, now=at)
    to_bank_card(refund=row, card=card, by=who, note=values["note"], now=at)


def _transfer(row: Refund, values: Mapping[str, Any], who: str, at: datetime) -> None:
    told_by = {"reference": values["reference"], "on": values["day"], "note": values["note"]}
    transfer_made(refund=row, by=who, now=at, **told_by)


class AttendFilter(Switch):
    """Refunds that do not go through by themselves."""

    title = say("须关注", "to attend to")
    parameter_name = "attend"
    yes = say(
        "异常、微信有异议、待线下转账或有未办结事项",
        "abnormal, WeChat objects, a transfer is owed, or a case about it is open",
    )

    @classmethod
    def question(cls) -> Q:
        owed = Q(state="succeeded", redirected_to="merchant", transferred_at=None)
        cases = Case.objects.filter(kind__startswith="refund.", key__startswith="refund:", state="open")
        numbers = cases.values_list(Substr("key", len("refund:") + 1))
        stuck = Q(state="abnormal") | Q(state__in=("accepted", "processing")) & ~Q(trouble="")
        return stuck | owed | Q(out_refund_no__in=numbers)


class ToRefundFilter(Switch):
    """Money that is to go back and has not yet."""

    title = say("退款进度", "progress")
    parameter_name = "to_refund"
    yes = say("待退款", "to refund")

    @classmethod
    def question(cls) -> Q:
        return Q(state__in=("requested", "accepted", "processing", "abnormal"))


@register("payments.Refund")
class RefundAdmin(Stepped):
    """Each refund, under the number that WeChat Pay knows it by, and what can be done next."""

    list_display = (
        "out_refund_no",
        "order",
        "kind",
        "amount_fen",
        "state",
        "trouble",
        "requested_at",
        "succeeded_at",
        "storefront",
    )
    list_select_related = ("order", "storefront")
    list_filter = (ToRefundFilter, AttendFilter, states("state"), "kind", "requested_at", "succeeded_at")
    search_fields = ("out_refund_no__startswith", "refund_id__exact", "order__number__startswith")
    ordering = ("-id",)
    change_form_outer_after_template = "operators/order_story.html"
    steps = (
        NAME_PIECES,
        Step(
            name="retry",
            title=say("立即重试", "Try now"),
            icon="refresh",
            form=NotedForm,
            do=lambda row, values, who, at: try_now(refund=row, by=who, note=values["note"], now=at),
            roles=REFUNDERS,
            legal=lambda row: row.state in ("accepted", "processing", "abnormal"),
            hint=say("以原单号向微信查询或重新提交。", "WeChat is asked, or sent the same again."),
        ),
        Step(
            name="withdraw",
            title=say("撤回", "Withdraw"),
            icon="undo",
            form=NotedForm,
            do=lambda row, values, who, at: withdraw(refund=row, by=who, note=values["note"], now=at),
            roles=REFUNDERS,
            legal=lambda row: row.state == "requested",
        ),
        Step(
            name="to-consumer",
            title=say("改退至消费者银行卡", "To the consumer's bank card"),
            icon="credit_card",
            form=CardForm,
            do=_card,
            roles=REFUNDERS,
            legal=lambda row: row.state == "abnormal",
            outside=True,
            hint=say(
                "卡号与姓名加密后交微信，本系统不留存。",
                "Number and name go to WeChat encrypted; nothing is kept.",
            ),
        ),
        Step(
            name="to-merchant",
            title=say("改退至商户银行卡", "To the merchant's bank card"),
            icon="account_balance",
            form=NotedForm,
            do=lambda row, values, who, at: to_bank_card(
                refund=row, card=None, by=who, note=values["note"], now=at
            ),
            roles=REFUNDERS,
            legal=lambda row: row.state == "abnormal",
            outside=True,
            hint=say("随后须线下转账给消费者。", "The consumer must then be paid by transfer."),
        ),
        Step(
            name="transfer-made",
            title=say("登记线下转账", "The consumer was paid by transfer"),
            icon="account_balance_wallet",
            form=TransferForm,
            do=_transfer,
            roles=ACCOUNTANTS,
            legal=lambda row: row.owed,
            hint=say(
                "退款已到商户银行卡，消费者尚未收到；转账后在此登记，事项随之办结。",
                "The money is in the merchant's bank; once the consumer is paid, record it here.",
            ),
        ),
        Step(
            name="paid-instead",
            title=say("改以线下转账退还", "Paid by transfer instead"),
            icon="account_balance_wallet",
            form=TransferForm,
            do=lambda row, values, who, at: pay_instead(
                refund=row,
                by=who,
                now=at,
                reference=values["reference"],
                on=values["day"],
                note=values["note"],
                mind=mind_given,
            ),
            roles=ACCOUNTANTS,
            legal=lambda row: row.state == "closed" and row.accepted_at is not None,
            outside=True,
            hint=say(
                "在商户平台确认原单未退出后全额转账，再在此登记；系统先向微信查询原单，再记为一笔新退款。",
                "Make sure at the merchant platform that nothing left, pay the whole by transfer, then "
                "record it here: WeChat is asked about this one first, then it is a refund of its own.",
            ),
        ),
        Step(
            name="again",
            title=say("重新申请", "Ask again"),
            icon="replay",
            form=NotedForm,
            do=_again,
            roles=REFUNDERS,
            legal=lambda row: row.state == "closed",
            outside=True,
            hint=say(
                "先向微信查询原单，再使用新的退款单号。",
                "WeChat is asked about this one first; then under a new number.",
            ),
        ),
    )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        story = []
        if row is not None:
            mine = {"storefront_id": row.storefront_id}
            events = Event.objects.filter(key=row.event_key, **mine).order_by("at", "id")
            story = [history(events, {row.order.number: told.page_of(row.order)})]
        answer: HttpResponse = super().change_view(
            request, object_id, form_url, {"story": story, **(extra_context or {})}
        )
        return answer


@register("payments.RefundLine")
class RefundLineAdmin(Scoped):
    """What of the order a refund gives back."""

    list_display = (
        "refund",
        "line",
        "turn",
        "quantity",
        "goods_fen",
        "discount_fen",
        "freight_fen",
        "storefront",
    )
    list_select_related = ("refund", "line", "storefront")
    search_fields = ("refund__out_refund_no__startswith",)
    ordering = ("-id",)
