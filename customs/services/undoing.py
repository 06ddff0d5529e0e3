"""What was declared is asked back: a list before its release (撤单, 623), goods after it (退货, 625).

Both say what the list itself said, whatever has become of the order since. What customs answers is the
matter of `answers.py`; a list that is given back ends its order, whose money goes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.law import Law
from customs.documents.build import Wish, cancel_document, return_document
from customs.models import Declaration, Filing
from customs.services.declaring import cop_no, held
from customs.services.filing import file_document, new_guid
from customs.services.listed import left_by_line, skus, the_list
from customs.services.return_story import DECLARED
from customs.services.waiting import SILENT_AFTER
from customs.states import DECLARATION
from kernel import events
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant

Kind = Filing.Kind
RELEASED = ("released", "closed")


class NotAccepted(Conflict):
    """A list without a number at customs cannot be asked back: it is accepted or refused first."""

    code = "list_not_accepted"
    title = "Customs has not accepted this list yet; try again once it has a number."
    title_zh = "海关尚未接受该清单，待取得清单编号后再申请撤单。"


class NotReleased(Conflict):
    """Goods come back of a list that was released; before that the list itself is asked back."""

    code = "list_not_released"
    title = "Only goods of a released list can be returned; ask the list back instead."
    title_zh = "清单尚未放行，不能申报退货；请申请撤单。"


@dataclass(eq=False)
class ReturnTooLate(Conflict):
    """A return is declared within thirty days of the release (海关总署公告2020年第45号)."""

    code = "return_too_late"
    title = "A return had to be declared by {until}; tax and allowance stay used."
    title_zh = "退货申报期限已于{until}届满，税款与额度不再退还。"
    until: str


@dataclass(eq=False)
class MoreThanListed(Invalid):
    """No more comes back than was declared and is not on its way back already."""

    code = "more_than_listed"
    title = "Of {sku} at most {left} pieces can be returned."
    title_zh = "{sku} 最多可退 {left} 件。"
    sku: str
    left: int


class NothingReturned(Invalid):
    """A return names pieces of its list."""

    code = "nothing_returned"
    title = "Say how many pieces of which goods come back."
    title_zh = "请填写退回的商品及件数。"


def ask_back(*, declaration: Declaration, reason: str, by: str, now: datetime) -> Filing:
    """Ask customs for a list that it has accepted and not released (撤单); the order ends once it is granted.

    `reason` is told to customs, 1 to 1000 characters. Raises NotAccepted, WrongState, MessageInvalid.
    """
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        if row.state == "listed" or not row.list_no:
            raise NotAccepted()
        DECLARATION.move(
            row,
            "ask_back",
            now=now,
            facts={"by": by, "list": row.list_no},
            resends=0,
            next_try_at=now + SILENT_AFTER,
        )
        wish = Wish(cop_no(now), row.list_no, reason)
        document = cancel_document(listed=the_list(row, now=now), wish=wish, guid=new_guid(), now=now)
        return file_document(declaration=row, kind=Kind.CANCEL, document=document, key=wish.own, now=now)


def declare_return(
    *, declaration: Declaration, pieces: Mapping[str, int], reason: str, by: str, now: datetime
) -> Filing:
    """Tell customs of goods of a released list that come back (退货): `pieces` by SKU, as the order has it.

    `reason` is told to customs, 1 to 1000 characters. Raises NotReleased, ReturnTooLate, NothingReturned,
    MoreThanListed, MessageInvalid.
    """
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        if row.state not in RELEASED or row.released_at is None:
            raise NotReleased()
        released = shanghai_day(row.released_at)
        last = released + timedelta(days=Law(released).figure("import/return_declared_days"))
        if shanghai_day(now) > last:
            raise ReturnTooLate(until=last.isoformat())
        wish = Wish(cop_no(now), row.list_no, reason)
        document = return_document(
            listed=the_list(row, now=now),
            wish=wish,
            pieces=_by_line(row, pieces, now),
            guid=new_guid(),
            now=now,
        )
        filing = file_document(declaration=row, kind=Kind.RETURN, document=document, key=wish.own, now=now)
        row.next_try_at, row.resends = now + SILENT_AFTER, 0
        row.save(update_fields=["next_try_at", "resends"])
        events.record(
            storefront_id=row.storefront_id,
            name=DECLARED,
            key=row.event_key,
            facts={"by": by, "return": wish.own, "pieces": dict(pieces)},
            now=now,
        )
    return filing


def _by_line(declaration: Declaration, pieces: Mapping[str, int], now: datetime) -> dict[int, int]:
    """Which lines of the list the pieces are taken of: 3 for 250.00 were listed as two lines."""
    if not pieces:
        raise NothingReturned()
    left, sku = left_by_line(declaration, now=now), skus(declaration, now=now)
    taken: dict[int, int] = {}
    for wanted, quantity in pieces.items():
        lines = [gnum for gnum in sorted(left) if sku[gnum] == wanted]
        there = sum(left[gnum] for gnum in lines)
        if not 0 < quantity <= there:
            raise MoreThanListed(sku=wanted, left=there)
        rest = quantity
        for gnum in lines:
            if part := min(rest, left[gnum]):
                taken[gnum] = part
                rest -= part
    return taken
