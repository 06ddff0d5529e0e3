"""What a consumer reads of their return at customs (退货申报): is the year's allowance back, or why not."""

from __future__ import annotations

from dataclasses import dataclass

from customs.models import Declaration
from customs.services.return_story import Story, last_day, stories
from kernel.clock import shanghai_day
from returns.models import ReturnGrade, ReturnRequest
from returns.told import Saying

# refused: by customs; restored: in time and granted; late: not in time; awaits: goods or customs' word.
SAYS: dict[str, Saying] = {
    "awaits": Saying(
        "已向海关申报，商品按期运回且海关同意后恢复年度额度",
        "declared to customs: the year's allowance comes back once the goods are, in time, and it agrees",
    ),
    "restored": Saying(
        "海关已同意，所示年度额度已恢复", "customs agreed: so much of the year's allowance is back"
    ),
    "refused": Saying(
        "海关未同意退货，年度额度不恢复；不影响退款",
        "customs refused it: the allowance stays used; the refund is not touched",
    ),
    "late": Saying(
        "商品运回已超过海关期限，年度额度不恢复；不影响退款",
        "back after customs' last day: the allowance stays used; the refund is not touched",
    ),
    "never": Saying(
        "商品未运回，年度额度不恢复；不影响退款",
        "the goods did not come back: the allowance stays used; the refund is not touched",
    ),
}


@dataclass(frozen=True, slots=True)
class AtCustoms:
    """How it stands, in words, and what of the year's value is back, in fen."""

    state: str
    says: Saying
    quota_fen: int


def at_customs(row: ReturnRequest) -> AtCustoms | None:
    """Of a return that customs was told of and that is not given up; None of any other. Three statements."""
    told = row.return_no and row.state not in ("withdrawn", "lapsed")
    declaration = Declaration.objects.filter(order_id=row.order_id).first() if told else None
    story = stories(declaration).get(row.return_no) if declaration else None
    if declaration is None or story is None:
        return None
    state, fen = _state(declaration, story), story.restored_fen
    if fen and row.goods_back:  # another request may have brought a part of it
        found = ReturnGrade.objects.filter(line__request=row).exclude(place="nowhere")
        own = sum(found.values_list("quantity", flat=True)) if _in_time(row, declaration) else 0
        fen = fen * min(own, story.restored.total()) // story.restored.total()
        state = "restored" if own else "awaits" if row.received_at is None else "late"
    return AtCustoms(state, SAYS[state], fen)


def _in_time(row: ReturnRequest, declaration: Declaration) -> bool:
    return row.received_at is not None and shanghai_day(row.received_at) <= last_day(declaration)


def _state(declaration: Declaration, story: Story) -> str:
    if story.restored_fen:
        return "restored"
    if story.refused:
        return "refused"
    if story.back and not story.in_time(last_day(declaration)):
        return "late"
    return "awaits" if story.expected or story.back else "never"
