"""What the port holds: papers filed, receipts waiting in each enterprise's box, and what is still to happen.

Everything happens by the ladder's time: a step is due so many seconds of the ladder after it was planned, and
is taken when next anyone looks.
"""

import base64
import heapq
import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from threading import RLock

from sandbox.clock import SHANGHAI, Clock
from sandbox.port.form import Paper, bytes_of, write
from sandbox.port.seals import Card

# Which message answers which, and what of a document stands in the answer.
ANSWERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "CEB311Message": ("CEB312Message", ("ebpCode", "ebcCode", "orderNo")),
    "CEB411Message": ("CEB412Message", ("payCode", "payTransactionId")),
    "CEB511Message": ("CEB512Message", ("logisticsCode", "logisticsNo")),
    "CEB513Message": ("CEB514Message", ("logisticsCode", "logisticsNo", "logisticsStatus")),
    "CEB621Message": (
        "CEB622Message",
        ("customsCode", "ebpCode", "ebcCode", "agentCode", "copNo", "preNo", "invtNo"),
    ),
    "CEB623Message": (
        "CEB624Message",
        ("customsCode", "agentCode", "ebpCode", "ebcCode", "copNo", "preNo", "invtNo"),
    ),
    "CEB625Message": (
        "CEB626Message",
        ("customsCode", "agentCode", "ebpCode", "ebcCode", "copNo", "preNo", "invtNo"),
    ),
    "CEB711Message": ("CEB712Message", ("customsCode", "operatorCode", "copNo", "preNo", "rkdNo")),
}
MOST_IN_ONE = 100
YEARLY = Decimal(26000)


@dataclass(frozen=True)
class Enterprise:
    """Who may send messages: registered at the port, with its certificates."""

    dxp_id: str
    cop_code: str
    cop_name: str
    customs_code: str = ""
    cards: tuple[Card, ...] = ()
    password: str = field(default="", repr=False)


@dataclass
class Filed:
    """A document that the port took; `status` is what its last receipt said."""

    name: str
    paper: Paper
    boxes: tuple[str, ...]
    status: str = "0"
    info: str = ""
    round: int = 0  # what was planned in an earlier one does not happen any more
    released_at: float | None = None
    held: bool = False
    spoilt: dict[str, float] = field(default_factory=dict)
    returned: dict[str, Decimal] = field(default_factory=dict)
    tax: Paper | None = None

    @property
    def head(self) -> dict[str, str]:
        return self.paper.head

    @property
    def order(self) -> tuple[str, str]:
        return self.head.get("orderNo", ""), self.head.get("ebpCode", "")

    @property
    def matter(self) -> str:
        """What a paper is about: an order, else a bill of lading, else a parcel."""
        return next(
            (self.head[one] for one in ("orderNo", "billNo", "logisticsNo") if self.head.get(one)), ""
        )


@dataclass
class Outcome:
    """What is to become of the next paper of an order of this kind."""

    outcome: str
    code: str = ""
    info: str = ""


class Office:
    def __init__(self, clock: Clock, enterprises: tuple[Enterprise, ...], scale: Callable[[], float]) -> None:
        self.clock, self._scale, self._given = clock, scale, enterprises
        self.lock = RLock()
        self._planned: list[tuple[float, int, float, float, Callable[[], None]]] = []
        self._planned_at = scale()
        # Customs gives out no number twice, also after a rest: a second has room for seven.
        self._count = itertools.count(int(clock.now()) * 7)
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.enterprises = {one.dxp_id: one for one in self._given}
            self._planned.clear()
            self._at: float | None = None
            self.boxes: dict[str, dict[str, bytes]] = {}
            self._tray: list[tuple[str, str, Paper, Filed]] = []
            self.orders: dict[tuple[str, str], Filed] = {}
            self.waybills: dict[tuple[str, str], Filed] = {}
            self.lists: dict[tuple[str, str], list[Filed]] = {}
            self.accepted: dict[str, Filed] = {}
            self.copies: dict[str, Filed] = {}
            self.cancels: list[Filed] = []
            self.returns: list[Filed] = []
            self.entries: list[Filed] = []
            self.refused: list[dict[str, str]] = []
            self.used: dict[tuple[str, int], Decimal] = {}
            self.rates: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
            self.outcomes: dict[tuple[str, str], list[Outcome]] = {}
            self.folders: dict[str, str] = {}

    # Time.

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        with self.lock:
            now = self.now()
            due = now + seconds * self._scale()
            heapq.heappush(self._planned, (due, next(self._count), now, seconds, act))

    def plan(self, filed: Filed, seconds: float, act: Callable[[], None]) -> None:
        """As `later`, unless the paper's course was changed meanwhile."""
        round_ = filed.round

        def still() -> None:
            if filed.round == round_:
                act()

        self.later(seconds, still)

    def tick(self) -> None:
        """Take every step that is due, in the order of their times, and put the receipts into the boxes."""
        with self.lock:
            scale, now = self._scale(), self.clock.now()
            if scale != self._planned_at:
                self._planned_at = scale
                self._planned = [
                    (at + wait * scale, tie, at, wait, act) for _, tie, at, wait, act in self._planned
                ]
                heapq.heapify(self._planned)
            try:
                while self._planned and self._planned[0][0] <= now:
                    self._at, *_, act = heapq.heappop(self._planned)
                    act()
            finally:
                self._at = None
            self._post()

    def pending(self) -> int:
        """Steps that are still to come."""
        with self.lock:
            return len(self._planned)

    def now(self) -> float:
        """The time; while a step is taken, the time at which it was due."""
        return self.clock.now() if self._at is None else self._at

    def today(self) -> datetime:
        return datetime.fromtimestamp(self.now(), SHANGHAI)

    def stamp(self) -> str:
        """The time as receipts tell it, to the millisecond."""
        return self.today().strftime("%Y%m%d%H%M%S%f")[:17]

    # Receipts.

    def say(self, filed: Filed, status: str, info: str) -> None:
        """A receipt to the sender and to whoever subscribed, and from now on the paper stands so."""
        filed.status, filed.info = status, info
        name, kept = ANSWERS[filed.name]
        head = {one: filed.head.get(one, "") for one in kept}
        if len(head.get("invtNo", "")) != 18:
            head.pop("invtNo", None)
        self.tell(filed, name, Paper(head | {"returnStatus": status, "returnInfo": info}))

    def tell(self, filed: Filed, name: str, paper: Paper) -> None:
        """Any message about a paper; a switch may have doubled, shuffled or delayed what is told of it."""
        told = Paper(paper.head | {"guid": new_guid(), "returnTime": self.stamp()}, paper.lines)
        wait = filed.spoilt.get("late", 0.0)
        if "shuffled" in filed.spoilt:  # what is told first comes last
            wait += max(0.0, 12 - 3 * filed.spoilt["shuffled"])
            filed.spoilt["shuffled"] += 1

        def put() -> None:
            for _ in range(int(filed.spoilt.get("duplicate", 1))):
                self._tray.extend((box, name, told, filed) for box in filed.boxes)

        if wait:
            self.later(wait, put)
        else:
            put()

    def _post(self) -> None:
        """What lies in the tray becomes messages of several papers, none of which tells twice of one."""
        open_: dict[tuple[str, str], tuple[list[Paper], list[Filed]]] = {}
        for box, name, paper, filed in self._tray:
            papers, about = open_.setdefault((box, name), ([], []))
            if filed in about or len(papers) == MOST_IN_ONE or name == "CEB900Message":
                self._message(box, name, papers, about)
                papers, about = open_[box, name] = [], []
            papers.append(paper)
            about.append(filed)
        for (box, name), (papers, about) in open_.items():
            self._message(box, name, papers, about)
        self._tray.clear()

    def _message(self, box: str, name: str, papers: list[Paper], about: list[Filed]) -> None:
        if not papers:
            return
        data = bytes_of(write(name, new_guid(), papers))
        if any(filed.spoilt.pop("unreadable", None) for filed in about):
            data = data[: len(data) // 2]
        self.boxes.setdefault(box, {})[f"R{next(self._count):012d}"] = data

    def copy(self, box: str, data: bytes) -> None:
        """What another party declared, for who subscribed to its documents too (BaseSubscribe ALL)."""
        self.boxes.setdefault(box, {})[f"R{next(self._count):012d}"] = data

    def waiting(self, box: str, limit: int) -> list[dict[str, str]]:
        with self.lock:
            first = itertools.islice(self.boxes.get(box, {}).items(), limit)
            return [{"id": one, "data": base64.b64encode(data).decode()} for one, data in first]

    def taken(self, box: str, ids: list[str]) -> None:
        with self.lock:
            for one in ids:
                self.boxes.get(box, {}).pop(one, None)

    # What is looked up.

    def outcome(self, kind: str, order: str) -> Outcome | None:
        """What this order's next paper of the kind was told to become, once."""
        told = self.outcomes.get((kind, order))
        return told.pop(0) if told else None

    def open_list(self, order: tuple[str, str]) -> Filed | None:
        """The list that declares the order, refused and cancelled ones apart."""
        return next((one for one in reversed(self.lists.get(order, [])) if alive(one)), None)

    def file(self, listed: Filed) -> None:
        self.lists.setdefault(listed.order, []).append(listed)
        self.copies[listed.head["copNo"]] = listed

    def use(self, filed: Filed, amount: Decimal) -> None:
        """The buyer has used so much more, or, negative, less, of the year in which the list was accepted."""
        year = int(filed.head["acceptedIn"])
        key = filed.head["buyerIdNumber"], year
        self.used[key] = self.used.get(key, Decimal(0)) + amount

    def number(self, digits: int) -> str:
        return f"{next(self._count) % 10**digits:0{digits}d}"


def alive(filed: Filed) -> bool:
    return filed.status not in ("100", "cancelled") and not filed.status.startswith("-")


def new_guid() -> str:
    return str(uuid.uuid4()).upper()
