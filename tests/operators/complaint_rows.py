"""A complaint with a phone number and an answer, as the pages of the admin are tried with."""

from __future__ import annotations

from compliance import vault
from kernel.ids import uuid7
from orders.models import Order
from payments import labels
from payments.models import Complaint, ComplaintAct, Payment
from payments.services.complaints import take_in
from storefronts.models import MerchantAccount
from storefronts.services import set_messages
from tests import make
from tests.payments.complaining import report_of

PHONE = "13900139000"


def complaint_rows(order: Order, payment: Payment, round: int) -> Complaint:
    """One complaint about `payment`, answered once."""
    now, shop = make.NOW, payment.storefront
    set_messages(storefront=shop, token="pushed", aes_key="k" * 43)
    complaint = take_in(
        mchid=MerchantAccount.objects.get(storefront=shop, active=True).mchid,
        report=report_of(payment, complaint_id=f"C{shop.pk}-{round}"),
        asked_at=now,
        now=now,
    )
    key, act = vault.unwrap(complaint.key), uuid7()
    Complaint.objects.filter(pk=complaint.pk).update(
        order=order,
        payment=payment,
        phone_sealed=key.seal(labels.COMPLAINT_PHONE, complaint.public_id, PHONE),
    )
    ComplaintAct.objects.create(
        public_id=act,
        storefront=shop,
        complaint=complaint,
        kind=ComplaintAct.Kind.REPLY,
        state="done",
        by="someone",
        text_sealed=key.seal(labels.COMPLAINT_ANSWER, act, "已为您处理"),
        asked_at=now,
        done_at=now,
        next_try_at=now,
    )
    return complaint
