"""One row of every model a storefront owns, with names and numbers that no page may show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from oauth2_provider.models import AccessToken

from catalog.models import Media, PriceCut
from compliance import services as compliance
from compliance import vault
from compliance.models import Access
from compliance.services import open_payer_check
from compliance.services.assessments import record_assessment
from compliance.services.chain import chain_logs
from compliance.services.incident import register_incident
from compliance.services.incident_affected import freeze_affected
from compliance.services.incident_notice import draft_notice
from compliance.services.notices import see_notice
from customers import labels
from customers.gateways.verifying import Finding, Verdict
from customers.models import Export, IdentityShare
from customers.services import findings
from inventory.services import pick
from kernel import approvals, cases, files, jobs
from kernel.clock import shanghai_day
from kernel.models import Delivery, Event, Receipt
from operators.whose import subjects_of
from orders.models import CartLine
from payments.models import (
    Bill,
    BillDifference,
    BillLine,
    CustomsNumber,
    FundLine,
    Notification,
    Payment,
    PaymentDeclaration,
    Refund,
    RefundLine,
)
from payments.ports import ports
from settlement.accounts import Account
from settlement.models import Entry, Evidence, ForexReceipt, SettlementBatch, SettlementItem
from settlement.services.enter import Fact, enter
from settlement.services.evidence import record_evidence
from storefronts.models import LegalParty, Membership, MerchantAccount, Operator, PushedMessage
from storefronts.services.declaring import set_customs
from storefronts.services.opening import put_aside
from tests import make
from tests.operators.complaint_rows import PHONE, complaint_rows
from tests.operators.entering_rows import entering_rows
from tests.operators.look_rows import look_rows
from tests.operators.naming_rows import naming_rows
from tests.operators.news_rows import news_rows
from tests.operators.parcel_rows import parcel_rows
from tests.operators.partner_rows import partner_rows
from tests.operators.return_rows import WORDS, return_rows
from tests.operators.review_rows import REVIEW, review_rows
from tests.operators.stock_rows import stock_rows
from tests.payments.complaining import DETAIL

PASSWORD = "an-invented-pass-word-7"
NICKNAME = "爱丽的昵称"
STREET = "世纪大道 1 号"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def operator(name: str, shop: Any = None, role: str = "owner", **changes: Any) -> Operator:
    """An operator, with a role in `shop` where one is given."""
    made = Operator.objects.create_user(
        username=name, password=PASSWORD, **{"is_staff": True, "email": f"{name}@shop.test", **changes}
    )
    if shop is not None:
        Membership.objects.create(operator=made, storefront=shop, role=role)
    return made


def bill_rows(shop: Any, payment: Payment, round: int) -> None:
    """A bill with one row of everything."""
    bill = Bill.objects.create(
        storefront=shop,
        mchid=f"16{shop.pk}",
        day=shanghai_day(make.NOW) - timedelta(days=round),
        kind="trade",
        asked_at=make.NOW,
    )
    told = BillLine.objects.create(
        storefront=shop,
        bill=bill,
        line=2,
        kind="sale",
        at=make.NOW,
        transaction_id="4200001",
        out_trade_no=payment.out_trade_no,
        order_fen=1,
        settled_fen=1,
        coupon_fen=0,
        refund_fen=0,
        refund_coupon_fen=0,
        refund_asked_fen=0,
        fee_fen=0,
        payment=payment,
    )
    FundLine.objects.create(
        storefront=shop, bill=bill, line=2, at=make.NOW, flow_id="F1", amount_fen=1, balance_fen=1
    )
    BillDifference.objects.create(
        storefront=shop,
        bill=bill,
        kind="amount",
        key=payment.event_key,
        theirs_fen=1,
        ours_fen=payment.amount_fen,
        line=told,
        payment=payment,
        found_at=make.NOW,
    )


def fill(world: make.World, round: int = 0) -> dict[str, Any]:
    """One row more of everything; returns the order, payment, case and approval of this round."""
    shop, now, alice = world.shop, make.NOW, world.alice
    if round:
        alice = make.customer(shop, f"alice-{round}")
        make.address(alice)
        make.consent(alice, "privacy_policy")
        make.identity(alice, number=make.id_number(round))
    key = vault.unwrap(alice.subject.key)
    alice.nickname_sealed = key.seal(labels.NICKNAME, alice.public_id, NICKNAME)
    alice.phone_sealed = key.seal(labels.PHONE, alice.public_id, make.PHONES[make.ALICE])
    alice.phone_index = vault.blind("phone", make.PHONES[make.ALICE])
    alice.save()
    made, place = make.variant(shop, f"X-{round}", 20_000), make.warehouse(shop, f"place-{round}")
    make.stock(place, made)
    stock_rows(place, made, round)
    look_rows(shop, round)
    make.coupon(alice, code=f"C{round}")
    make.token(alice)
    order = make.order(alice, ("HD-1", 1), ("IR-1", 1))
    pick(holder=order.event_key, by="someone", now=now)
    CartLine.objects.create(storefront=shop, customer=alice, variant=made, quantity=1, added_at=now)
    PriceCut.objects.create(
        storefront=shop,
        variant=made,
        price_fen=9_000,
        starts_at=now,
        ends_at=now + timedelta(days=9000),
        name_zh="黑色星期五",
        name_en="Black Friday",
    )
    Media.objects.create(
        storefront=shop,
        product=made.product,
        path=f"m/{round}.png",
        thumbnail_path=f"m/{round}-s.png",
        alt_zh="图",
        alt_en="Picture",
        width=8,
        height=8,
    )
    set_customs(merchant=shop.merchants.get(), family="v2", payer_identity=False, v2_key=f"{round}".zfill(32))
    payment = Payment.objects.create(
        storefront=shop,
        order=order,
        out_trade_no=f"P{shop.pk}-{round}-1234",
        mchid="1600000000",
        appid=shop.appid,
        amount_fen=order.total_fen,
        description="Maison",
        notify_url="https://shop.test/pay/wechat/1600000000",
        time_expire=now + timedelta(minutes=30),
        created_at=now,
        next_query_at=now,
    )
    CustomsNumber.objects.create(storefront=shop, port=list(ports())[round], number="3105961A12")
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
    line = order.lines.first()
    refund = Refund.objects.create(
        storefront=shop,
        payment=payment,
        order=order,
        out_refund_no=f"R{shop.pk}-{round}-1234",
        kind=Refund.Kind.LINES,
        key="test",
        amount_fen=line.price_fen,
        goods_fen=line.price_fen,
        reason="missing",
        asked_by="operator:test",
        requested_at=now,
    )
    RefundLine.objects.create(
        storefront=shop,
        refund=refund,
        line=line,
        quantity=1,
        goods_fen=line.price_fen,
        discount_fen=0,
        freight_fen=0,
        duty_fen=0,
        vat_fen=0,
        excise_fen=0,
    )
    enter(
        fact=Fact(
            shop.pk,
            Entry.Kind.REFUND,
            f"refund:{refund.out_refund_no}",
            now,
            {Account.WECHAT: -100, Account.SALES: 100},
            order_id=order.pk,
            payment_id=payment.pk,
            refund_id=refund.pk,
        ),
        now=now,
    )
    record_evidence(order=order, kind=Evidence.Kind.LOGISTICS, reference=f"W{round}", at=now, now=now)
    batch = SettlementBatch.objects.create(
        storefront=shop,
        number=f"S{shop.pk}-{round}",
        currency="EUR",
        items_count=1,
        net_fen=10_000,
        promised_minor=1_220,
        made_at=now,
        made_by="someone",
    )
    SettlementItem.objects.create(
        storefront=shop,
        batch=batch,
        position=1,
        order=order,
        gross_fen=10_000,
        refunded_fen=0,
        fee_fen=0,
        net_fen=10_000,
        cny_per_100=820,
        promised_minor=1_220,
    )
    ForexReceipt.objects.create(
        storefront=shop,
        batch=batch,
        reference=f"BANK-{round}",
        amount_minor=1_220,
        credited_on=now.date(),
        recorded_at=now,
        recorded_by="someone",
    )
    bill_rows(shop, payment, round)
    parcel_rows(order, round)
    return_rows(order, round)
    review_rows(order)
    news_rows(order, now)
    complaint = complaint_rows(order, payment, round)
    event = Event.objects.filter(key=order.event_key).first()
    Delivery.objects.create(event=event, handler="test.handler", key=event.key, next_try_at=now)
    Receipt.objects.create(
        source=f"test:{shop.code}",
        key=str(round),
        fingerprint=b"f" * 32,
        status=200,
        body=b"{}",
        at=now - timedelta(days=31),  # its days are over, by the database's clock too
    )
    Notification.objects.create(mchid="1600000000", headers={}, body=b"{}", received_at=now)
    PushedMessage.objects.create(
        storefront=shop, digest=bytes([round]), event="complaint_callback", content=b"sealed", received_at=now
    )
    case = cases.open_case(
        storefront_id=shop.pk,
        kind="stray",
        key=f"payment:{shop.pk}-{round}",
        title="Stray money",
        facts={},
        now=now,
    )
    approval = approvals.ask(
        storefront_id=shop.pk, verb="refund", key=f"{shop.pk}-{round}", facts={}, by="someone", now=now
    )
    jobs.queue(storefront_id=shop.pk, kind="import", arguments={}, by="someone", now=now)
    files.store(storefront_id=shop.pk, name="f.csv", media_type="text/csv", content=b"x", now=now)
    open_payer_check(storefront_id=shop.pk, order_number=order.number, port="3105", now=now)
    naming_rows(order, now)
    pair = vault.blind("identity_pair", f"测试人\n{shop.pk}-{round}")
    findings.claim(pair=pair, now=now)
    findings.keep(pair=pair, provider="made", found=Finding(Verdict.MATCHES, "0", "r"), now=now)
    IdentityShare.objects.create(
        storefront=shop,
        customer=alice,
        code_index=vault.blind("share_code", f"CODE{round}"),
        made_at=now,
        expires_at=now + timedelta(minutes=10),
    )
    Access.objects.create(storefront_id=shop.pk, who="someone", what="x.y", ref="1", purpose="test", at=now)
    chain_logs()
    compliance.disclose(
        storefront_id=shop.pk,
        subject_id=alice.subject_id,
        order_number=order.number,
        recipient_kind="payment",
        recipient="财付通支付科技有限公司",
        country="CN",
        purpose="pay",
        basis="contract",
        fields=["openid"],
        now=now,
    )
    incident = register_incident(
        storefront_id=shop.pk,
        kind="leak",
        title="客服账号异常查看收件人电话",
        detected_at=now,
        window_from=now - timedelta(days=1),
        window_to=now,
        contact="compliance@shop.test",
        by="someone",
        now=now,
    )
    freeze_affected(incident=incident, owners=subjects_of, by="someone", now=now)
    draft_notice(incident=incident, duty="persons", by="someone", now=now)
    record_assessment(
        storefront_id=shop.pk,
        processing="sensitive",
        assessed_on=now.date(),
        assessed_by="合规负责人",
        purpose="核验订购人身份，法定必需",
        impact="泄露将危害个人权益",
        measures="加密、遮盖、访问留痕",
        acceptable=True,
        review_on=now.date() + timedelta(days=365),
        by="someone",
        now=now,
    )
    see_notice(subject=alice.subject, kind="providing", version="1", now=now)
    Export.objects.create(
        storefront=shop,
        customer=alice,
        job=jobs.queue(storefront_id=shop.pk, kind="rights.export", arguments={}, by="someone", now=now),
        secret_hash=alice.public_id.bytes * 2,
        asked_at=now,
        expires_at=now + timedelta(days=9000),
    )
    operator(f"colleague-{shop.code}{f'-{round}' if round else ''}", shop, "auditor")
    for role in ("area", "food_recall")[round : round + 1]:  # the others are there
        LegalParty.objects.create(storefront=shop, role=role, name="Party", country="CN")
    merchant = MerchantAccount.objects.get(storefront=shop)
    put_aside(merchant, now=now)
    merchant.past_keys.filter(serial_no=merchant.serial_no).update(serial_no=f"0A57{shop.pk:08X}{round:X}")
    app = partner_rows(shop, round, now)
    AccessToken.objects.create(
        application=app, token=f"plain-{shop.pk}-{round}", expires=now + timedelta(days=9000), scope="profile"
    )
    colleague = Operator.objects.get(username__startswith="colleague", pk=Operator.objects.latest("pk").pk)
    entering_rows(colleague, f"plain-{shop.pk}-{round}", now)
    Group.objects.get_or_create(name=f"group-{round}")
    LogEntry.objects.create(user=colleague, action_flag=1, object_repr="x")
    return {
        "order": order,
        "payment": payment,
        "complaint": complaint,
        "incident": incident,
        "case": case,
        "approval": approval,
        "variant": made,
    }


SECRET_TEXTS = (
    make.PHONES[make.ALICE],
    make.NUMBERS[make.ALICE],
    make.NAMES[make.ALICE],
    NICKNAME,
    STREET,
    DETAIL,
    PHONE,
    "o-maison-alice",
    "s" * 32,
    "k" * 32,
    "PRIVATE KEY",
    "an-invented-client-secret",
    "0123456789abcdef0123456789abcdef01234567",
    *(WORDS, REVIEW, "plain-", "pbkdf2_", "md5$", "&lt;memory", "b&#x27;\\x", "b'\\x"),
    "colleague-maison@shop.test",
)
