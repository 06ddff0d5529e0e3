"""Why the return centre's word is not taken: a day, a grade, a lot or a sum that cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.errors import Conflict, Invalid


@dataclass(eq=False)
class BadGrades(Invalid):
    """Every piece that was asked for is graded once, and goes where such a piece may go."""

    code = "return_grades"
    title = "Line {position}: grade all {quantity} pieces, each with a lot of this order and a fitting place."
    title_zh = "第{position}行：请对全部{quantity}件逐一分级，并选择本订单批次及适用去向。"
    position: int
    quantity: int


@dataclass(eq=False)
class TooManyOfLot(Invalid):
    """No more comes back of a lot than left of it with the order."""

    code = "return_lot_pieces"
    title = "Of lot {lot} of line {position} only {left} more pieces can come back with this order."
    title_zh = "第{position}行批次{lot}：本订单该批次最多还可入库{left}件，请核对批号。"
    position: int
    lot: str
    left: int


@dataclass(eq=False)
class TooMuchKept(Invalid):
    """No more is kept back than the terms allow for used goods, or the price of damaged ones."""

    code = "return_too_much_kept"
    title = "At most ¥{most} can be kept back, with a reason that is shown to the consumer."
    title_zh = "最多可扣除¥{most}，且须填写向消费者展示的理由。"
    most: str


@dataclass(eq=False)
class ToldTooLate(Conflict):
    """What is kept back is told as long before the law's last day as the consumer has to object."""

    code = "return_told_too_late"
    title = "The refund is due by {by}: the consumer has no {hours} hours to object, so nothing is kept back."
    title_zh = "退款须于{by}前办理，消费者已无{hours}小时提出异议，不得再扣款。"
    by: str
    hours: int


@dataclass(eq=False)
class BadDay(Invalid):
    """Goods come between the request and today."""

    code = "return_day"
    title = "Enter the day on which the goods came: from {first} to {last}."
    title_zh = "请填写货物到达之日（{first}至{last}）。"
    first: str
    last: str
