"""What this app holds about people: what customs was told of an order and what it answered, sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Manager

from compliance.copy_words import word
from compliance.holdings import (
    Category,
    Holding,
    Keeping,
    Kept,
    Names,
    Staying,
    Waits,
    history,
    numbers,
    stays,
)
from compliance.models import Subject
from compliance.personal_fields import PersonalField
from customs.models import (
    ConsignedParcel,
    DataRequest,
    Declaration,
    Filing,
    ListedPieces,
    PortReceipt,
    TaxSheet,
)

_KEPT = (
    "five years from the order: sealed under the order's key, which is destroyed then; of a receipt that is"
    " about no order, under the storefront's"
)
_BY_LAW = "kept sealed and restricted until its day: evidence of the declaration, which the law asks for"

FIELDS = tuple(
    PersonalField(
        model=model,
        field=field,
        klass="sensitive",
        purpose=purpose,
        basis="law",
        retention=_KEPT,
        export="what it says of the person is in the copy of their data, with the order",
        erase=_BY_LAW,
        recipients=("customs",) if model == "customs.DataRequest" else ("customs", "partner"),
        shown="customs",
    )
    for model, field, purpose in (
        ("customs.Filing", "body_sealed", "to prove what customs was told: orderer, consignee, goods"),
        ("customs.PortReceipt", "raw_sealed", "to prove what customs answered"),
        (
            "customs.DataRequest",
            "body_sealed",
            "to prove what customs was given of a payment that it asked for (GACC 2018 No. 179)",
        ),
    )
)
_DECLARED: Names = {
    "zh": "海关申报记录（编号、状态；申报内容加密保存）",
    "en": "declarations to customs: numbers and states; what was told rests sealed",
}
_TAXED: Names = {"zh": "电子税单（编号、金额）", "en": "tax sheets: numbers and amounts"}
_CARRIED: Names = {"zh": "总运单上的运单号（直购进口）", "en": "waybills on bills of lading (direct mail)"}
_HISTORY: Names = {"zh": "申报状态记录（仅编号）", "en": "what happened to declarations, by number alone"}
_WHY: Names = {
    "zh": "申报与回执是法定凭证；编号不含姓名。申报内容以订单密钥加密，密钥到期销毁后不可读。",
    "en": "Declarations and receipts are evidence by law; their numbers name no one. What was told is sealed"
    " under the order's key and unreadable once that is destroyed.",
}
_FILED: Names = {"zh": "申报单证内容", "en": "what customs was told"}
_ANSWERED: Names = {"zh": "海关回执内容", "en": "what customs answered"}
_ASKED: Names = {"zh": "海关调取支付原始数据的记录", "en": "requests of customs for the data of a payment"}
_GIVEN: Names = {"zh": "提供给海关的支付原始数据", "en": "payment data that customs was given"}
_WITH_THE_KEY: Names = {
    "zh": "订单密钥到期销毁时（自下单起五年）",
    "en": "once the order's key is destroyed, five years from the order",
}


def _empty(rows: Manager[Any], gone: list[Any], **columns: bytes) -> None:
    """What nobody can read any more is not kept either; numbers and states stay."""
    rows.filter(pk__in=[row.pk for row in gone]).update(**columns)


_MODELS = (
    "customs.Declaration",
    "customs.Filing",
    "customs.PortReceipt",
    "customs.TaxSheet",
    "customs.ConsignedParcel",
    "customs.ListedPieces",
)


def see(subject: Subject, now: datetime) -> list[Category]:
    """What became of each order at customs."""
    rows = Declaration.objects.filter(order__subject=subject).order_by("id")
    return [
        Category(
            "customs",
            {"zh": "海关申报", "en": "Customs"},
            {
                "order": {"zh": "订单号", "en": "order"},
                "state": {"zh": "状态", "en": "state"},
                "list": {"zh": "清单编号", "en": "list"},
                "listed_at": {"zh": "申报时间", "en": "declared"},
                "released_at": {"zh": "放行时间", "en": "released"},
            },
            [
                {
                    "order": row.number,
                    "state": word("customs", row.state),
                    "list": row.list_no,
                    "listed_at": row.listed_at,
                    "released_at": row.released_at,
                }
                for row in rows
            ],
        )
    ]


def waits(subject: Subject, now: datetime) -> list[Waits]:
    """A list that customs has not decided about must end first."""
    open_ones = Declaration.objects.filter(
        order__subject=subject,
        state__in=["documents", "listed", "accepted", "review", "inspection", "detained", "cancelling"],
    )
    return [Waits("customs", row.number, "海关尚未审结", "customs has not decided yet") for row in open_ones]


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """What customs was told stays as evidence, sealed under the keys of the orders."""
    declared = list(Declaration.objects.filter(order__subject=subject))
    filings = Filing.objects.filter(declaration__in=declared).count()
    receipts = PortReceipt.objects.filter(filing__declaration__in=declared).count()
    requests = list(DataRequest.objects.filter(order__subject=subject))
    keys = [row.event_key for row in declared] + [row.event_key for row in requests]
    asked = [row.asked_at for row in requests]
    sheets = TaxSheet.objects.filter(declaration__in=declared).count()
    carried = ConsignedParcel.objects.filter(parcel__shipment__order__subject=subject).count()
    listed = ListedPieces.objects.filter(declaration__in=declared).count()
    count = len(declared) + filings + receipts + sheets + carried + listed
    return [
        *numbers("customs", _DECLARED, "order_years", count, now, *_MODELS),
        *stays("data_requests", _ASKED, "data_request_years", asked, now, "customs.DataRequest"),
        *history("customs_history", _HISTORY, "order_years", keys, now),
    ]


HOLDING = Holding(
    app="customs",
    gives=("customs",),
    fields=FIELDS,
    see=see,
    waits=waits,
    erase=erase,
    keeping=(
        Keeping(
            "customs.filings",
            _FILED,
            lambda before: Filing.objects.filter(declaration__order__key__destroyed_at__isnull=False).exclude(
                body_sealed=b""
            ),
            ends=_WITH_THE_KEY,
            let_go=lambda rows, now: _empty(Filing.objects, rows, body_sealed=b""),
        ),
        Keeping(
            "customs.receipts",
            _ANSWERED,
            lambda before: PortReceipt.objects.filter(
                filing__declaration__order__key__destroyed_at__isnull=False
            ).exclude(raw_sealed=b""),
            ends=_WITH_THE_KEY,
            let_go=lambda rows, now: _empty(PortReceipt.objects, rows, raw_sealed=b""),
        ),
        Keeping(
            "customs.data_given",
            _GIVEN,
            lambda before: DataRequest.objects.filter(order__key__destroyed_at__isnull=False).exclude(
                body_sealed=b""
            ),
            ends=_WITH_THE_KEY,
            let_go=lambda rows, now: _empty(DataRequest.objects, rows, body_sealed=b""),
        ),
        Keeping(
            "customs.data_requests",
            _ASKED,
            lambda before: DataRequest.objects.filter(asked_at__lt=before),
            "data_request_years",
            append_only=True,
        ),
    ),
    staying=(
        Staying("customs.Declaration", _DECLARED, _WHY, ("customs",)),
        Staying("customs.TaxSheet", _TAXED, _WHY, ("customs",)),
        Staying("customs.ConsignedParcel", _CARRIED, _WHY, ("customs", "partner")),
    ),
)
