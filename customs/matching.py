"""What customs compares is compared here first: a difference names both values and who can mend it.

Pure: facts in, differences out. The keys are those of law.md R2.2: three documents (三单) against the list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from compliance import masking
from customers import divisions
from customs.documents.build import BONDED
from customs.documents.declared import MOST_LINES, declared_lines
from customs.documents.facts import Trade
from kernel.money import yuan

Mender = Literal["consumer", "operator", "warehouse", "payment_firm", "customer_service", "carrier"]
# The carrier's scales are its own: so far its gross weight may be from ours, in grams and per cent.
WEIGHT_G, WEIGHT_PERCENT = 100, 10
_NUMBER = re.compile(r"[0-9A-Z]{20,32}")  # of an order


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Two values that must be one, or one that is missing; what tells of a person is masked."""

    key: str
    found: str
    wanted: str
    mender: Mender


def mismatches(trade: Trade, *, listing: bool = False) -> list[Mismatch]:
    """Everything in which the documents differ, or that one of them lacks; empty where all may be sent.

    What the list (621) alone says is compared when it is `listing`: before, goods from abroad have no bill.
    """
    checks = (*CHECKS, *LIST_CHECKS) if listing else CHECKS
    return [found for check in checks for found in check(trade)]


def _numbers(trade: Trade) -> Iterator[Mismatch]:
    if not 1 <= len(trade.number) <= 60:
        yield Mismatch("order_number", trade.number, "1–60 characters", "operator")
    if trade.payment.transaction_id != trade.transaction_id:
        yield Mismatch(
            "transaction", trade.payment.transaction_id or "—", trade.transaction_id, "payment_firm"
        )


def _parties(trade: Trade) -> Iterator[Mismatch]:
    named = {
        "ebp": trade.platform,
        "ebc": trade.seller,
        "pay": trade.payment_firm,
        "declarant": trade.declarant,
        "guarantor": trade.guarantor,
        "carrier": trade.waybill.carrier,
    }
    if trade.trade_mode in BONDED:
        named["area"] = trade.place.area
    for role, party in named.items():
        if not party.code or not party.name:
            yield Mismatch(
                f"party_{role}", party.code or party.name or "—", "海关注册登记编号, 名称", "operator"
            )


def _amounts(trade: Trade) -> Iterator[Mismatch]:
    lines = declared_lines(trade.lines)
    total = sum(line.total_fen for line in lines)
    if total != trade.goods_fen:
        yield Mismatch("goods_value", yuan(total), yuan(trade.goods_fen), "operator")
    if trade.payment.declared_fen != trade.paid_fen:
        yield Mismatch("amount_paid", yuan(trade.payment.declared_fen), yuan(trade.paid_fen), "payment_firm")
    if (
        min(trade.goods_fen, trade.paid_fen) <= 0
        or min(trade.freight_fen, trade.tax_fen, trade.discount_fen) < 0
    ):
        yield Mismatch("amounts", yuan(trade.paid_fen), "> 0", "operator")


def _payment(trade: Trade) -> Iterator[Mismatch]:
    if trade.payment.platform_code != trade.platform.code:
        yield Mismatch("ebp_code", trade.payment.platform_code or "—", trade.platform.code, "operator")
    if trade.payment.state != "succeeded":
        yield Mismatch("payment_declared", trade.payment.state or "—", "succeeded", "payment_firm")
    if trade.payment.payer in ("different", "refunding"):  # where it is not known, the law decides
        yield Mismatch("payer", trade.payment.payer or "—", masking.name(trade.orderer.name), "consumer")


def _orderer(trade: Trade) -> Iterator[Mismatch]:
    if len(trade.orderer.number) != 18:
        yield Mismatch("identity_number", masking.id_number(trade.orderer.number), "18 位", "consumer")
    for key, value, most in (
        ("orderer_name", trade.orderer.name, 60),
        ("orderer_phone", trade.orderer.phone, 30),
        ("consignee_name", trade.consignee.name, 100),
        ("consignee_phone", trade.consignee.phone, 50),
        ("consignee_address", trade.consignee.address, 200),
    ):
        if not 1 <= len(value.strip()) <= most:
            yield Mismatch(key, f"{len(value)} 字", f"1–{most} 字", "customer_service")


def _parcel(trade: Trade) -> Iterator[Mismatch]:
    if not trade.waybill.number:
        yield Mismatch("waybill", "—", "运单号", "warehouse")
    if trade.waybill.parcels != 1:
        yield Mismatch("parcels", str(trade.waybill.parcels), "1", "warehouse")
    net = sum(one.line.weight_g * one.line.quantity for one in declared_lines(trade.lines))
    if not 0 < net <= trade.waybill.weight_g:
        yield Mismatch("weight", f"净重 {net} g", f"≤ 毛重 {trade.waybill.weight_g} g", "warehouse")


def _carried(trade: Trade) -> Iterator[Mismatch]:
    """What the carrier told customs of the parcel; its words on what is inside are compared with nothing."""
    told, waybill, consignee = trade.waybill.told, trade.waybill, trade.consignee
    if told is None:
        return
    if told.taken_back:
        yield Mismatch("waybill_told", "—", waybill.number, "carrier")
        return
    region = "".join(divisions.path(consignee.district))
    for key, found, wanted, masked in (
        ("order_number", told.order_number, trade.number, _number),
        ("consignee_name", told.consignee, consignee.name, masking.name),
        ("consignee_phone", told.phone, consignee.phone, masking.phone),
        ("consignee_address", told.address, consignee.address, lambda text: _region(text, region)),
    ):
        if found.strip() != wanted.strip():
            yield Mismatch(f"waybill_{key}", masked(found) or "—", masked(wanted), "carrier")
    grams = told.weight_kg * 1000
    if abs(grams - waybill.weight_g) > max(WEIGHT_G, waybill.weight_g * WEIGHT_PERCENT // 100):
        yield Mismatch("waybill_weight", f"毛重 {grams:.0f} g", f"毛重 {waybill.weight_g} g", "carrier")


def _number(found: str) -> str:
    """An order number; what has not the shape of one may be anything, and is not shown."""
    return found if _NUMBER.fullmatch(found) else "（非订单号）"


def _region(address: str, region: str) -> str:
    """An address as far as it lies in the order's own region, the rest starred."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(address, region, strict=False))
    return masking.address("".join(one for one, _ in same))


def _lines(trade: Trade) -> Iterator[Mismatch]:
    lines = declared_lines(trade.lines)
    if not 1 <= len(lines) <= MOST_LINES:
        yield Mismatch("lines", str(len(lines)), f"1–{MOST_LINES}", "operator")
    for line in trade.lines:
        for key, value, wanted in (
            ("hs_code", line.hs_code, 10),
            ("origin", line.origin, 3),
            ("unit", line.unit, 3),
            ("legal_unit", line.unit1, 3),
        ):
            if len(value) != wanted:
                yield Mismatch(f"{key}:{line.sku}", value or "—", f"{wanted} 位", "operator")
        if line.quantity1 <= 0:
            yield Mismatch(f"legal_quantity:{line.sku}", str(line.quantity1), "> 0", "operator")
        if not line.name or not line.specification:
            yield Mismatch(f"name:{line.sku}", line.name or "—", "品名、申报要素", "operator")
        if trade.trade_mode in BONDED and not line.item_record:
            yield Mismatch(f"item_record:{line.sku}", "—", "账册备案料号", "operator")


def _place(trade: Trade) -> Iterator[Mismatch]:
    place = trade.place
    if trade.trade_mode in BONDED:
        if not place.ems_no:
            yield Mismatch("ems_no", "—", "账册编号", "operator")
        return
    if place.dispatch_country == "142":
        yield Mismatch("dispatch_country", "142", "起运国（地区）代码", "operator")


def _voyage(trade: Trade) -> Iterator[Mismatch]:
    """Of direct mail: what brings it, and that its waybill stands on the bill."""
    place = trade.place
    if trade.trade_mode in BONDED:
        return
    for key, value, wanted in (
        ("traffic_no", place.traffic_no, "运输工具编号"),
        ("voyage_no", place.voyage_no, "航班航次号"),
        ("bill_no", place.bill_no, "提运单号"),
    ):
        if not value:
            yield Mismatch(key, "—", wanted, "operator")
    if place.consigned != trade.waybill.number:
        yield Mismatch("waybill_on_bill", place.consigned or "—", trade.waybill.number or "—", "warehouse")


LIST_CHECKS: tuple[Callable[[Trade], Iterator[Mismatch]], ...] = (_voyage,)
CHECKS: tuple[Callable[[Trade], Iterator[Mismatch]], ...] = (
    _numbers,
    _parties,
    _amounts,
    _payment,
    _orderer,
    _parcel,
    _carried,
    _lines,
    _place,
)
