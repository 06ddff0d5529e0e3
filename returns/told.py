"""What a consumer reads of a return: in each state what happens next and by when, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from returns.models import ReturnGrade, ReturnRequest, StrayParcel
from returns.reasons import REASONS, Fault, Kind
from returns.states import RETURN
from returns.windows import late_by, whole


@dataclass(frozen=True, slots=True)
class Saying:
    """One state in plain words; `by` names the column that says until when, where one does."""

    zh: str
    en: str
    by: str = ""


KINDS: dict[Kind, Saying] = {
    Kind.REFUND_ONLY: Saying("仅退款", "refund only, nothing comes back"),
    Kind.RETURN: Saying("退货退款", "return and refund"),
    Kind.EXCHANGE: Saying("换货", "exchange: a return, and a new order"),
    Kind.CLAIM: Saying("售后索赔", "claim: damaged, wrong or missing"),
}
NEXT: dict[str, Saying] = {
    "requested": Saying(
        "已提交，店铺将在所示时间前答复", "asked for: the shop answers by the time shown", "decide_by"
    ),
    "refused": Saying("未获同意，可在所示时间前申诉", "refused: appeal by the time shown", "appeal_by"),
    "appealed": Saying(
        "申诉已提交，另一位工作人员将在所示时间前答复",
        "appealed: somebody else answers by the time shown",
        "decide_by",
    ),
    "to_send": Saying(
        "已同意，请在所示时间前寄回商品并填写运单号",
        "agreed: send the goods back and enter the waybill by the time shown",
        "send_by",
    ),
    "on_the_way": Saying(
        "商品寄回途中，收到后验货退款；所示时间为海关到货期限",
        "on its way back, to be inspected and refunded; customs' last day is shown",
        "arrive_by",
    ),
    "received": Saying(
        "已收到退货，最迟在所示时间前退款", "received: refunded by the time shown", "refund_by"
    ),
    "inspected": Saying(
        "验货结果有出入，请在所示时间前接受或提出异议，逾期按告知结果办理",
        "something was found otherwise: accept or object by the time shown, else it stands",
        "next_at",
    ),
    "disputed": Saying(
        "异议已提交，最迟在所示时间前处理并退款",
        "your objection is looked at, and refunded by the time shown",
        "refund_by",
    ),
    "refunding": Saying("退款处理中，到账后告知", "the refund is on its way"),
    "settled": Saying("退款已到账", "the money has arrived", "settled_at"),
    "ended": Saying("已结束，未由本申请退款", "over: nothing was refunded by this request"),
    "lapsed": Saying(
        "未按时寄回，已关闭；期限内可重新申请", "not sent back in time, closed: ask again while you may"
    ),
    "withdrawn": Saying("已撤销", "taken back"),
}
NOTHING_LEFT = Saying(
    "已结清，无需退款：应退金额已由此前补偿或验货扣款抵减",
    "settled without a refund: goodwill given before, or what is kept back, has all of it",
    "settled_at",
)
SECOND_LOOK = Saying(
    "已收到并验货，店铺复核中，最迟在所示时间前退款",
    "received and inspected, and looked at a second time: refunded by the time shown",
    "refund_by",
)
LATE = Saying(
    "店铺未按时答复，已上报店铺负责人，最迟在所示时间前处理；您的申请仍然有效",
    "the answer is late and the shop's owner knows: it is given by the time shown; your request stands",
)
OVERDUE = Saying(
    "答复已逾期，店铺负责人正在处理；您的申请仍然有效，也可向微信或12315投诉",
    "the answer is overdue, and the shop's owner has it; your request stands, and you may complain to WeChat"
    " or to 12315",
)
# A parcel that no request expects.
UNEXPECTED: dict[str, Saying] = {
    "kept": Saying(
        "已收到您寄来的包裹，没有待收货的退货申请与之对应。商品已单独存放，店铺核实后为您退款或寄回；此前已退款的商品由店铺收回",
        "we received a parcel from you that no request expects: it lies apart, and is refunded or sent back"
        " to you once the shop has looked; what was refunded before is the shop's",
    ),
    "sent_back": Saying(
        "包裹已按所示运单寄回给您", "the parcel is on its way back to you, under the waybill shown"
    ),
    "refunded": Saying("已按退货办理退款", "it was taken as a return, and is refunded"),
    "ours": Saying("商品此前已退款，由店铺收回", "its goods were refunded before: they are the shop's"),
    "closed": Saying("店铺已处理完毕，如有疑问请联系客服", "dealt with: ask customer service about it"),
}
FOREIGN = Saying(
    "您寄来的包裹（或其中非本订单的商品）已单独存放，店铺核实后与您联系处理",
    "your parcel, or what in it is not of this order, lies apart: the shop looks at it and gets in touch",
)
# Who pays the way back: the carrier is paid by the consumer first, and no refund of an order holds it.
WAY_BACK: dict[bool, Saying] = {
    True: Saying(
        "寄回运费由卖家承担：请先垫付并保留凭证，不含在本退款金额内，凭单据联系客服另行退还",
        "the seller pays the way back: pay the carrier and keep the receipt; it is not part of this refund,"
        " customer service gives it back against the receipt",
    ),
    False: Saying("寄回运费由您承担", "you pay the way back"),
}
# What a consumer may do, as the addresses name it, by the verb of the state table.
_ACTS = {"send": "way", "appeal": "appeal", "withdraw": "withdraw", "dispute": "dispute"}
ACTS = (*_ACTS.values(), "accept", "replacement")
OPEN_TO_ACCEPT = ("inspected", "disputed")
AGREED = ("to_send", "on_the_way", "received", "inspected", "disputed", "refunding", "settled")


def says(row: ReturnRequest, now: datetime) -> Saying:
    """What its state means to the consumer."""
    if row.refund is not None and row.refund.amount_fen == 0 and row.state in ("refunding", "settled"):
        return NOTHING_LEFT
    if nothing_against(row):
        return SECOND_LOOK
    if row.state in ("requested", "appealed") and now >= row.decide_by:
        return LATE if now < late_by(row.decide_by) else OVERDUE
    return NEXT[row.state]


def nothing_against(row: ReturnRequest) -> bool:
    """Whether it was inspected and all was as it should be: then there is nothing to accept or object to."""
    if row.state != "inspected" or row.deducted_fen:
        return False
    seller = REASONS[row.reason].fault is Fault.SELLER  # who sent wrong goods gets them back as such
    never = ("short",) if seller else ("wrong", "short")
    return not ReturnGrade.objects.filter(line__request=row, grade__in=never).exists()


def unexpected_says(row: StrayParcel, pieces: int) -> Saying:
    """What a parcel that no request expected means to the consumer, of which so many `pieces` are of their
    order."""
    return FOREIGN if row.state == "kept" and not pieces else UNEXPECTED[row.state]


def due(row: ReturnRequest, now: datetime) -> datetime | None:
    """Until when what its state says; a day of the law is whole."""
    said = says(row, now)
    if said is LATE:
        return late_by(row.decide_by)
    name = said.by
    found = getattr(row, name) if name else None
    if isinstance(found, date) and not isinstance(found, datetime):
        return whole(found)
    return found


def may(row: ReturnRequest, now: datetime) -> list[str]:
    """What the consumer may do with it now."""
    verbs = [_ACTS[verb] for verb in RETURN.verbs(row.state) if verb in _ACTS]
    if nothing_against(row):
        return []
    if row.appeal_by is not None and now > row.appeal_by:
        verbs = [one for one in verbs if one != "appeal"]
    if row.state == "on_the_way":
        verbs.append("way")  # the number is mended
    if row.state in OPEN_TO_ACCEPT:
        verbs.append("accept")
    if replaceable(row):
        verbs.append("replacement")
    return verbs


def ordered_anew(row: ReturnRequest) -> bool:
    """Whether what was wrong, or is exchanged, may be ordered anew with it."""
    return row.kind == Kind.EXCHANGE or REASONS[row.reason].fault is Fault.SELLER


def replaceable(row: ReturnRequest) -> bool:
    """Whether it is now, the request having been agreed to."""
    return ordered_anew(row) and row.state in AGREED
