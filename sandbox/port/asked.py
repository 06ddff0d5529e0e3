"""Carrier and supervised site, asked for their messages: they write 511, 513 and 711 and send them."""

from decimal import Decimal, InvalidOperation

from sandbox.port.form import Paper, bytes_of, read, write
from sandbox.port.office import Enterprise, new_guid
from sandbox.port.seals import sign
from sandbox.scene import Scene
from sandbox.wire import ControlFault, Json

CARRIER = Enterprise("DXPCARRIER0000000001", "4403169D99", "顺丰速运有限公司")
SITE = Enterprise("DXPSITE0000000000001", "3302960S01", "宁波跨境电商监管作业场所")

COPIED = ("CEB511Message", "CEB711Message")  # whoever subscribed to it has the message itself too


def waybill(scene: Scene, told: Json) -> Json:
    """POST /carrier/waybills: the carrier declares this parcel of its own."""
    office, number = scene.port.office, _text(told, "waybill", 60)
    code = _text(told, "logistics_code", 18, CARRIER.cop_code)
    head = _heading(scene) | {
        "appType": _text(told, "app_type", 1, "1"),
        "logisticsCode": code,
        "logisticsName": _text(told, "logistics_name", 100, CARRIER.cop_name),
        "logisticsNo": number,
        "billNo": _text(told, "bill_no", 37, ""),
        "orderNo": _text(told, "order_no", 60),
        "freight": _amount(told, "freight", "0"),
        "insuredFee": _amount(told, "insured", "0"),
        "currency": "142",
        "weight": _amount(told, "weight"),
        "packNo": "1",
        "goodsInfo": _text(told, "goods", 200, ""),
        "consignee": _text(told, "consignee", 100),
        "consigneeAddress": _text(told, "address", 200),
        "consigneeTelephone": _text(told, "phone", 50),
    }
    guid = _send(scene, "CEB511Message", Paper(head), CARRIER, _box(scene, told))
    with office.lock:
        scene.port.carried[number] = code, _box(scene, told)
    return {"guid": guid}


def delivered(scene: Scene, number: str) -> None:
    """513: a parcel that the carrier declared was signed for."""
    known = scene.port.carried.get(number)
    if known is None:
        return
    code, box = known
    head = _heading(scene) | {
        "appType": "1",
        "logisticsCode": code,
        "logisticsName": CARRIER.cop_name,
        "logisticsNo": number,
        "logisticsStatus": "S",
        "logisticsTime": f"{scene.port.office.today():%Y%m%d%H%M%S}",
    }
    _send(scene, "CEB513Message", Paper(head), CARRIER, box)


def entry(scene: Scene, told: Json) -> Json:
    """POST /site/entries: the site declares what came in under a bill; who subscribed sees it."""
    numbers = told.get("waybills")
    if not isinstance(numbers, list) or not numbers or not all(isinstance(one, str) for one in numbers):
        raise ControlFault(400, "waybills is a list of texts")
    head = _heading(scene) | {
        "appType": "1",
        "customsCode": _text(told, "customs_code", 4),
        "copNo": f"RK{scene.port.office.today():%Y%m%d}{scene.port.office.number(8)}",
        "operatorCode": SITE.cop_code,
        "operatorName": SITE.cop_name,
        "ieFlag": "I",
        "trafMode": _text(told, "traf_mode", 1, "5"),
        "trafNo": _text(told, "traf_no", 100),
        "voyageNo": _text(told, "voyage_no", 32),
        "billNo": _text(told, "bill_no", 37),
        "logisticsCode": _text(told, "logistics_code", 18, CARRIER.cop_code),
        "logisticsName": _text(told, "logistics_name", 100, CARRIER.cop_name),
    }
    lines = [{"gnum": str(place), "logisticsNo": one} for place, one in enumerate(numbers, 1)]
    return {"guid": _send(scene, "CEB711Message", Paper(head, lines), SITE, _box(scene, told))}


def _heading(scene: Scene) -> dict[str, str]:
    return {"guid": new_guid(), "appTime": f"{scene.port.office.today():%Y%m%d%H%M%S}", "appStatus": "2"}


def _send(scene: Scene, name: str, paper: Paper, sender: Enterprise, box: str) -> str:
    """Through the same door as anyone's: what does not fit is refused here."""
    transfer = {
        "copCode": sender.cop_code,
        "copName": sender.cop_name,
        "dxpMode": "DXP",
        "dxpId": sender.dxp_id,
    }
    guid, office = new_guid(), scene.port.office
    root = write(name, guid, [paper], transfer)
    if sender is SITE:
        sign(root, scene.world.site)
    sent = read(root)
    sent.subscribers = [box]
    with office.lock:
        if name in COPIED:
            office.later(1, lambda: office.copy(box, bytes_of(root)))
        scene.port.intake.file(sent, sender, {})
    return guid


def _box(scene: Scene, told: Json) -> str:
    """Who gets the receipts too."""
    box = told.get("dxp_id")
    if not isinstance(box, str) or box not in scene.port.office.enterprises:
        raise ControlFault(404, "dxp_id: no such enterprise")
    return box


def _text(told: Json, name: str, most: int, unless: str | None = None) -> str:
    value = told.get(name, unless)
    if not isinstance(value, str) or (unless is None and not value) or len(value) > most:
        raise ControlFault(400, f"{name}: a text of at most {most} characters")
    return value


def _amount(told: Json, name: str, unless: str | None = None) -> str:
    value = told.get(name, unless)
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount < 0:
        raise ControlFault(400, f"{name}: a decimal number as text")
    return f"{amount:f}"
