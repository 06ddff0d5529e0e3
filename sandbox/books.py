"""WeChat's own books, for who wants to compare: all of an order as it truly stands here."""

from typing import Any

from sandbox import customs
from sandbox.complaining import Complaint
from sandbox.declaring import Record
from sandbox.orders import Order
from sandbox.port import control as port
from sandbox.refunding import Refund
from sandbox.scene import Scene
from sandbox.wire import Json


def read(scene: Scene, _told: Json) -> Json:
    """GET /sandbox/books: orders, refunds, what customs was told, complaints, parcels and what was told of
    their shipping, without personal data, and how many letters will yet arrive."""
    now = scene.clock.now()
    return {
        "orders": [_order(one, now) for one in scene.orders.all()],
        "refunds": [_refund(one) for one in scene.refunds.all()],
        "declarations": [_declaration(scene, one) for one in scene.declarations.all()],
        "complaints": [_complaint(one) for one in scene.complaints.all()],
        "addresses": dict(scene.complaints.addresses),
        "parcels": scene.parcels.read(),
        "shippings": [_shipping(scene, one) for one in scene.orders.all()],
        "arriving": scene.courier.arriving(),
        "port": port.read(scene),
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


def _shipping(scene: Scene, order: Order) -> dict[str, Any]:
    known = scene.shippings.of(order)
    return {
        "out_trade_no": order.out_trade_no,
        "uploads": known.finished,
        "waybills": [parcel.number for parcel in known.parcels],
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


def _declaration(scene: Scene, record: Record) -> dict[str, Any]:
    return {
        "mchid": record.order.mchid,
        "out_trade_no": record.order.out_trade_no,
        "customs": record.customs,
        "order_fee": record.amount,
        "state": customs.state(scene, record),
        "rounds": record.rounds,
        "resent": record.resent,
    }


def _complaint(complaint: Complaint) -> dict[str, Any]:
    return {
        "mchid": complaint.order.mchid,
        "out_trade_no": complaint.order.out_trade_no,
        "complaint_id": complaint.complaint_id,
        "state": complaint.state,
        "said": [{"kind": one["operate_type"], "detail": one["operate_details"]} for one in complaint.said],
    }
