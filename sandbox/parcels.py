"""Parcels as SF knows them and a tracker sees them: one truth behind both, moved on by hand."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sandbox.clock import Clock

# What may happen to a parcel: SF's opCode, kuaidi100's status code and name, and its words.
STEPS: dict[str, tuple[str, str, str, str]] = {
    "announced": ("", "102", "待揽收", "商家已下单，等待揽收"),
    "picked_up": ("50", "103", "已揽收", "【宁波市】快件已被揽收"),
    "in_transit": ("30", "1002", "干线", "【宁波市】快件已发车"),
    "customs": ("31", "11", "清关中", "快件清关中"),
    "cleared": ("31", "12", "已清关", "快件已清关"),
    "customs_hold": ("33", "13", "清关异常", "清关异常，等待处理"),
    "arrived": ("31", "1001", "到达派件城市", "【上海市】快件到达派件城市"),
    "out_for_delivery": ("44", "5", "派件", "【上海市】派送中，派件员 13900001111"),
    "at_point": ("125", "501", "投柜或驿站", "快件已存放在自提柜"),
    "trouble": ("33", "204", "派件异常", "派件异常，再次派送"),
    "damaged": ("33", "209", "破损", "外包装破损"),
    "lost": ("33", "2", "疑难", "快件遗失，理赔中"),
    "refused": ("70", "14", "拒签", "收件人拒收"),
    "returning": ("648", "6", "退回", "快件退回中"),
    "returned": ("80", "4", "退签", "退回件已签收"),
    "delivered": ("80", "301", "本人签收", "已签收，签收人：本人"),
}
WAY = ("picked_up", "in_transit", "arrived", "out_for_delivery", "delivered")
ENDS = ("delivered", "returned")


@dataclass
class Parcel:
    """One parcel under its waybill; `told` are (when, step) in the order in which they happened."""

    partner: str
    order_id: str
    waybill: str
    phones: tuple[str, ...]
    routing: str
    taken_back: bool = False
    told: list[tuple[float, str]] = field(default_factory=list)

    @property
    def under_way(self) -> bool:
        return any(step != "announced" for _, step in self.told)


@dataclass
class Watch:
    """A subscription at kuaidi100."""

    customer: str
    company: str
    number: str
    url: str
    salt: str | None


class Parcels:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._count = 0  # never again from the start: a waybill is one parcel's for ever
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._by_order: dict[tuple[str, str], Parcel] = {}
            self._watches: dict[str, list[Watch]] = {}

    def issue(self, partner: str, order_id: str, phones: tuple[str, ...]) -> Parcel | None:
        """A new parcel; None where this number of the customer's has one."""
        with self._lock:
            if (partner, order_id) in self._by_order:
                return None
            self._count += 1
            waybill = f"SF7{int(self._clock.now()) % 10**7:07d}{self._count:05d}"
            made = Parcel(partner, order_id, waybill, phones, "021W-FA-008")
            self._by_order[partner, order_id] = made
            return made

    def of(self, partner: str, order_id: str) -> Parcel | None:
        with self._lock:
            return self._by_order.get((partner, order_id))

    def by_waybill(self, waybill: str) -> Parcel | None:
        with self._lock:
            return next((one for one in self._by_order.values() if one.waybill == waybill), None)

    def all(self) -> list[Parcel]:
        with self._lock:
            return list(self._by_order.values())

    def add(self, waybill: str, step: str, at: float | None = None) -> None:
        """It happened, now unless `at` says when."""
        parcel = self.by_waybill(waybill)
        if parcel is None:
            parcel = Parcel("", waybill, waybill, (), "")
            with self._lock:
                self._by_order["", waybill] = parcel
        with self._lock:
            parcel.told.append((self._clock.now() if at is None else at, step))
            parcel.told.sort(key=lambda one: one[0])

    def watch(self, watch: Watch) -> bool:
        """Subscribe; False where this very customer watches it already."""
        with self._lock:
            held = self._watches.setdefault(watch.number, [])
            if any((one.customer, one.company) == (watch.customer, watch.company) for one in held):
                return False
            held.append(watch)
            return True

    def watches(self, waybill: str) -> list[Watch]:
        with self._lock:
            return list(self._watches.get(waybill, []))

    def read(self) -> list[dict[str, Any]]:
        return [
            {
                "order_id": one.order_id,
                "waybill": one.waybill,
                "taken_back": one.taken_back,
                "told": [step for _, step in one.told],
            }
            for one in self.all()
        ]
