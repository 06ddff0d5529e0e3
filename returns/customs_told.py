"""What a consumer reads of their return at customs (退货申报): is the year's allowance back, or why not."""

from __future__ import annotations

from dataclasses import dataclass

from customs.models import Declaration
from customs.services.return_story import Story, last_day, stories
from returns.models import ReturnRequest
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
    """Of a return that customs was told of; None of any other. Two statements."""
    declaration = Declaration.objects.filter(order=row.order_id).first() if row.return_no else None
    story = stories(declaration).get(row.return_no) if declaration else None
    if declaration is None or story is None:
        return None
    state = _state(declaration, story)
    return AtCustoms(state, SAYS[state], story.restored_fen)


def _state(declaration: Declaration, story: Story) -> str:
    if story.restored_fen:
        return "restored"
    if story.refused:
        return "refused"
    if story.back and not story.in_time(last_day(declaration)):
        return "late"
    return "awaits" if story.expected or story.back else "never"
