"""WeChat's own books, for who wants to compare: every order and every refund as they truly stand here."""

from typing import Any

from sandbox.orders import Order
from sandbox.refunding import Refund
from sandbox.scene import Scene
from sandbox.wire import Json


def read(scene: Scene, _told: Json) -> Json:
    """GET /sandbox/books: orders and refunds without personal data, and how many letters will yet arrive."""
    now = scene.clock.now()
    return {
        "orders": [_order(one, now) for one in scene.orders.all()],
        "refunds": [_refund(one) for one in scene.refunds.all()],
        "arriving": scene.courier.arriving(),
    }


def _order(order: Order, now: float) -> dict[str, Any]:
    return {
        "mchid": order.mchid,
        "out_trade_no": order.out_trade_no,
        "total": order.total,
        "transaction_id": order.transaction_id,
        "paid": order.success_at is not None,
        "payable": order.trade_state == "NOTPAY" and now < order.expires_at,
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "mchid": refund.order.mchid,
        "out_trade_no": refund.order.out_trade_no,
        "out_refund_no": refund.out_refund_no,
        "refund_id": refund.refund_id,
        "amount": refund.amount,
        "status": refund.status,
    }
