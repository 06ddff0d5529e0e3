"""What WeChat is told of shipping (发货信息录入) and says of it: the protocol of wxa/sec/order.

https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/order-shipping/order-shipping.html
Names of fields differ from call to call: what is `mchid` and `out_trade_no` to one is `merchant_id` and
`merchant_trade_no` to others. We name a payment by WeChat's own number, which all of them take.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from typing import Any

from wechat.answers import ask
from wechat.errors import Malformed, OutcomeUnknown, Rejected
from wechat.tokens import AccessTokens

LONGEST_DESCRIPTION, MOST_PARCELS, PAGE_SIZE, MOST_PAGES = 120, 10, 100, 200
NEEDS_CONTACT = frozenset({"SF"})
_BY_TRANSACTION, _UNIFIED, _SPLIT = 2, 1, 2
_SYSTEM_ERROR = "10060012"
_SHANGHAI = timezone(timedelta(hours=8))
_MASKED = re.compile(r"(?!.*\d{7})[\d+\-]*\*{2,}[\d*\-]*\d{4}")
_ORDERS = "/wxa/sec/order/"

# What an upload is refused with.
NOT_THERE_YET = "10060001"  # not yet taken over from WeChat Pay, or it never will be
SHIPPED_BEFORE = "10060002"
CHANCE_USED = "10060003"  # the one re-ship (重新发货) of this payment
CANNOT_SHIP = "10060004"  # refunded or completed
UNCHANGED = "10060023"  # told again what is known already


class Logistics(IntEnum):
    """How goods come to the consumer (logistics_type)."""

    EXPRESS = 1
    CITY = 2
    VIRTUAL = 3
    PICKUP = 4


class OrderState(IntEnum):
    """Where WeChat says that an order stands (order_state)."""

    TO_SHIP = 1
    SHIPPED = 2
    RECEIVED = 3
    COMPLETED = 4
    REFUNDED = 5
    AWAITING_SETTLEMENT = 6


@dataclass(frozen=True, slots=True)
class Package:
    """One parcel under its number, with the carrier by the code of `get_delivery_list`.

    A contact is masked but for its last four digits; SF is not told of without one, either end's will do.
    """

    tracking_no: str
    express_company: str
    item_desc: str
    consignor_contact: str = ""
    receiver_contact: str = ""

    def __post_init__(self) -> None:
        if not (self.tracking_no and self.express_company):
            raise ValueError("a parcel has a number and a carrier")
        if not 0 < len(self.item_desc) <= LONGEST_DESCRIPTION:
            raise ValueError(f"goods are described in 1 to {LONGEST_DESCRIPTION} characters")
        contacts = [one for one in (self.consignor_contact, self.receiver_contact) if one]
        if self.express_company in NEEDS_CONTACT and not contacts:
            raise ValueError("this carrier's parcels are looked up by a contact")
        if not all(_MASKED.fullmatch(one) for one in contacts):
            raise ValueError("a contact is masked but for its last four digits")

    def told(self) -> dict[str, Any]:
        contact = {
            name: value
            for name in ("consignor_contact", "receiver_contact")
            if (value := getattr(self, name))
        }
        facts: dict[str, Any] = {
            "tracking_no": self.tracking_no,
            "express_company": self.express_company,
            "item_desc": self.item_desc,
        }
        return facts | ({"contact": contact} if contact else {})


@dataclass(frozen=True, slots=True)
class Shipping:
    """What is told of one payment; `at` must be later than whatever was told of the same payment before.

    Several parcels are a split delivery (分拆发货), for express alone: told of at once or, `beside` those
    that were told of before, one by one; `complete` says that all have left.
    """

    transaction_id: str
    openid: str = field(repr=False)
    packages: tuple[Package, ...]
    at: datetime
    complete: bool = True
    logistics: Logistics = Logistics.EXPRESS
    beside: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.packages) <= MOST_PARCELS:
            raise ValueError(f"one to {MOST_PARCELS} parcels")
        if len({one.tracking_no for one in self.packages}) != len(self.packages):
            raise ValueError("each parcel has a number of its own")
        if self.split and self.logistics is not Logistics.EXPRESS:
            raise ValueError("only express is split")

    @property
    def split(self) -> bool:
        return self.beside or len(self.packages) > 1 or not self.complete

    def told(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "order_key": {"order_number_type": _BY_TRANSACTION, "transaction_id": self.transaction_id},
            "logistics_type": int(self.logistics),
            "delivery_mode": _SPLIT if self.split else _UNIFIED,
            "shipping_list": [one.told() for one in self.packages],
            "upload_time": stamp(self.at),
            "payer": {"openid": self.openid},
        }
        return facts | ({"is_all_delivered": self.complete} if self.split else {})


@dataclass(frozen=True, slots=True)
class Standing:
    """How WeChat sees a paid order: `packages` are (carrier, number), it was complete `finished` times."""

    transaction_id: str
    mchid: str
    out_trade_no: str
    state: OrderState | None
    paid_at: datetime | None
    finished: int
    packages: tuple[tuple[str, str], ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers that it was told, in order."""
        return tuple(sorted(number for _, number in self.packages))


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list of orders; the next one is asked for with `last_index`."""

    orders: tuple[Standing, ...]
    last_index: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class ShippingClient:
    """The calls of one mini-program. Each raises what `wechat.answers.ask` raises, and Malformed."""

    appid: str
    tokens: AccessTokens
    base_url: str

    def upload(self, shipping: Shipping) -> None:
        """Tell that goods have left. A second call of a complete one uses up the payment's one re-ship."""
        self._ask("upload_shipping_info", shipping.told())

    def order(self, *, transaction_id: str) -> Standing:
        """How one payment stands; Rejected with NOT_THERE_YET while WeChat does not know it here."""
        answer = self._ask("get_order", {"transaction_id": transaction_id})
        return _standing(answer.get("order"))

    def orders(
        self, *, begin: datetime, end: datetime, state: OrderState | None = None, last_index: str = ""
    ) -> Page:
        """A page of the orders that were paid between `begin` and `end`."""
        asked: dict[str, Any] = {
            "pay_time_range": {"begin_time": int(begin.timestamp()), "end_time": int(end.timestamp())},
            "page_size": PAGE_SIZE,
        }
        if state is not None:
            asked["order_state"] = int(state)
        if last_index:
            asked["last_index"] = last_index
        answer = self._ask("get_order_list", asked)
        rows = answer.get("order_list") or []
        if not isinstance(rows, list):
            raise Malformed(where="order_list")
        return Page(
            tuple(_standing(row) for row in rows),
            str(answer.get("last_index") or ""),
            answer.get("has_more") is True,
        )

    def all_orders(self, *, begin: datetime, end: datetime) -> list[Standing]:
        """Every page of them; raises Malformed where the pages do not end."""
        found: list[Standing] = []
        last_index = ""
        for _ in range(MOST_PAGES):
            page = self.orders(begin=begin, end=end, last_index=last_index)
            found += page.orders
            if not page.has_more:
                return found
            if not page.last_index or page.last_index == last_index:
                break
            last_index = page.last_index
        raise Malformed(where="has_more")

    def remind_to_confirm(self, *, transaction_id: str, received_at: datetime) -> None:
        """Remind the consumer to confirm receipt (确认收货提醒): once an order, when it is delivered."""
        self._ask(
            "notify_confirm_receive",
            {"transaction_id": transaction_id, "received_time": int(received_at.timestamp())},
        )

    def lead_to(self, path: str) -> None:
        """Where WeChat's messages about shipping lead within the mini-program."""
        self._ask("set_msg_jump_path", {"path": path})

    def is_managed(self) -> bool:
        """Whether this mini-program's orders are under WeChat's management of trades (交易管理)."""
        return _said(self._ask("is_trade_managed", {"appid": self.appid}), "is_trade_managed")

    def is_confirmed(self) -> bool:
        """Whether the merchant has completed the confirmation of its way of settlement (交易结算管理确认)."""
        answer = self._ask("is_trade_management_confirmation_completed", {"appid": self.appid})
        return _said(answer, "completed")

    def carriers(self) -> dict[str, str]:
        """The codes of carriers that an upload may name, each with its name."""
        answer = self._call("/cgi-bin/express/delivery/open_msg/get_delivery_list", {})
        rows = answer.get("delivery_list")
        if not isinstance(rows, list):
            raise Malformed(where="delivery_list")
        return {
            str(row["delivery_id"]): str(row.get("delivery_name", ""))
            for row in rows
            if isinstance(row, dict) and row.get("delivery_id")
        }

    def _ask(self, call: str, content: dict[str, Any]) -> dict[str, Any]:
        return self._call(_ORDERS + call, content)

    def _call(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        call = path.rpartition("/")[2]

        def send(token: str) -> dict[str, Any]:
            return ask(
                base_url=self.base_url,
                call=call,
                method="POST",
                path=path,
                params={"access_token": token},
                content=content,
            )

        try:
            return self.tokens.use(send)
        except Rejected as error:
            if error.wechat_code != _SYSTEM_ERROR:
                raise
        raise OutcomeUnknown(call=call, reason="system error", wechat_code=_SYSTEM_ERROR)


def stamp(at: datetime) -> str:
    """RFC 3339 with milliseconds, as WeChat wants it: 2022-12-15T13:29:35.120+08:00."""
    return at.astimezone(_SHANGHAI).isoformat(timespec="milliseconds")


def described(goods: Sequence[tuple[str, int]]) -> str:
    """Names and pieces in at most 120 characters; what does not fit is told as an ellipsis."""
    text = "；".join(f"{name}×{pieces}" for name, pieces in goods)
    return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 1] + "…"


def masked_contact(phone: str) -> str:
    """A telephone of which the last four digits alone are told."""
    digits = "".join(one for one in phone if one.isdigit())
    return f"****{digits[-4:]}" if len(digits) >= 4 else ""


def _said(answer: dict[str, Any], name: str) -> bool:
    if not isinstance(answer.get(name), bool):
        raise Malformed(where=name)
    return answer[name] is True


def _standing(raw: Any) -> Standing:
    if not isinstance(raw, dict) or not isinstance(raw.get("transaction_id"), str):
        raise Malformed(where="order")
    told = raw.get("shipping")
    shipping: dict[str, Any] = told if isinstance(told, dict) else {}
    rows = shipping.get("shipping_list") or []
    if not isinstance(rows, list):
        raise Malformed(where="shipping_list")
    finished, paid = shipping.get("finish_shipping_count"), raw.get("pay_time")
    return Standing(
        transaction_id=raw["transaction_id"],
        mchid=str(raw.get("merchant_id") or ""),
        out_trade_no=str(raw.get("merchant_trade_no") or ""),
        state=_state(raw.get("order_state")),
        paid_at=datetime.fromtimestamp(paid, UTC) if isinstance(paid, int) and 0 < paid < 2**32 else None,
        finished=finished if isinstance(finished, int) else 0,
        packages=tuple(
            (str(row.get("express_company") or ""), str(row["tracking_no"]))
            for row in rows
            if isinstance(row, dict) and row.get("tracking_no")
        ),
    )


def _state(raw: Any) -> OrderState | None:
    """A state that we do not know yet is none: nothing is concluded from it."""
    return OrderState(raw) if isinstance(raw, int) and raw in set(OrderState) else None
