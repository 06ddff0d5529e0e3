"""What this app holds about people: payments by number, complaints, and what WeChat told, without payer."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import Q

from compliance.copy_words import both, word
from compliance.holdings import Category, Holding, Keeping, Kept, Staying, Waits, history, numbers, stays
from compliance.models import Subject
from compliance.personal_fields import Passing, PersonalField
from kernel.models import Case
from payments import personal_complaints as complaints
from payments import personal_originals as originals
from payments.models import (
    BillDifference,
    BillLine,
    Complaint,
    Notification,
    Payment,
    PaymentDeclaration,
    PaymentOriginal,
    Refund,
)
from payments.ports import ports
from payments.services import messages

FIELDS = (
    PersonalField(
        model="payments.Notification",
        field="body",
        klass="pseudonym",
        purpose="to take in what WeChat Pay told us again where that failed; it opens with the merchant's"
        " APIv3 key to the payer's openid",
        basis="law",
        retention="until the message is taken in, as a rule at once; five years at the most, and what is not"
        " WeChat's noise_days",
        export="the payment itself is exported, not the message",
        erase="emptied, if it was not before",
    ),
    PersonalField(
        model="payments.Notification",
        field="digest",
        klass="pseudonym",
        purpose="to prove by WeChat Pay's signature that it told us something; it cannot be read back",
        basis="law",
        retention="five years",
        export="not exported: it says nothing",
        erase="kept until its day: evidence of a payment",
    ),
    PersonalField(
        model="payments.Notification",
        field="content",
        klass="pseudonym",
        purpose="to prove what WeChat Pay told us: numbers, amounts and states, no name and no openid",
        basis="law",
        retention="five years",
        export="the payment itself is exported, not the message",
        erase="kept until its day: evidence of a payment",
    ),
    *originals.FIELDS,
    *complaints.FIELDS,
)


def see(subject: Subject, now: datetime) -> list[Category]:
    """Every attempt to pay, every refund, what customs was told of them, and every complaint."""
    rows = Payment.objects.filter(order__subject=subject).select_related("order").order_by("id")
    return [
        Category(
            "payments",
            {"zh": "支付", "en": "Payments"},
            {
                "number": {"zh": "支付单号", "en": "payment"},
                "order": {"zh": "订单号", "en": "order"},
                "transaction": {"zh": "微信支付交易号", "en": "WeChat Pay transaction"},
                "amount_fen": {"zh": "金额", "en": "amount"},
                "state": {"zh": "状态", "en": "state"},
                "created_at": {"zh": "创建时间", "en": "made"},
                "succeeded_at": {"zh": "支付时间", "en": "paid"},
            },
            [
                {
                    "number": row.out_trade_no,
                    "order": row.order.number,
                    "transaction": row.transaction_id or "",
                    "amount_fen": row.amount_fen,
                    "state": word("payments", row.state),
                    "created_at": row.created_at,
                    "succeeded_at": row.succeeded_at,
                }
                for row in rows
            ],
        ),
        Category(
            "refunds",
            {"zh": "退款", "en": "Refunds"},
            {
                "number": {"zh": "退款单号", "en": "refund"},
                "order": {"zh": "订单号", "en": "order"},
                "amount_fen": {"zh": "金额", "en": "amount"},
                "reason": {"zh": "原因", "en": "reason"},
                "state": {"zh": "状态", "en": "state"},
                "requested_at": {"zh": "申请时间", "en": "asked for"},
                "succeeded_at": {"zh": "到账时间", "en": "returned"},
            },
            [
                {
                    "number": row.out_refund_no,
                    "order": row.order.number,
                    "amount_fen": row.amount_fen,
                    "reason": row.reason,
                    "state": word("refunds", row.consumer_state),
                    "requested_at": row.requested_at,
                    "succeeded_at": row.arrived_at,
                }
                for row in Refund.objects.filter(order__subject=subject)
                .select_related("order")
                .order_by("id")
            ],
        ),
        Category(
            "declarations",
            {"zh": "支付单申报", "en": "What customs was told of payments"},
            {
                "number": {"zh": "支付单号", "en": "payment"},
                "order": {"zh": "订单号", "en": "order"},
                "port": {"zh": "申报口岸", "en": "port"},
                "amount_fen": {"zh": "申报金额", "en": "amount told"},
                "state": {"zh": "状态", "en": "state"},
                "sent_at": {"zh": "首次提交时间", "en": "first told"},
                "succeeded_at": {"zh": "申报成功时间", "en": "declared"},
                "explanation": {"zh": "海关说明", "en": "customs' words"},
            },
            [
                {
                    "number": row.payment.out_trade_no,
                    "order": row.order.number,
                    "port": _port(row.port),
                    "amount_fen": row.order_fen,
                    "state": word("declarations", row.state),
                    "sent_at": row.sent_at,
                    "succeeded_at": row.succeeded_at,
                    "explanation": row.explanation,
                }
                for row in PaymentDeclaration.objects.filter(order__subject=subject)
                .select_related("order", "payment")
                .order_by("id")
            ],
        ),
        *complaints.see(subject, now),
    ]


def _port(code: str) -> str:
    """The port by name; a code of an older release stands for itself."""
    port = ports().get(code)
    return both({"zh": port.name_zh, "en": port.name}) if port else code


def waits(subject: Subject, now: datetime) -> list[Waits]:
    """Money that came where none was expected and that nobody has dealt with yet is still the person's."""
    tried = Payment.objects.filter(order__subject=subject).values_list("out_trade_no", flat=True)
    cases = Case.objects.filter(
        state=Case.State.OPEN, kind__startswith="payment.", facts__out_trade_no__in=list(tried)
    )
    owed = Q(state="succeeded", redirected_to="merchant", transferred_at=None)
    leaving = Refund.objects.filter(~Q(state__in=("succeeded", "closed")) | owed, order__subject=subject)
    refunds = leaving.order_by("id").values_list("out_refund_no", flat=True)
    going = [
        Waits("refund", number, "退款到账后可注销", "this refund must have arrived first")
        for number in refunds
    ]
    strays = [
        Waits(
            "payment",
            case.facts["out_trade_no"],
            "该笔款项正由客服处理，处理完毕后可注销",
            "this money is being dealt with by the shop's service",
        )
        for case in cases.order_by("id")
    ]
    return [*going, *strays, *complaints.waits(subject, now)]


_DECLARED = {
    "zh": "支付单申报记录（不含姓名；不设到期日）",
    "en": "what customs was told of payments, no names; no day is set",
}
_PAYMENTS = {
    "zh": "支付记录（金额与交易号，不含姓名；账簿依据，不设到期日）",
    "en": "payments: amounts and numbers, no names; the books rest on them, no day is set",
}
_REFUNDS = {
    "zh": "退款记录（金额与单号，不含姓名；账簿依据，不设到期日）",
    "en": "refunds: amounts and numbers, no names; the books rest on them, no day is set",
}
_BILLS = {
    "zh": "微信支付账单明细及其差异（金额与单号，不含姓名；不设到期日）",
    "en": "lines of WeChat Pay's bills, and where they differ: amounts and numbers, no names; no day is set",
}
_MESSAGES = {
    "zh": "微信支付通知记录（编号、金额与状态，不含姓名与 OpenID）",
    "en": "what WeChat Pay told of payments: numbers, amounts and states, no name and no openid",
}
_HISTORY = {"zh": "支付单的状态记录（仅编号）", "en": "what happened to payments, by number alone"}


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Payments name no one; those of paid orders, and those that moved money, are kept as evidence.

    A message about them whose body was not let go of yet is emptied now.
    """
    tried = Payment.objects.filter(order__subject=subject)
    messages.forget(numbers=tried.values_list("out_trade_no", flat=True))
    kept = Payment.objects.filter(
        Q(transaction_id__isnull=False) | Q(order__paid_at__isnull=False), order__subject=subject
    )
    refunds = Refund.objects.filter(order__subject=subject)
    lines = BillLine.objects.filter(Q(payment__in=kept) | Q(refund__in=refunds)).count()
    differences = BillDifference.objects.filter(Q(payment__in=kept) | Q(refund__in=refunds)).count()
    keys = [row.event_key for row in kept] + [row.event_key for row in refunds]
    declared = PaymentDeclaration.objects.filter(order__subject=subject)
    keys += [row.event_key for row in declared]
    raw = PaymentOriginal.objects.filter(payment__in=kept).count()
    about = Q(out_trade_no__in=[row.out_trade_no for row in kept])
    complained = list(Complaint.objects.filter(order__subject=subject).values_list("external_id", flat=True))
    if complained:
        about |= Q(content__complaint_id__in=complained)
    told = Notification.objects.filter(about)
    came = list(told.values_list("received_at", flat=True))
    return [
        *numbers("payments", _PAYMENTS, "order_years", len(kept), now, "payments.Payment"),
        *numbers("originals", originals.NAMES, "order_years", raw, now, "payments.PaymentOriginal"),
        *numbers("refunds", _REFUNDS, "order_years", len(refunds), now, *_REFUND_MODELS),
        *numbers("declarations", _DECLARED, "order_years", len(declared), now, "payments.PaymentDeclaration"),
        *numbers("bills", _BILLS, "order_years", lines + differences, now, *_BILL_MODELS),
        *stays("payment_messages", _MESSAGES, "order_years", came, now, "payments.Notification"),
        *history("payment_history", _HISTORY, "order_years", keys, now),
        *complaints.erase(subject, now),
    ]


def _forget_noise(rows: list[Notification], now: datetime) -> None:
    """Through the owner's door, which lets go of what was rejected and of nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_noise_forget(%s::bigint[])", [[row.pk for row in rows]])


_REFUND_MODELS = ("payments.Refund", "payments.RefundLine")
_BILL_MODELS = ("payments.BillDifference", "payments.BillLine")

_BOOKS = {
    "zh": "账簿的每一分录均指向其依据的支付与退款；仅有金额与单号，不含姓名，亦不含 OpenID",
    "en": "Every entry of the books points to the payment and the refund that it rests on. They carry amounts"
    " and numbers, no name and no openid.",
}

_LINES = {
    "zh": "账簿的分录及其更正指向其依据的账单明细与差异，保存期不少于五年；"
    "仅有金额与单号，不含姓名，亦不含 OpenID",
    "en": "Entries of the books and their corrections point to the line or the difference that they rest on,"
    " for five years at the least. They carry amounts and numbers, no name and no openid.",
}

HOLDING = Holding(
    app="payments",
    gives=("payments", "refunds", "declarations", "complaints", "complaint_answers", "complaint_accesses"),
    fields=FIELDS,
    see=see,
    waits=waits,
    erase=erase,
    keeping=(
        Keeping(
            "payments.noise",
            {"zh": "未通过验证的支付通知", "en": "messages that were not WeChat's"},
            lambda before: Notification.objects.filter(
                outcome=Notification.Outcome.REJECTED, received_at__lt=before
            ),
            "noise_days",
            let_go=_forget_noise,
        ),
        Keeping(
            "payments.notifications",
            {"zh": "微信支付通知记录", "en": "what WeChat Pay's messages told"},
            lambda before: Notification.objects.filter(received_at__lt=before),
            "order_years",
            append_only=True,
        ),
        originals.KEEPING,
        *complaints.KEEPING,
    ),
    staying=(
        Staying("payments.Payment", {"zh": "支付记录", "en": "payments"}, _BOOKS),
        Staying("payments.Refund", {"zh": "退款记录", "en": "refunds"}, _BOOKS),
        Staying("payments.Bill", {"zh": "微信支付账单", "en": "WeChat Pay's bills"}, _LINES),
        Staying("payments.BillLine", {"zh": "微信支付账单明细", "en": "lines of WeChat Pay's bills"}, _LINES),
        Staying(
            "payments.FundLine",
            {"zh": "微信支付账户流水", "en": "movements of accounts at WeChat Pay"},
            _LINES,
        ),
        Staying(
            "payments.BillDifference", {"zh": "对账差异", "en": "differences of WeChat Pay's bills"}, _LINES
        ),
    ),
    passing=(
        Passing(
            data=("account_holder", "bank_account"),
            purpose="to refund to another account of the consumer's where the one that paid takes no money",
            basis="contract",
            recipients=("payment",),
        ),
    ),
)
