"""What happens to an order of Alice's once it is there: WeChat Pay tells, she complains, money comes back."""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1
from django.db import transaction
from django.test import Client

from compliance import vault
from inventory.models import Lot
from kernel import events, files, ids
from kernel.clock import shanghai_day
from orders.models import Order
from payments import labels
from payments.models import (
    Bill,
    BillDifference,
    BillLine,
    ComplaintAct,
    Payment,
    PaymentDeclaration,
    Refund,
    RefundLine,
)
from payments.services.complaints import take_in
from returns import labels as return_labels
from returns.models import (
    ReturnGrade,
    ReturnLine,
    ReturnPicture,
    ReturnRequest,
    StrayParcel,
    StrayPiece,
)
from settlement.models import Evidence, SettlementBatch, SettlementItem
from settlement.services.entries import enter_payment, enter_refund
from settlement.services.evidence import record_evidence
from tests import make
from tests.operators.parcel_rows import parcel_rows
from tests.payments import reports
from tests.payments.complaining import report_of

STREET = "世纪大道 1 号"
OPENID = f"o-maison-{make.ALICE}"
RETURNED = "不喜欢这个颜色"
COMPLAINT = "200201820200101080076610000"


def deliver(payment: Payment) -> None:
    """WeChat Pay tells that Alice paid, and names her."""
    body, headers = reports.delivery_of(payment, openid=OPENID, transaction_id="42000001")
    client, address = Client(), f"/pay/wechat/{payment.mchid}"
    answer = client.post(address, body, content_type="application/json", headers=headers)
    assert answer.status_code == 204


def complain(payment: Payment, at: datetime) -> None:
    """She complained of what she paid, was answered, and it is over."""
    padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
    phone = make.rsa_key("merchant").public_key().encrypt(make.PHONES[make.ALICE].encode(), padding)
    row = take_in(
        mchid=payment.mchid,
        report=report_of(
            payment,
            complaint_id=COMPLAINT,
            state="PROCESSED",
            complained_at=at,
            sealed_phone=base64.b64encode(phone).decode(),
            detail=f"{STREET} 未收到货",
        ),
        asked_at=at,
        now=at,
    )
    act = ids.uuid7()
    ComplaintAct.objects.create(
        public_id=act,
        storefront_id=row.storefront_id,
        complaint=row,
        kind="reply",
        state="done",
        text_sealed=vault.unwrap(row.key).seal(labels.COMPLAINT_ANSWER, act, "已补发"),
        by="someone",
        asked_at=at,
        done_at=at,
        next_try_at=at,
    )


def give_back(payment: Payment, at: datetime) -> Refund:
    """A yuan of a line came back to her."""
    refund = Refund.objects.create(
        storefront_id=payment.storefront_id,
        payment=payment,
        order=payment.order,
        out_refund_no="R26000001",
        kind=Refund.Kind.LINES,
        key="made",
        amount_fen=100,
        goods_fen=100,
        reason="退款",
        state="succeeded",
        asked_by="system",
        refund_id="50300001",
        requested_at=at,
        succeeded_at=at,
    )
    payment.refresh_from_db()
    RefundLine.objects.create(
        storefront_id=payment.storefront_id,
        refund=refund,
        line=payment.order.lines.first(),
        quantity=0,
        goods_fen=100,
        discount_fen=0,
        freight_fen=0,
        duty_fen=0,
        vat_fen=0,
        excise_fen=0,
    )
    return refund


def books_of(refund: Refund, now: datetime) -> None:
    """Payment and refund stand in WeChat's bill, in the books, before customs, and in what goes abroad."""
    payment, order, shop = refund.payment, refund.order, refund.storefront
    PaymentDeclaration.objects.create(
        storefront=shop,
        order=order,
        payment=payment,
        port="NINGBO",
        family="v2",
        order_fen=order.total_fen,
        transport_fen=order.freight_fen,
        product_fen=order.total_fen - order.freight_fen,
        duty_fen=order.tax_fen,
        opened_at=now,
    )
    enter_payment(payment=payment, now=now)
    enter_refund(refund=refund, now=now)
    record_evidence(order=order, kind=Evidence.Kind.LOGISTICS, reference="SF0001", at=now, now=now)
    amounts = {"net_fen": 10_000, "promised_minor": 1_220}
    batch = SettlementBatch.objects.create(
        storefront=shop, number="S1", currency="EUR", items_count=1, made_at=now, made_by="someone", **amounts
    )
    SettlementItem.objects.create(
        storefront=shop,
        batch=batch,
        position=1,
        order=order,
        gross_fen=10_000,
        refunded_fen=0,
        fee_fen=0,
        cny_per_100=820,
        **amounts,
    )
    parcel_rows(order, 0)
    bill = Bill.objects.create(
        storefront=shop, mchid=payment.mchid, day=shanghai_day(now), kind="trade", asked_at=now
    )
    none = dict.fromkeys(
        ("order_fen", "settled_fen", "coupon_fen", "refund_fen", "refund_coupon_fen", "refund_asked_fen"), 0
    )
    line = BillLine.objects.create(
        storefront=shop,
        bill=bill,
        line=2,
        kind="sale",
        at=now,
        transaction_id=payment.transaction_id,
        out_trade_no=payment.out_trade_no,
        fee_fen=0,
        payment=payment,
        **none,
    )
    BillDifference.objects.create(
        storefront=shop,
        bill=bill,
        kind="amount",
        key=payment.event_key,
        line=line,
        payment=payment,
        found_at=now,
    )


@transaction.atomic
def sent_back(world: make.World, paid: Order, at: datetime) -> None:
    """A return of hers that is over, with her words, a picture and what was found."""
    public_id, key = ids.uuid7(), vault.unwrap(paid.key)
    row = ReturnRequest.objects.create(
        public_id=public_id,
        number=f"RMA{ids.number(at)}",
        storefront=world.shop,
        order=paid,
        kind="return",
        reason="changed_mind",
        state="settled",
        key="a-return-of-alice",
        words_sealed=key.seal(return_labels.WORDS, public_id, RETURNED),
        goods_back=True,
        way_text="已签收",
        seller_pays=False,
        freight=False,
        quoted_fen=100,
        quoted_late_fen=100,
        quote={},
        decide_by=at,
        requested_at=at,
    )
    events.record(storefront_id=world.shop.pk, name="return.requested", key=row.event_key, facts={}, now=at)
    line = ReturnLine.objects.create(
        storefront=world.shop, request=row, line=paid.lines.first(), quantity=1, state="paid"
    )
    ReturnGrade.objects.create(
        storefront=world.shop, line=line, grade="short", place="nowhere", quantity=1, by="op", at=at
    )
    picture = files.store(
        storefront_id=world.shop.pk,
        name="return-picture",
        media_type="image/png",
        content=b"sealed",
        now=at,
        sealed=True,
    )
    ReturnPicture.objects.create(storefront=world.shop, order=paid, request=row, file=picture, at=at)
    came = {"came_on": shanghai_day(at), "by": "op", "at": at}
    stray = StrayParcel.objects.create(number="STR1", storefront=world.shop, order=paid, **came)
    lot = Lot.objects.filter(stock__variant__sku=line.line.sku).first()
    assert lot is not None
    StrayPiece.objects.create(
        storefront=world.shop, parcel=stray, line=line.line, lot=lot, grade="as_new", quantity=1
    )
