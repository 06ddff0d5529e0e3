"""Waybills (电子运单) and routes (路由) of SF Express, on its open platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from kernel.clock import SHANGHAI
from kernel.gateways import Unreachable
from logistics.credentials import Credential
from logistics.gateways.sf_wire import PARTY, ServiceRefused, SfWire
from logistics.gateways.tracking import Report, Told, TrackerRefused
from logistics.gateways.waybills import CarrierRefused, Issued, Place, Wanted
from logistics.vocabulary import understood

CARRIER = "SF"
ORDERED_BEFORE, NOT_ORDERED, TAKEN_BACK = {"8016"}, {"8018", "8024"}, {"8037"}
NOT_SERVED = 3  # filterResult: 1 a person looks at it, 2 it is carried, 3 it is not
STANDARD, SENDER_PAYS, ON_ACCOUNT = 1, 1, 1
SENDER, RECEIVER, MOTHER = 1, 2, 1


class Sf:
    """One account at SF; `clock` is asked at each call, whose signature is good for minutes."""

    provider = "sf"

    def __init__(
        self, credential: Credential, base_url: str, *, monthly_card: str, clock: Callable[[], datetime]
    ) -> None:
        self._wire = SfWire(credential, base_url)
        self._card, self._clock = monthly_card, clock

    def create(self, wanted: Wanted) -> Issued:
        data = {
            "language": "zh-CN",
            "orderId": wanted.own_number,
            "cargoDetails": [{"name": one.name, "count": one.pieces} for one in wanted.cargo],
            "contactInfoList": [
                _contact(SENDER, wanted.sender),
                _contact(RECEIVER, wanted.receiver),
            ],
            "expressTypeId": STANDARD,
            "payMethod": SENDER_PAYS,
            "monthlyCard": self._card,
            "parcelQty": 1,
            "totalWeight": round(wanted.weight_g / 1000, 3),
            "isReturnRoutelabel": 1,
        }
        try:
            return _issued(self._call("EXP_RECE_CREATE_ORDER", data))
        except ServiceRefused as refusal:
            if refusal.number in ORDERED_BEFORE:
                found = self.find(wanted.own_number)
                if found is not None:
                    return found
            raise

    def find(self, own_number: str) -> Issued | None:
        data = {"language": "zh-CN", "searchType": "1", "orderId": own_number}
        try:
            return _issued(self._call("EXP_RECE_SEARCH_ORDER_RESP", data))
        except ServiceRefused as refusal:
            if refusal.number in NOT_ORDERED | TAKEN_BACK:
                return None
            raise

    def cancel(self, own_number: str, waybill: str) -> None:
        data: dict[str, Any] = {"language": "zh-CN", "orderId": own_number, "dealType": 2}
        if waybill:
            data["waybillNoInfoList"] = [{"waybillType": MOTHER, "waybillNo": waybill}]
        try:
            told = self._call("EXP_RECE_UPDATE_ORDER", data)
        except ServiceRefused as refusal:
            if refusal.number in NOT_ORDERED | TAKEN_BACK:
                return
            raise
        if told.get("resStatus") != 2:
            raise CarrierRefused(why="not taken back", number="not taken back")

    def ask(self, *, carrier: str, waybill: str, phone: str) -> Report:
        data = {
            "language": "zh-CN",
            "trackingType": "1",
            "trackingNumber": [waybill],
            "checkPhoneNo": phone[-4:],
        }
        try:
            told = self._call("EXP_RECE_SEARCH_ROUTES", data)
        except CarrierRefused as refusal:
            raise TrackerRefused(why=refusal.number) from refusal
        try:
            routes = [
                route
                for one in told["routeResps"]
                if one["mailNo"] == waybill
                for route in one.get("routes") or []
            ]
            events = tuple(_told(route) for route in routes)
        except (KeyError, TypeError, ValueError) as failure:
            raise Unreachable(party=PARTY, reason="unreadable routes") from failure
        return Report(self.provider, carrier, waybill, events)

    def _call(self, service: str, data: dict[str, Any]) -> dict[str, Any]:
        return self._wire.call(service, data, self._clock())


def _contact(kind: int, place: Place) -> dict[str, Any]:
    return {
        "contactType": kind,
        "company": place.company,
        "contact": place.name,
        "mobile": place.phone,
        "country": "CN",
        "province": place.province,
        "city": place.city,
        "county": place.county,
        "address": place.street,
    }


def _issued(told: Mapping[str, Any]) -> Issued:
    """The mother waybill of an answer. Raises CarrierRefused where SF does not go there."""
    if told.get("filterResult") == NOT_SERVED:
        raise CarrierRefused(why=f"not served {told.get('remark') or ''}".strip(), number="not served")
    numbers = told.get("waybillNoInfoList")
    found = [
        one["waybillNo"]
        for one in (numbers if isinstance(numbers, list) else [])
        if isinstance(one, dict)
        and one.get("waybillType") == MOTHER
        and isinstance(one.get("waybillNo"), str)
    ]
    if len(found) != 1 or not found[0]:
        raise Unreachable(party=PARTY, reason="no waybill in the answer")
    return Issued(found[0], _routing(told.get("routeLabelInfo")))


def _routing(labels: Any) -> str:
    try:
        return str(labels[0]["routeLabelData"]["destRouteLabel"])[:40]
    except (KeyError, IndexError, TypeError):
        return ""


def _told(route: Mapping[str, Any]) -> Told:
    code, text = str(route["opCode"]), str(route.get("remark") or "")
    at = datetime.strptime(route["acceptTime"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    return Told(at, understood(Sf.provider, code, text), code, text)
