"""api.weixin.qq.com/wxa/sec/order: what is told of shipping, WeChat's errors, what it pushes."""

import re
from collections.abc import Callable
from datetime import datetime

from sandbox import pushing
from sandbox.courier import Letter
from sandbox.orders import Order
from sandbox.payer import text
from sandbox.scene import Scene
from sandbox.shipped import COMPLETED, RECEIVED, REFUNDED, SETTLES_AFTER_SECONDS, Parcel, Shipped
from sandbox.wire import ControlFault, Json, LoginFault, Reply, Request, json_reply, loads

EXPRESS, UNIFIED, SPLIT = 1, 1, 2
MOST_PARCELS, LONGEST, MOST_CHANCES, PAGE = 10, 120, 2, 100
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")
MASKED = re.compile(r"[\d+\-]*\*{2,}[\d*\-]*\d{4}")
CARRIERS = {
    "SF": "顺丰速运",
    "JD": "京东快递",
    "EMS": "中国邮政速递物流",
    "YTO": "圆通速递",
    "ZTO": "中通快递",
    "STO": "申通快递",
    "YD": "韵达速递",
}
Handler = Callable[[Scene, Request], Reply]


def upload(scene: Scene, request: Request) -> Reply:
    """POST upload_shipping_info."""
    appid, body = _asked(scene, request)
    key = _object(body, "order_key")
    if key.get("order_number_type") not in (1, 2):
        raise LoginFault(10060014, "order_number_type error")
    if key["order_number_type"] == 1:
        order = _order(scene, appid, "", key.get("mchid"), key.get("out_trade_no"))
    else:
        order = _order(scene, appid, key.get("transaction_id"), None, None)
    parcels, said_at = _parcels(scene, body), _said_at(body)
    mode, complete = body["delivery_mode"], body.get("is_all_delivered") is True
    if _object(body, "payer").get("openid") != order.openid:
        raise LoginFault(10060031, "the order is not this openid's")
    with scene.shippings.lock:
        shipped = scene.shippings.of(order)
        _may_ship(scene, order, shipped, parcels, mode)
        if said_at <= shipped.said_at:
            raise LoginFault(10060014, "upload_time is not later than the last one")
        fresh = shipped.finished == 0 and mode == shipped.mode == SPLIT
        kept = [p for p in shipped.parcels if p.number not in {n.number for n in parcels}] if fresh else []
        shipped.parcels, shipped.mode, shipped.said_at = kept + parcels, mode, said_at
        shipped.logistics = int(body["logistics_type"])
        if mode == UNIFIED or complete:
            shipped.finished += 1
            shipped.first_at = shipped.first_at or scene.clock.now()
    if mode == UNIFIED or complete:
        settlement(scene, order)
    return _ok()


def _may_ship(scene: Scene, order: Order, shipped: Shipped, parcels: list[Parcel], mode: int) -> None:
    state = scene.shippings.state(order)
    if state in (COMPLETED, REFUNDED):
        raise LoginFault(10060004, "支付单处于不可发货的状态，请检查订单状态")
    if state == RECEIVED:
        raise LoginFault(10060002, "支付单已完成发货，无法继续发货")
    if not shipped.finished:
        return
    before = [(one.number, one.carrier, one.goods, one.contact) for one in shipped.parcels]
    if mode == shipped.mode and before == [(p.number, p.carrier, p.goods, p.contact) for p in parcels]:
        raise LoginFault(10060023, "发货信息未更新")
    if shipped.finished >= MOST_CHANCES:
        raise LoginFault(10060003, "支付单已使用重新发货机会")


def _parcels(scene: Scene, body: Json) -> list[Parcel]:
    logistics, mode, rows = body.get("logistics_type"), body.get("delivery_mode"), body.get("shipping_list")
    if logistics not in (1, 2, 3, 4):
        raise LoginFault(10060005, "物流类型有误")
    if mode not in (UNIFIED, SPLIT) or not isinstance(rows, list) or not rows:
        raise LoginFault(47001, "data format error")
    if mode == SPLIT and logistics != EXPRESS:
        raise LoginFault(10060006, "非快递发货时不允许分拆发货")
    if mode == SPLIT and not isinstance(body.get("is_all_delivered"), bool):
        raise LoginFault(10060007, "分拆发货模式下必须填写is_all_delivered字段")
    if len(rows) > (MOST_PARCELS if mode == SPLIT else 1):
        raise LoginFault(10060024, "物流信息列表太长")
    return [_parcel(scene, row if isinstance(row, dict) else {}, logistics) for row in rows]


def _parcel(scene: Scene, row: Json, logistics: int) -> Parcel:
    number, carrier, goods = (text(row, n) or "" for n in ("tracking_no", "express_company", "item_desc"))
    told = row.get("contact")
    contact: Json = told if isinstance(told, dict) else {}
    if not goods:
        raise LoginFault(10060008, "商品描述item_desc字段不能为空")
    if len(goods) > LONGEST:
        raise LoginFault(10060009, "商品描述item_desc字段太长")
    if logistics == EXPRESS and (not number or carrier not in CARRIERS):
        raise LoginFault(10060014, "参数错误")
    if any(not MASKED.fullmatch(str(value)) for value in contact.values()):
        raise LoginFault(10060014, "contact must be masked")
    if carrier == "SF" and not contact:
        raise LoginFault(10060014, "contact is needed")
    return Parcel(number, carrier, goods, contact, scene.clock.now())


def _said_at(body: Json) -> float:
    said = body.get("upload_time")
    if not isinstance(said, str) or not TIME.fullmatch(said):
        raise LoginFault(10060014, "upload_time format error")
    return datetime.fromisoformat(said).timestamp()


def get_order(scene: Scene, request: Request) -> Reply:
    """POST get_order: by transaction_id, or by merchant_id and merchant_trade_no."""
    appid, body = _asked(scene, request)
    number = body.get("transaction_id")
    order = _order(scene, appid, number, body.get("merchant_id"), body.get("merchant_trade_no"))
    return _ok(order=scene.shippings.read(order))


def get_order_list(scene: Scene, request: Request) -> Reply:
    """POST get_order_list, in pages of at most 100, the first paid first."""
    appid, body = _asked(scene, request)
    when = body.get("pay_time_range")
    between: Json = when if isinstance(when, dict) else {}
    begin, end = between.get("begin_time", 0), between.get("end_time", 2**32 - 1)
    size, start = body.get("page_size", PAGE), str(body.get("last_index") or "0")
    if not isinstance(size, int) or not 0 < size <= PAGE or not start.isdigit():
        raise LoginFault(10060014, "参数错误")
    found = [
        read
        for order in scene.orders.all()
        if order.appid == appid and scene.shippings.is_known(order)
        for read in (scene.shippings.read(order),)
        if begin <= read["pay_time"] <= end
        and body.get("openid") in (None, read["openid"])
        and body.get("order_state") in (None, read["order_state"])
    ]
    found.sort(key=lambda read: (read["pay_time"], read["transaction_id"]))
    upto = int(start) + size
    return _ok(last_index=str(upto), has_more=upto < len(found), order_list=found[int(start) : upto])


def remind(scene: Scene, request: Request) -> Reply:
    """POST notify_confirm_receive: once an order, while it is under way."""
    appid, body = _asked(scene, request)
    number = body.get("transaction_id")
    order = _order(scene, appid, number, body.get("merchant_id"), body.get("merchant_trade_no"))
    if not isinstance(body.get("received_time"), int):
        raise LoginFault(10060014, "参数错误")
    with scene.shippings.lock:
        shipped = scene.shippings.of(order)
        if scene.shippings.state(order) != 2 or shipped.reminded_at is not None:
            raise LoginFault(10060004, "the order cannot be reminded of")
        shipped.reminded_at = scene.clock.now()
    return _ok()


def is_managed(scene: Scene, request: Request) -> Reply:
    return _ok(is_trade_managed=scene.shippings.management(_same(scene, request)).managed)


def is_confirmed(scene: Scene, request: Request) -> Reply:
    return _ok(completed=scene.shippings.management(_same(scene, request)).confirmed)


def set_path(scene: Scene, request: Request) -> Reply:
    appid, body = _asked(scene, request)
    path = text(body, "path")
    if not path:
        raise LoginFault(10060019, "path is empty")
    scene.shippings.management(appid).path = path
    return _ok()


def delivery_list(scene: Scene, request: Request) -> Reply:
    _asked(scene, request)
    rows = [{"delivery_id": code, "delivery_name": name} for code, name in CARRIERS.items()]
    return _ok(count=len(rows), delivery_list=rows)


_UNDER = "/wxa/sec/order/"
ROUTES: dict[str, tuple[str, str, Handler]] = {
    f"{_UNDER}upload_shipping_info": ("POST", "ship_upload", upload),
    f"{_UNDER}get_order": ("POST", "ship_order", get_order),
    f"{_UNDER}get_order_list": ("POST", "ship_list", get_order_list),
    f"{_UNDER}notify_confirm_receive": ("POST", "ship_remind", remind),
    f"{_UNDER}set_msg_jump_path": ("POST", "ship_path", set_path),
    f"{_UNDER}is_trade_managed": ("POST", "ship_managed", is_managed),
    f"{_UNDER}is_trade_management_confirmation_completed": ("POST", "ship_confirmed", is_confirmed),
    "/cgi-bin/express/delivery/open_msg/get_delivery_list": ("POST", "ship_carriers", delivery_list),
}


def settlement(scene: Scene, order: Order, *, as_json: bool = False) -> Letter | None:
    """Push trade_manage_order_settlement: at shipping with its last members empty, and at settlement."""
    shipped = scene.shippings.of(order)
    told: Json = {
        **_numbers(order),
        "pay_time": int(order.success_at or 0),
        "shipped_time": int(shipped.first_at or 0),
        "estimated_settlement_time": int((shipped.first_at or 0) + SETTLES_AFTER_SECONDS),
        "confirm_receive_method": "2" if shipped.received_at else "",  # known to be told the other way round
        "confirm_receive_time": int(shipped.received_at) if shipped.received_at else "",
        "settlement_time": int(shipped.settled_at) if shipped.settled_at else "",
    }
    return _push(scene, order, "trade_manage_order_settlement", told, as_json)


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/shipping: what happens to a paid order at WeChat; `read` changes nothing."""
    order = scene.orders.find(
        out_trade_no=text(told, "out_trade_no"), prepay_id=None, mchid=text(told, "mchid")
    )
    if order.success_at is None:
        raise ControlFault(409, "only what was paid is shipped")
    act, shipped, as_json = text(told, "act"), scene.shippings.of(order), told.get("json") is True
    with scene.shippings.lock:
        if act == "receive":
            shipped.received_at = scene.clock.now()
        elif act == "settle":
            shipped.settled_at = scene.clock.now()
            settlement(scene, order, as_json=as_json)
        elif act == "forget":
            scene.shippings.forget(order)
        elif act == "by_hand":  # as someone does in the console
            shipped.parcels = [Parcel(text(told, "waybill") or "", "SF", "商品", {}, scene.clock.now())]
            shipped.finished, shipped.first_at = shipped.finished + 1, scene.clock.now()
        elif act == "remind":
            facts = {**_numbers(order), "pay_time": int(order.success_at), "msg": "您有订单待发货"}
            _push(scene, order, "trade_manage_remind_shipping", facts, as_json)
        elif act == "tell":
            settlement(scene, order, as_json=as_json)
        elif act != "read":
            raise ControlFault(400, "act: receive, settle, forget, by_hand, remind, tell or read")
    return {**scene.shippings.read(order), "reminded": shipped.reminded_at is not None}


def manage(scene: Scene, told: Json) -> Json:
    """POST /sandbox/trade_management: how a mini-program stands, and when WeChat learns of its payments."""
    storefront = scene.world.by_appid(str(told.get("appid", "")))
    if storefront is None:
        raise ControlFault(404, "no such appid")
    stand = scene.shippings.management(storefront.appid)
    for name in ("managed", "confirmed"):
        if isinstance(told.get(name), bool):
            setattr(stand, name, told[name])
    if isinstance(told.get("ingest_seconds"), int | float):
        stand.ingest_seconds = float(told["ingest_seconds"])
    if never := text(told, "never"):
        stand.never.add(never)
    if told.get("remind") is True:
        pushing.event(scene, storefront, "trade_manage_remind_access_api", {"msg": "请接入发货接口"})
    return {"managed": stand.managed, "confirmed": stand.confirmed, "path": stand.path}


def _push(scene: Scene, order: Order, name: str, told: Json, as_json: bool) -> Letter | None:
    storefront = scene.world.by_appid(order.appid)
    assert storefront is not None
    of = {"openid": order.openid, "out_trade_no": order.out_trade_no}
    return pushing.event(scene, storefront, name, told, **of, as_json=as_json)


def _numbers(order: Order) -> Json:
    return {
        "transaction_id": order.transaction_id,
        "merchant_id": order.mchid,
        "sub_merchant_id": "",
        "merchant_trade_no": order.out_trade_no,
    }


def _asked(scene: Scene, request: Request) -> tuple[str, Json]:
    appid = scene.tokens.check(request.query.get("access_token"))
    try:
        return appid, loads(request.body)
    except ValueError:
        raise LoginFault(47001, "data format error") from None


def _same(scene: Scene, request: Request) -> str:
    appid, body = _asked(scene, request)
    if body.get("appid") != appid:
        raise LoginFault(40013, "invalid appid")
    return appid


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if not isinstance(value, dict):
        raise LoginFault(47001, "data format error")
    return value


def _order(scene: Scene, appid: str, transaction_id: object, mchid: object, number: object) -> Order:
    """The mini-program's own payment, once it was taken over; 10060001 for any other."""
    for order in scene.orders.all():
        named = order.transaction_id == transaction_id if transaction_id else order.out_trade_no == number
        mine = order.appid == appid and (bool(transaction_id) or order.mchid == mchid)
        if mine and named and scene.shippings.is_known(order):
            return order
    raise LoginFault(10060001, "支付单不存在")


def _ok(**facts: object) -> Reply:
    return json_reply({"errcode": 0, "errmsg": "ok", **facts})
