"""Control of the port: what becomes of papers, what buyers have used, rates, sheets, who is registered."""

from decimal import Decimal, InvalidOperation

from sandbox.port import lists, taxes
from sandbox.port.filing import KIND
from sandbox.port.office import Enterprise, Filed, Outcome, alive
from sandbox.port.seals import NAMES, Card
from sandbox.scene import Scene
from sandbox.wire import ControlFault, Json

OUTCOMES = ("release", "inspect", "detain", "return_abroad", "reject", "review")
ENDED = ("700", "800", "899")
ONGOING = ("120", "300", "399", "500", *lists.DETAINED)


def paper(scene: Scene, told: Json) -> Json:
    """POST /sandbox/port: what becomes of an order's list, or of its next paper of another kind."""
    order, outcome, document = _text(told, "order"), told.get("outcome"), told.get("document", "list")
    if outcome not in OUTCOMES or document not in KIND.values():
        raise ControlFault(400, f"outcome: one of {OUTCOMES}; document: one of {tuple(KIND.values())}")
    if document != "list" and outcome != "reject":
        raise ControlFault(400, f"a {document} can only be rejected")
    wanted = Outcome(str(outcome), _text(told, "code", ""), _text(told, "info", ""))
    office = scene.port.office
    scene.port.tick()
    with office.lock:
        listed = _list(scene, order) if document == "list" else None
        if listed is not None and listed.status in ONGOING:
            lists.apply(office, listed, wanted)
            scene.port.tick()
            return {"status": listed.status}
        if listed is not None and listed.status in ENDED:
            raise ControlFault(409, f"the list stands at {listed.status}")
        office.outcomes.setdefault((str(document), order), []).append(wanted)
    return {"status": listed.status if listed else ""}


def _list(scene: Scene, order: str) -> Filed | None:
    found = [one for key, each in scene.port.office.lists.items() if key[0] == order for one in each]
    return next((one for one in reversed(found) if alive(one)), None)


def quota(scene: Scene, told: Json) -> Json:
    """POST /sandbox/port_quota: what a buyer has used this year; with `used`, has used from now on."""
    office, number = scene.port.office, _text(told, "number")
    scene.port.tick()
    with office.lock:
        key = number, office.today().year
        if "used" in told:
            office.used[key] = _amount(told, "used")
        return {"used": f"{office.used.get(key, Decimal(0)):.2f}"}


def rates(scene: Scene, told: Json) -> Json:
    """POST /sandbox/port_rates: duty, VAT and consumption tax of a code of ten digits."""
    duty, vat, consumption = (
        _amount(told, one, unless)
        for one, unless in zip(("duty", "vat", "consumption"), ("0", "0.13", "0"), strict=True)
    )
    if max(duty, vat, consumption) >= 1:
        raise ControlFault(400, "a rate is less than 1")
    with scene.port.office.lock:
        scene.port.office.rates[_text(told, "gcode")] = duty, vat, consumption
    return {}


def tax(scene: Scene, told: Json) -> Json:
    """POST /sandbox/port_tax: the sheet of an order's list is summarised (2) or void (3)."""
    order, status = _text(told, "order"), told.get("status")
    scene.port.tick()
    with scene.port.office.lock:
        listed = _list(scene, order)
        if listed is None or listed.tax is None or status not in ("2", "3"):
            raise ControlFault(404, "no tax sheet of this order, or status is neither 2 nor 3")
        taxes.stands(scene.port.office, listed, str(status))
        scene.port.tick()
        return {"taxNo": listed.tax.head["taxNo"], "entDutyNo": listed.tax.head.get("entDutyNo", "")}


def enterprise(scene: Scene, told: Json) -> Json:
    """POST /sandbox/port_enterprise: register one, or register one anew with other certificates."""
    given = told.get("certificates", [])
    if not isinstance(given, list) or not all(
        isinstance(one, dict) and set(one) >= {"method", "number", "certificate"} and one["method"] in NAMES
        for one in given
    ):
        raise ControlFault(400, f"certificates: method (one of {tuple(NAMES)}), number, certificate")
    cards = tuple(Card(one["method"], one["number"], one["certificate"]) for one in given)
    made = Enterprise(_text(told, "dxp_id"), _text(told, "cop_code"), _text(told, "cop_name"), cards=cards)
    with scene.port.office.lock:
        scene.port.office.enterprises[made.dxp_id] = made
    return {}


def card(scene: Scene, told: Json) -> Json:
    """POST /sandbox/card."""
    return scene.port.machine.control(told)


def read(scene: Scene) -> Json:
    """What the port holds, without personal data."""
    office = scene.port.office
    scene.port.tick()
    with office.lock:
        listed = [one for each in office.lists.values() for one in each]
        return {
            "orders": [_row(one, "ebpCode") for one in office.orders.values()],
            "waybills": [_row(one, "logisticsNo") for one in office.waybills.values()],
            "lists": [_row(one, "copNo", "preNo", "invtNo") for one in listed],
            "cancels": [_row(one, "invtNo") for one in office.cancels],
            "returns": [_row(one, "invtNo") for one in office.returns],
            "entries": [_row(one, "billNo") for one in office.entries],
            "taxes": [dict(one.tax.head) for one in listed if one.tax is not None],
            "refused": [dict(one) for one in office.refused],
            "boxes": {box: len(held) for box, held in office.boxes.items() if held},
            "to_come": office.pending(),
            **scene.port.asked.read(),
        }


def _row(filed: Filed, *names: str) -> Json:
    held = {name: filed.head.get(name, "") for name in names}
    return {"order": filed.order[0], **held, "status": filed.status}


def _text(told: Json, name: str, unless: str | None = None) -> str:
    value = told.get(name, unless)
    if not isinstance(value, str) or (unless is None and not value):
        raise ControlFault(400, f"{name} is needed, a text")
    return value


def _amount(told: Json, name: str, unless: str | None = None) -> Decimal:
    try:
        amount = Decimal(_text(told, name, unless))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise ControlFault(400, f"{name}: a decimal number as text")
    return amount
