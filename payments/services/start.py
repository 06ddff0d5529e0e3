"""Starting to pay: one attempt at a time per order, the same number on every retry, no lock while waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance import services as compliance
from kernel import ids
from kernel.errors import Conflict
from kernel.tenancy import tenant
from orders.models import Order
from payments.gateways.wechat_pay import client_of, notify_url
from payments.models import Payment
from payments.services.declare_told import INSTITUTION, LIMIT, named_orderer
from payments.services.originals import Original, keep_original
from payments.services.query import query
from payments.states import PAYMENT
from storefronts import queries as storefronts
from storefronts.services import remember_refusal
from wechat.errors import NoPermission, OrderClosed, OrderPaid, OutTradeNoUsed, WechatError
from wechat.pay.client import bill_text
from wechat.pay.sealing import Named
from wechat.pay.signing import client_params

FIRST_QUERY_AFTER = timedelta(seconds=30)
_PERSON = ["buyer_name", "buyer_number"]
PREPAY_KEPT = timedelta(minutes=90)  # a prepay_id lives two hours (wechat.md B5)


@dataclass(eq=False)
class NotPayable(Conflict):
    """The order does not wait for money any more."""

    code = "order_not_payable"
    title = "This order is “{state}” and cannot be paid."
    title_zh = "订单当前状态为“{state}”，无法支付。"
    state: str


def start_payment(*, order: Order, openid: str, now: datetime) -> dict[str, str]:
    """Prepare the payment of `order` at WeChat; the parameters for `wx.requestPayment`.

    Three steps: the attempt is committed, WeChat is asked with no transaction open, the outcome is
    committed. Raises NotPayable, WrongState (closed while we asked), and wechat.errors; after an unknown
    outcome the same call may be made again and uses the same number.
    """
    payment = _attempt(order, now)
    if not _is_prepared(payment, now):
        try:
            payment = _prepare(payment, openid, now)
        except (OrderClosed, OutTradeNoUsed):
            _close_at_wechat(payment)  # a number used with other parameters may still be payable
            _close(payment, now)
            payment = _prepare(_attempt(order, now), openid, now)
    merchant = storefronts.merchant_by_mchid(payment.mchid)
    return client_params(merchant, payment.appid, payment.prepay_id, now)


def _attempt(order: Order, now: datetime) -> Payment:
    """The open attempt of the order, or a new one; what WeChat Pay will be told is disclosed with it. Raises
    NotPayable."""
    shop = storefronts.shop(order.storefront_id)
    merchant = storefronts.merchant_of(order.storefront_id)
    with tenant(order.storefront_id):
        order = Order.objects.select_for_update().get(pk=order.pk)
        if order.state != "placed" or order.expires_at <= now:
            raise NotPayable(state=order.state if order.state != "placed" else "closing")
        open_one = Payment.objects.filter(order=order, state__in=["created", "prepared"]).first()
        named = open_one.names_payer if open_one else storefronts.names_payer(merchant.mchid)
        if open_one is None or not _is_prepared(open_one, now):
            assert order.subject_id is not None  # it waits for its payment, so it has its consumer
            compliance.disclose(
                storefront_id=order.storefront_id,
                subject_id=order.subject_id,
                order_number=order.number,
                recipient_kind="payment",
                recipient=INSTITUTION,
                country="CN",
                purpose="pay",
                basis="contract",
                fields=["openid", "order_number", "amount", *(_PERSON if named else [])],
                now=now,
            )
        return open_one or Payment.objects.create(
            storefront_id=order.storefront_id,
            order=order,
            out_trade_no=ids.number(now),
            mchid=merchant.mchid,
            appid=shop.appid,
            amount_fen=order.total_fen,
            description=bill_text(f"{shop.name_zh} 订单 {order.number}"),
            notify_url=notify_url(merchant.mchid),
            names_payer=named,
            time_expire=order.expires_at,
            created_at=now,
            next_query_at=now + FIRST_QUERY_AFTER,
        )


def _is_prepared(payment: Payment, now: datetime) -> bool:
    """Whether WeChat need not be asked again: it gave a prepay_id that is still good."""
    fresh = payment.prepared_at is not None and now - payment.prepared_at < PREPAY_KEPT
    return payment.state == "prepared" and fresh


def _prepare(payment: Payment, openid: str, now: datetime) -> Payment:
    """Ask WeChat for a prepay_id, keep it and what was said. A closed attempt is closed at WeChat as well."""
    try:
        prepay_id, original = _asked(payment, openid, now)
    except OrderPaid:
        query(payment=payment, now=now)
        raise NotPayable(state="paid") from None
    try:
        with tenant(payment.storefront_id):
            PAYMENT.move(payment, "prepare", now=now, prepay_id=prepay_id, prepared_at=now)
            keep_original(payment=payment, original=original, now=now)
    except Conflict:
        payment.refresh_from_db()
        if payment.state == "prepared":
            return payment  # a twin of this request was faster; both numbers are the same
        _close_at_wechat(payment)
        raise NotPayable(state=payment.state) from None
    return payment


def _asked(payment: Payment, openid: str, now: datetime) -> tuple[str, Original]:
    """A prepay_id with the call that gave it, which the orderer alone can pay where the merchant may say so.

    Where WeChat does not let it, that is remembered, and the payment is prepared for anyone to pay: whether
    payer and orderer are one person is then asked after the declaration.
    """
    client = client_of(payment.mchid)

    def ask(payer: Named | None) -> tuple[str, Original]:
        said: list[Original] = []
        prepay_id = client.prepay_jsapi(
            appid=payment.appid,
            openid=openid,
            out_trade_no=payment.out_trade_no,
            description=payment.description,
            total_fen=payment.amount_fen,
            notify_url=payment.notify_url,
            time_expire=payment.time_expire,
            payer=payer,
            keep=lambda request, response: said.append(Original(request.decode(), response.decode())),
        )
        return prepay_id, said[0]

    if payment.names_payer:
        with tenant(payment.storefront_id):
            order = Order.objects.select_related("key").get(pk=payment.order_id)
            payer = named_orderer(order, now, LIMIT)
        try:
            return ask(payer)
        except NoPermission:
            with tenant(payment.storefront_id):
                remember_refusal(mchid=payment.mchid)
                Payment.objects.filter(pk=payment.pk).update(names_payer=False)
            payment.names_payer = False
    return ask(None)


def _close(payment: Payment, now: datetime) -> None:
    with tenant(payment.storefront_id):
        PAYMENT.move(payment, "close", now=now)


def _close_at_wechat(payment: Payment) -> None:
    """Best effort: nobody waits for this number any more, so it must not stay payable until it expires."""
    try:
        client_of(payment.mchid).close(payment.out_trade_no)
    except WechatError:
        return  # it carries time_expire; should it be paid all the same, settle() opens a case
