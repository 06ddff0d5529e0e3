"""Where customs says what a person has used of a year, customs is right; the difference is written down."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from compliance.law import Law
from compliance.models import VALUE, AllowanceAccount, AllowanceEntry
from compliance.services.allowance_books import Movement, accounts, post
from kernel.cases import open_case
from kernel.clock import shanghai_day

Kind = AllowanceEntry.Kind

# 海关跨境统一版系统企业对接报文规范 202205, -621018: the code stands in returnStatus or before the words.
# Who the purchaser is, is read by nobody here.
_USED = re.compile(r"中购买人\[[^\]]*\]已用购买额度为\[\s*([\d,]+(?:\.\d{1,2})?)\s*\]")


def used_according_to(text: str) -> int | None:
    """What customs' words with -621018 say the purchaser has used of the year, in fen; None in others."""
    found = _USED.search(text)
    return int(Decimal(found[1].replace(",", "")) * 100) if found else None


def allowance_reconcile(
    *, person_id: UUID, year: int, used: int, reference: str, now: datetime, measure: str = VALUE
) -> int:
    """Set what the person has used of the year to what customs says; how much more (or less, negative) it is.

    `reference` names customs' message: the same one again changes nothing and answers 0. A difference from
    the figure `allowance/difference_for_case` on opens a case of the platform. What an order of ours holds
    reserved is left alone: if customs has counted it already, it is counted twice until customs is asked
    again, which errs on the side of the limit.
    """
    if used < 0 or not reference:
        raise ValueError("customs' figure is not negative and has a reference")
    with transaction.atomic(savepoint=False):
        account_id = accounts(person_id=person_id, year=year, measures=[measure])[measure]
        ours = AllowanceAccount.objects.values_list("used", flat=True).get(pk=account_id)
        difference = used - ours
        kind = Kind.CUSTOMS_MORE if difference > 0 else Kind.CUSTOMS_LESS
        movement = Movement(account_id, kind, abs(difference))
        before = AllowanceEntry.objects.filter(
            account_id=account_id,
            order_number="",
            reference=reference,
            kind__in=[Kind.CUSTOMS_MORE, Kind.CUSTOMS_LESS],
        )
        if before.exists() or not post(movements=[movement], reference=reference, now=now):
            return 0
        bound = Law(shanghai_day(now)).figure("allowance/difference_for_case")
        if measure == VALUE and abs(difference) >= bound:
            open_case(
                storefront_id=None,  # what a person has bought elsewhere is no storefront's to see
                kind="allowance.differs",
                key=f"{person_id}:{year}",
                title="Customs counts another sum for a person's year than we do",
                facts={"year": year, "counted_fen": ours, "customs_fen": used, "reference": reference},
                now=now,
            )
    return difference
