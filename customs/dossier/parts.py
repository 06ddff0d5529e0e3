"""What a dossier holds, app by app: each part reads what is kept of one order, always in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db.models import BinaryField, ForeignKey, Model

from compliance import vault
from compliance.consent_texts import FOLDER, read
from compliance.law import Law, NoFigure
from compliance.models import (
    Access,
    AllowanceEntry,
    Consent,
    Disclosure,
    Judgement,
    NoticeSeen,
    PayerCheck,
)
from compliance.notice import return_exclusion, risk_notice
from compliance.rules import RULES
from compliance.services.judgement import FACTS
from customers import divisions
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from logistics.models import Parcel, Shipment, ShippingInfo
from orders import labels
from orders.models import FormerOrderer, Order, OrderLine
from payments.models import (
    Complaint,
    Notification,
    Payment,
    PaymentDeclaration,
    PaymentOriginal,
    Refund,
    RefundLine,
)
from payments.services.originals import open_original

Row = dict[str, Any]
_PERSONS = {
    "buyer_name": labels.BUYER_NAME,
    "buyer_number": labels.BUYER_NUMBER,
    "consignee_name": labels.CONSIGNEE_NAME,
    "consignee_phone": labels.CONSIGNEE_PHONE,
    "consignee_street": labels.CONSIGNEE_STREET,
}


class Entry(NamedTuple):
    """One file: where it lies in the ZIP, what it is in Chinese and English, what it says."""

    path: str
    zh: str
    en: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Opener:
    """Who opens what is sealed under the order's key, what for, and when; each opening leaves its row."""

    who: str
    purpose: str
    order: Order
    key: vault.Key
    now: datetime

    def open(self, sealed: Sequence[tuple[str, UUID | str, bytes]]) -> list[str]:
        """The texts of (label, ref, blob)s, in their order."""
        return vault.open_many_as(
            who=self.who,
            purpose=self.purpose,
            storefront_id=self.order.storefront_id,
            key=self.key,
            sealed=sealed,
            now=self.now,
        )


def told(path: str, zh: str, en: str, content: Any) -> Entry:
    """An entry of facts, as JSON that is the same for the same facts."""
    raw = orjson.dumps(content, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    return Entry(path, zh, en, raw + b"\n")


def columns(row: Model) -> Row:
    """What a row says: every column but keys, ties to other rows and what is sealed."""
    return {
        field.name: getattr(row, field.name)
        for field in row._meta.concrete_fields
        if not isinstance(field, BinaryField | ForeignKey) and not field.primary_key
    }


def each(rows: Iterable[Model]) -> list[Row]:
    """What several rows say."""
    return [columns(row) for row in rows]


def order_of(opener: Opener) -> list[Entry]:
    """What was agreed, by whom and for whom, line by line."""
    order = opener.order
    names = list(_PERSONS)
    values = opener.open(
        [(_PERSONS[name], order.number, bytes(getattr(order, f"{name}_sealed"))) for name in names]
    )
    former = list(FormerOrderer.objects.filter(order=order).order_by("id"))
    replaced = [
        dict(
            zip(
                ("name", "number"),
                opener.open(
                    [
                        (labels.FORMER_NAME, one.public_id, bytes(one.name_sealed)),
                        (labels.FORMER_NUMBER, one.public_id, bytes(one.number_sealed)),
                    ]
                ),
                strict=True,
            ),
            replaced_at=one.replaced_at,
        )
        for one in former
    ]
    content = {
        "order": columns(order),
        "storefront": order.storefront.code,
        "warehouse": order.warehouse.code,
        "persons": dict(zip(names, values, strict=True)) | {"region": divisions.path(order.division_code)},
        "former_orderers": replaced,
        "lines": each(OrderLine.objects.filter(order=order).order_by("position")),
    }
    return [told("order.json", "订单、订购人、收货人与商品", "the order, its persons and its goods", content)]


def judgements(opener: Opener) -> list[Entry]:
    """Each verdict with its facts, the rules that were asked and the sources of the figures of that day."""
    order = opener.order
    rows = Judgement.objects.filter(order_number=order.number, storefront_id=order.storefront_id)
    content = [_judgement(one, opener) for one in rows.select_related("key").order_by("decided_at", "id")]
    return [
        told(
            "judgements.json",
            "合规判定、当日规则与数值",
            "judgements, rules and figures of that day",
            content,
        )
    ]


def _judgement(row: Judgement, opener: Opener) -> Row:
    day = date.fromisoformat(row.figures.get("day") or shanghai_day(row.decided_at).isoformat())
    law = Law(day)
    facts: Any = None
    if row.key_id == opener.key.id and row.facts_sealed:
        [text] = opener.open([(FACTS, row.id, bytes(row.facts_sealed))])
        facts = orjson.loads(text)
    return columns(row) | {
        "id": row.id,
        "facts": facts,
        "rules": [
            {"id": rule.id, "zh": rule.sentence_zh, "en": rule.sentence, "source": _source(law, rule.law)}
            for rule in sorted(RULES, key=lambda rule: rule.id)
            if rule.id in row.judged
        ],
        "sources": {name: _source(law, name) for name in sorted(row.figures.get("law", {}))},
        "present_edition": law.edition,
    }


def _source(law: Law, name: str) -> Row | None:
    try:
        figure = law.source(name)
    except NoFigure:
        return None
    return {
        "document": figure.document,
        "article": figure.article,
        "link": figure.link,
        "first_day": figure.first_day,
        "checked": figure.checked,
    }


def allowance(opener: Opener) -> list[Entry]:
    """What the order reserved, used and gave back of which year's allowance."""
    rows = AllowanceEntry.objects.filter(order_number=opener.order.number).select_related("account")
    content = [
        columns(one) | {"year": one.account.year, "measure": one.account.measure}
        for one in rows.order_by("id")
    ]
    return [told("allowance.json", "年度额度的占用与释放", "the year's allowance: held and freed", content)]


def agreed(opener: Opener) -> list[Entry]:
    """The notices that were confirmed and seen, and what the person agreed to."""
    order = opener.order
    law = Law(shanghai_day(order.placed_at))
    notice = risk_notice(law)
    lines = OrderLine.objects.filter(order=order).exclude(exclusion_hash="").order_by("position")
    confirmed = {
        "hash": order.notice_hash,
        "confirmed_at": order.notice_confirmed_at,
        # The text is told where it is the very one that was confirmed.
        "text": {"version": notice.version, "zh": notice.zh, "en": notice.en}
        if notice.sha256 == order.notice_hash
        else None,
    }
    given_up = [
        {
            "sku": line.sku,
            "ground": line.return_exclusion,
            "version": line.exclusion_version,
            "hash": line.exclusion_hash,
            "text": _exclusion(law, line),
        }
        for line in lines
    ]
    mine = {"subject": order.subject, "storefront_id": order.storefront_id}
    consents = [
        columns(one) | {"title": read(FOLDER)[one.kind][-1].title_zh if one.kind in read(FOLDER) else ""}
        for one in Consent.objects.filter(**mine).order_by("given_at", "id")
    ]
    seen = each(NoticeSeen.objects.filter(**mine).order_by("at", "id"))
    notices = {"risk_notice": confirmed, "returns_given_up": given_up, "seen": seen}
    return [
        told(
            "notices.json", "已确认的风险告知与放弃退货的确认", "notices that were confirmed or seen", notices
        ),
        told("consents.json", "个人信息授权", "what the person agreed to", consents),
    ]


def _exclusion(law: Law, line: OrderLine) -> Row | None:
    try:
        text = return_exclusion(law, line.return_exclusion)
    except NoFigure:
        return None
    return {"zh": text.zh, "en": text.en} if text.sha256 == line.exclusion_hash else None


def money(opener: Opener) -> list[Entry]:
    """Payments with what WeChat Pay told of them, their declarations, the payer's check, and refunds."""
    order = opener.order
    payments = list(Payment.objects.filter(order=order).order_by("id"))
    notes = Notification.objects.filter(out_trade_no__in=[one.out_trade_no for one in payments])
    refunds = list(Refund.objects.filter(order=order).order_by("id"))
    content = {
        "payments": each(payments),
        "notifications": each(notes.order_by("received_at", "id")),
        "declarations": each(PaymentDeclaration.objects.filter(order=order).order_by("id")),
        "payer_check": each(PayerCheck.objects.filter(order_number=order.number)),
    }
    back = [
        columns(one) | {"lines": each(RefundLine.objects.filter(refund=one).order_by("id"))}
        for one in refunds
    ]
    return [
        told(
            "payments.json", "支付、微信通知与支付单申报", "payments, WeChat's notices, declarations", content
        ),
        told("refunds.json", "退款", "refunds", back),
        *(entry for one in payments for entry in _original(one, opener)),
    ]


def _original(payment: Payment, opener: Opener) -> list[Entry]:
    """What a payment was prepared with, as WeChat Pay was asked and answered; none where it was not kept."""
    found = open_original(payment=payment, who=opener.who, purpose=opener.purpose, now=opener.now)
    if found is None:
        return []
    path, zh = f"payments/{payment.out_trade_no}", "支付原始数据"
    return [
        Entry(f"{path}.request.txt", f"{zh}：请求", "original payment data: asked", found.request.encode()),
        Entry(
            f"{path}.response.txt", f"{zh}：应答", "original payment data: answered", found.response.encode()
        ),
    ]


def parcels(opener: Opener) -> list[Entry]:
    """The shipment, its parcels with their pieces and what carriers told, and what WeChat was told."""
    order = opener.order
    content = {
        "shipment": each(Shipment.objects.filter(order=order)),
        "parcels": [
            columns(one)
            | {
                "pieces": [
                    {"sku": line.line.sku, "lot": line.lot.code, "quantity": line.quantity}
                    for line in one.lines.select_related("line", "lot").order_by("id")
                ],
                "tracking": each(one.events.order_by("at", "id")),
            }
            for one in Parcel.objects.filter(shipment__order=order).order_by("id")
        ],
        "told_wechat": each(ShippingInfo.objects.filter(order=order)),
    }
    return [told("parcels.json", "发货、包裹与物流轨迹", "shipment, parcels and tracking", content)]


def records(opener: Opener, keys: Sequence[str], refs: Sequence[str]) -> list[Entry]:
    """To whom personal data went, who opened which of the refs, the events under the keys, every case."""
    order = opener.order
    given = Disclosure.objects.filter(order_number=order.number, storefront_id=order.storefront_id)
    looks = Access.objects.filter(ref__in=refs, storefront_id=order.storefront_id)
    events = Event.objects.filter(key__in=keys, storefront_id=order.storefront_id)
    cases = Case.objects.filter(key__in=keys, storefront_id=order.storefront_id)
    return [
        told(
            "disclosures.json",
            "个人信息对外提供记录",
            "to whom personal data was given",
            each(given.order_by("id")),
        ),
        told(
            "accesses.json",
            "查看加密内容的记录（人员信息、单证、回执、支付原始数据等）",
            "who opened what is sealed: persons, documents, receipts, payment data and the like",
            each(looks.order_by("id")),
        ),
        told("events.json", "全部事件", "every event", each(events.order_by("at", "id"))),
        told(
            "cases.json",
            "待处理事项与处理说明",
            "cases and their notes",
            each(cases.order_by("opened_at", "id")),
        ),
    ]


def refs_of(order: Order) -> list[str]:
    """By what the log of accesses names what rests sealed of an order, customs' papers apart."""
    found: list[Any] = [order.number]
    for rows in (
        FormerOrderer.objects.filter(order=order),
        PaymentOriginal.objects.filter(payment__order=order),
        Complaint.objects.filter(order=order),
    ):
        found += rows.order_by("id").values_list("public_id", flat=True)
    judged = Judgement.objects.filter(order_number=order.number, storefront_id=order.storefront_id)
    found += judged.values_list("id", flat=True)
    packed = Parcel.objects.filter(shipment__order=order).values_list("own_number", "waybill")
    found += [f"{own}:{waybill}" for own, waybill in packed]
    return [str(one) for one in found]


def keys_of(order: Order) -> list[str]:
    """The keys of the histories of an order and of all that belongs to it."""
    payments = list(Payment.objects.filter(order=order).order_by("id"))
    declared = PaymentDeclaration.objects.filter(order=order).order_by("id")
    refunds = Refund.objects.filter(order=order).order_by("id")
    packed = Parcel.objects.filter(shipment__order=order).order_by("id")
    infos = ShippingInfo.objects.filter(order=order)
    checks = PayerCheck.objects.filter(order_number=order.number)
    rows: tuple[Any, ...] = (*payments, *declared, *refunds, *packed, *infos, *checks)
    return [order.event_key, *(row.event_key for row in rows)]
