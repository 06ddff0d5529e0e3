"""Consumer complaints as WeChat Pay's calls tell and take them, and the consumer's own hand in them."""

import hashlib
import re
import secrets
from datetime import date
from typing import Any

from sandbox import notices
from sandbox.authorization import parts_of
from sandbox.complaining import PROBLEMS, Complaint
from sandbox.fields import Listing, Record, Text, Url, Whole, body_of, refuse
from sandbox.scene import Scene
from sandbox.wire import ControlFault, Json, PayFault, Reply, Request, json_reply, loads
from sandbox.world import Storefront

LIST_DAYS, LIST_LIMIT, HISTORY_LIMIT = 30, 50, 300
URL = Record({"url": Url()}, {})
REPLY = Record(
    {"complainted_mchid": Text(64), "response_content": Text(200)},
    {"response_images": Listing(Text(512)), "jump_url": Text(512), "jump_url_text": Text(10)},
)
REFUND = Record(
    {"action": Text(32)},
    {"launch_refund_day": Whole(0), "reject_reason": Text(200), "remark": Text(200)},
)
COMPLETE = Record({"complainted_mchid": Text(64)}, {})


def set_address(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """POST complaint-notifications: where none is set yet."""
    url = body_of(request, URL)["url"]
    if merchant.mchid in scene.complaints.addresses:
        raise PayFault(400, "INVALID_REQUEST", "投诉通知回调地址已存在")
    return _address(scene, merchant, url)


def change_address(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """PUT complaint-notifications: where one is set."""
    _set(scene, merchant)
    return _address(scene, merchant, body_of(request, URL)["url"])


def read_address(scene: Scene, _request: Request, merchant: Storefront) -> Reply:
    """GET complaint-notifications."""
    return json_reply({"mchid": merchant.mchid, "url": _set(scene, merchant)})


def drop_address(scene: Scene, _request: Request, merchant: Storefront) -> Reply:
    """DELETE complaint-notifications."""
    scene.complaints.addresses.pop(merchant.mchid, None)
    return Reply(204)


def listed(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """GET complaints-v2: at most 30 days, 50 a page, the newest first."""
    asked = request.query
    first, last = (_day(asked, name) for name in ("begin_date", "end_date"))
    if not 0 <= (last - first).days < LIST_DAYS:
        raise refuse("end_date", "must be within 30 days of begin_date", location="query")
    if asked.get("complainted_mchid", merchant.mchid) != merchant.mchid:
        raise PayFault(403, "NO_AUTH", "商户号无权限")
    limit, offset = _page(asked, LIST_LIMIT)
    found = scene.complaints.of(merchant.mchid, first.isoformat(), last.isoformat())
    rows = [one.told() for one in found[offset : offset + limit]]
    return json_reply({"data": rows, "limit": limit, "offset": offset, "total_count": len(found)})


def detail(scene: Scene, _request: Request, merchant: Storefront, complaint_id: str) -> Reply:
    """GET complaints-v2/{complaint_id}."""
    return json_reply(_known(scene, merchant, complaint_id).told())


def history(scene: Scene, request: Request, merchant: Storefront, complaint_id: str) -> Reply:
    """GET complaints-v2/{complaint_id}/negotiation-historys: the newest first."""
    limit, offset = _page(request.query, HISTORY_LIMIT)
    said = _known(scene, merchant, complaint_id).said[::-1]
    rows = said[offset : offset + limit]
    return json_reply({"data": rows, "limit": limit, "offset": offset, "total_count": len(said)})


def respond(scene: Scene, request: Request, merchant: Storefront, complaint_id: str) -> Reply:
    """POST complaints-v2/{complaint_id}/response: 204."""
    body = body_of(request, REPLY)
    _own(merchant, body)
    pictures = body.get("response_images", [])
    if len(pictures) > 4:
        raise refuse("/response_images", "at most four")
    if not all(scene.complaints.media.get(one) == merchant.mchid for one in pictures):
        raise refuse("/response_images", "names no upload of this merchant")
    complaint = _known(scene, merchant, complaint_id)
    scene.complaints.reply(complaint, body["response_content"], pictures)
    tell(scene, complaint, "MERCHANT_RESPONSE")
    return Reply(204)


def upload(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """POST images/upload: `meta` tells name and SHA-256 of `file`, at most 2 MB of JPG, PNG or BMP."""
    parts = parts_of(request)
    try:
        meta = loads(parts.get("meta", b""))
    except ValueError:
        raise refuse("meta", "is not a JSON object") from None
    content = parts.get("file", b"")
    if not 0 < len(content) <= 2 << 20 or not content.startswith((b"\xff\xd8", b"\x89PNG", b"BM")):
        raise PayFault(400, "PARAM_ERROR", "图片须为 2MB 以内的 JPG、PNG 或 BMP")
    if str(meta.get("filename", "")).rpartition(".")[2].lower() not in ("jpg", "png", "bmp"):
        raise refuse("filename", "must end in jpg, png or bmp")
    if meta.get("sha256") != hashlib.sha256(content).hexdigest():
        raise PayFault(400, "PARAM_ERROR", "图片 sha256 校验失败")
    media_id = secrets.token_urlsafe(32)
    scene.complaints.media[media_id] = merchant.mchid
    return json_reply({"media_id": media_id})


def decide(scene: Scene, request: Request, merchant: Storefront, complaint_id: str) -> Reply:
    """POST complaints-v2/{complaint_id}/update-refund-progress: 204; no money moves."""
    body = body_of(request, REFUND)
    if body["action"] not in ("APPROVE", "REJECT"):
        raise refuse("/action", "is none of APPROVE, REJECT", value=body["action"])
    if body["action"] == "REJECT" and "reject_reason" not in body:
        raise refuse("/reject_reason", "is required with REJECT")
    complaint = _known(scene, merchant, complaint_id)
    tell(scene, complaint, scene.complaints.decide(complaint, body))
    return Reply(204)


def complete(scene: Scene, request: Request, merchant: Storefront, complaint_id: str) -> Reply:
    """POST complaints-v2/{complaint_id}/complete: 204."""
    _own(merchant, body_of(request, COMPLETE))
    complaint = _known(scene, merchant, complaint_id)
    scene.complaints.complete(complaint)
    tell(scene, complaint, "MERCHANT_CONFIRM_COMPLETE")
    return Reply(204)


def tell(scene: Scene, complaint: Complaint, action: str, event: str = "STATE_CHANGE") -> str:
    """Send word that something happened; the id of the notification, empty where no address is set."""
    merchant = scene.world.by_mchid(complaint.order.mchid)
    url = scene.complaints.addresses.get(complaint.order.mchid)
    if url is None or merchant is None:
        return ""
    return notices.sent(
        scene,
        merchant,
        event_type=f"COMPLAINT.{event}",
        summary="消费者投诉",
        original_type="complaint",
        resource={"complaint_id": complaint.complaint_id, "action_type": action},
        url=url,
        key=notices.signing_key(scene, merchant.mchid, None),
        out_trade_no=complaint.order.out_trade_no,
    ).id


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/complain: the consumer complains, or goes on with a complaint by `action`."""
    if "complaint_id" in told:
        return _go_on(scene, told)
    mchid, number = told.get("mchid"), told.get("out_trade_no")
    merchant = scene.world.by_mchid(mchid) if isinstance(mchid, str) else None
    if merchant is None or not isinstance(number, str):
        raise ControlFault(400, "say mchid and out_trade_no, or complaint_id and action")
    order = scene.orders.paid_or_not(merchant.mchid, number, "")
    if order is None or order.success_at is None:
        raise ControlFault(409, "only of what was paid does one complain")
    problem, wished = told.get("problem_type", "REFUND"), told.get("wished", order.total)
    if problem not in PROBLEMS or not (wished is None or type(wished) is int):
        raise ControlFault(400, f"problem_type is one of {PROBLEMS}, wished whole fen or null")
    complaint = scene.complaints.open(
        order,
        detail=str(told.get("detail", "商品有问题，申请退款")),
        phone=str(told.get("phone", "13800138000")),
        problem_type=problem,
        wished=wished if problem == "REFUND" else None,
        key=merchant.merchant_key,
    )
    notice = tell(scene, complaint, "CREATE_COMPLAINT", "CREATE")
    return {"complaint_id": complaint.complaint_id, "notification_id": notice}


def _go_on(scene: Scene, told: Json) -> Json:
    complaint = scene.complaints.find(None, str(told["complaint_id"]))
    if complaint is None:
        raise ControlFault(404, "no such complaint")
    match told.get("action"):
        case "continue":
            scene.complaints.take_up(complaint, str(told.get("detail", "仍未解决")))
            action = "CONTINUE_COMPLAINT"
        case "withdraw":
            scene.complaints.withdraw(complaint)
            action = "USER_REVOKE_COMPLAINT"
        case "enforce":
            _enforce(scene, complaint)
            action = "REFUND_BY_PLATFORM"
        case _:
            raise ControlFault(400, "action is one of continue, withdraw, enforce")
    return {"complaint_id": complaint.complaint_id, "notification_id": tell(scene, complaint, action)}


def _enforce(scene: Scene, complaint: Complaint) -> None:
    """WeChat refunds out of the merchant's account what was left to lie too long."""
    if not scene.complaints.overdue(complaint):
        raise ControlFault(409, "no deadline has passed")
    order = complaint.order
    number = f"WX{complaint.complaint_id}"
    body: Json = {"out_refund_no": number, "amount": {"refund": order.total, "total": order.total}}
    try:
        refund, _ = scene.refunds.take(order, body)
    except PayFault as fault:
        raise ControlFault(409, fault.message) from None
    scene.refunds.become(refund, "SUCCESS")
    complaint.full_refunded = True
    scene.complaints.withdraw(complaint)


def _address(scene: Scene, merchant: Storefront, url: str) -> Reply:
    scene.complaints.addresses[merchant.mchid] = url
    return json_reply({"mchid": merchant.mchid, "url": url})


def _set(scene: Scene, merchant: Storefront) -> str:
    url = scene.complaints.addresses.get(merchant.mchid)
    if url is None:
        raise PayFault(404, "RESOURCE_NOT_EXISTS", "投诉通知回调地址不存在")
    return url


def _known(scene: Scene, merchant: Storefront, complaint_id: str) -> Complaint:
    found = scene.complaints.find(merchant.mchid, complaint_id)
    if found is None:
        raise PayFault(404, "RESOURCE_NOT_EXISTS", "投诉单不存在")
    return found


def _own(merchant: Storefront, body: Json) -> None:
    if body["complainted_mchid"] != merchant.mchid:
        raise PayFault(403, "NO_AUTH", "被诉商户号无权限")


def _day(asked: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(asked.get(name, ""))
    except ValueError:
        raise refuse(name, "must be a day as 2026-11-01", location="query") from None


def _page(asked: dict[str, str], most: int) -> tuple[int, int]:
    found: list[Any] = [asked.get("limit", str(most)), asked.get("offset", "0")]
    if not all(re.fullmatch(r"\d{1,6}", one) for one in found):
        raise refuse("limit", "limit and offset must be whole", location="query")
    limit, offset = map(int, found)
    if not 1 <= limit <= most:
        raise refuse("limit", f"must be 1 to {most}", location="query")
    return limit, offset
