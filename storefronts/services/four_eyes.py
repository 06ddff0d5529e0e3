"""What needs a colleague, and from which size on: one table a storefront, beside the house's own figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kernel import approvals
from kernel.errors import Conflict
from kernel.models import Approval
from storefronts.models import FourEyes, Operator

Verb = FourEyes.Verb
HOUSE = {Verb.REFUND: 200_000, Verb.EXPORT: 500, Verb.PAY_KEYS: 0}
LIMITS = "four_eyes"  # the verb by which a limit is loosened: that needs a colleague whatever its size


class MayBeOnePerson(Conflict):
    """Whoever gave a colleague the password can come in as that colleague: the two are one pair of eyes."""

    code = "approval_one_pair_of_eyes"
    title = (
        "You and who asked count as one pair of eyes: one of you was let in by the other, or both by the same"
        " colleague. Somebody decides whom the platform let in by `manage.py make_operator` (`--vouch` for"
        " who works here already)."
    )
    title_zh = (
        "您与申请人视为同一人：其中一人的账号由另一人开通，或二人的账号由同一位同事开通。"
        "须由平台开通账号的同事审批：请平台执行 manage.py make_operator（已在岗的同事加 --vouch）。"
    )


def limit(*, storefront_id: int, verb: str) -> int:
    """What one operator may do alone."""
    told = FourEyes.objects.filter(storefront_id=storefront_id, verb=verb).values_list("above", flat=True)
    return next(iter(told), HOUSE[Verb(verb)])


def mind(
    *, storefront_id: int, verb: str, size: int, key: str, facts: dict[str, Any], by: str, now: datetime
) -> None:
    """Go on where it is small enough or a colleague agreed to it; else raises NeedsColleague."""
    if size > limit(storefront_id=storefront_id, verb=verb):
        approvals.require(storefront_id=storefront_id, verb=verb, key=key, facts=facts, by=by, now=now)


def set_limit(*, row: FourEyes, by: str, now: datetime) -> None:
    """Keep a row that was made or changed; a looser limit than before raises NeedsColleague first."""
    if row.above > limit(storefront_id=row.storefront_id, verb=row.verb):
        facts = {"what": row.verb, "above": row.above}
        key = f"{row.storefront_id}:{row.verb}"
        approvals.require(storefront_id=row.storefront_id, verb=LIMITS, key=key, facts=facts, by=by, now=now)
    row.save()


def decide(*, approval: Approval, by: str, granted: bool, reason: str, now: datetime) -> None:
    """Grant or decline, as somebody who cannot be the one who asked. Raises MayBeOnePerson, NotYours."""
    if approval.asked_by != by and not apart(approval.asked_by, by):
        raise MayBeOnePerson()
    approvals.decide(approval=approval, by=by, granted=granted, reason=reason, now=now)


def apart(one: str, other: str) -> bool:
    """Whether two operators are two people on the platform's word: nobody let both in, nor one the other."""
    return behind(one).isdisjoint(behind(other))


def behind(name: str) -> set[str]:
    """Who may sit behind a name: whoever gave it a password, and whoever gave those theirs."""
    found: set[str] = set()
    more = {name}
    while more:
        found |= more
        given = Operator.objects.filter(username__in=more).values_list("let_in_by", flat=True)
        more = {giver for givers in given for giver in givers} - found
    return found
