"""Who works in a storefront: brought in by an owner, given a password to begin with; one owner always stays.

Such a password is shown once to who asked for it and kept nowhere as it is. It opens one page alone, on which
it is replaced by one that nobody else knows, and opens nothing after three days.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from kernel import events
from kernel.errors import Conflict, Invalid, Missing
from kernel.tenancy import among, everything
from storefronts.models import Membership, Operator, Storefront
from storefronts.services import four_eyes, second_factor, sessions

FIRST_PASSWORD_LASTS = timedelta(hours=72)
NAME = re.compile(r"[a-z][a-z0-9._-]{2,29}")
# What the house writes where an operator's name may stand.
RESERVED = frozenset(
    [
        "admin",
        "beat",
        "carrier",
        "certificate",
        "chaos",
        "clock",
        "command",
        "consumer",
        "customer",
        "customs",
        "operator",
        "partner",
        "platform",
        "seed",
        "system",
        "wechat",
    ]
)


class LastOwner(Conflict):
    """A storefront without an owner could be given to nobody any more."""

    code = "last_owner"
    title = "This is the storefront's last owner: give another colleague that role first."
    title_zh = "该店铺仅剩此一位负责人，请先将负责人岗位分配给另一位同事。"


class NameUnfit(Invalid):
    """Only what nobody can take for another name: no capitals, no letters of other scripts."""

    code = "operator_name_unfit"
    title = "A name begins with a letter and has 3 to 30 of a–z, 0–9, dot, dash and underscore, no capitals."
    title_zh = "用户名须以字母开头，由 3 至 30 位小写字母、数字、点、横线或下划线组成。"


class NameNotFree(Conflict):
    """The house's own, or somebody's; whose is not told."""

    code = "operator_name_not_free"
    title = "This name cannot be used: choose another one."
    title_zh = "该用户名不可用，请更换。"


class WorksHere(Conflict):
    """Roles and first passwords of who is here already are given elsewhere."""

    code = "operator_works_here"
    title = (
        "Somebody of this name works here already: add a role, or give a new first password on their role's"
        " page."
    )
    title_zh = "该用户名的同事已在本店：可为其添加岗位，或在其岗位页面重置初始密码。"


class NotYourColleague(Missing):
    """A colleague is brought in, and let in anew, by who owns every storefront where they work."""

    code = "not_your_colleague"
    title = "This is done by an owner of every storefront where the colleague works, and not for oneself."
    title_zh = "须由该同事所在全部店铺的负责人办理，且不可为本人办理。"


class FirstPasswordOver(Conflict):
    """Three days have gone by, another one was given, or one of their own was chosen already."""

    code = "first_password_over"
    title = "This first password is over: ask the owner for a new one."
    title_zh = "该初始密码已失效，请联系负责人重新获取。"


class SamePassword(Invalid):
    """Who handed it over would still know it."""

    code = "first_password_kept"
    title = "Choose another password than the one that you were given."
    title_zh = "新密码不得与初始密码相同。"


def bring_in(
    *, storefront: Storefront, name: str, role: str, by: Operator, now: datetime
) -> tuple[Membership, str]:
    """A new operator with one role in a storefront of `by`, and the password to begin with.

    Whom `by` let in before, and who works nowhere by now, comes back under the same name.
    Raises NotYourColleague, NameUnfit, WorksHere, NameNotFree.
    """
    with among(storefront.pk), transaction.atomic():
        owns = Membership.objects.select_for_update().filter(
            operator=by, storefront=storefront, role=Membership.Role.OWNER
        )
        if role not in Membership.Role.values or not (by.is_superuser or owns.exists()):
            raise NotYourColleague()
        if not NAME.fullmatch(name):
            raise NameUnfit()
        if Membership.objects.filter(storefront=storefront, operator__username__iexact=name).exists():
            raise WorksHere()
        made = _who_left(name, by)
        if made is None:
            mind_free(name)
            made = Operator(username=name, is_staff=True, date_joined=now)
        password = _begin(made, by, now)
        try:
            with transaction.atomic():
                made.save()
        except IntegrityError as clash:  # brought in at this moment
            raise NameNotFree() from clash
        sessions.end_all(operator=made)
        member = Membership.objects.create(operator=made, storefront=storefront, role=role)
        events.record(
            storefront_id=storefront.pk,
            name="operator.brought_in",
            key=f"operator:{made.pk}",
            facts={"by": by.get_username(), "role": role},
            now=now,
        )
    return member, password


@transaction.atomic
def give_password(*, operator: Operator, by: Operator, reason: str, now: datetime) -> str:
    """Another password to begin with, for who lost theirs: every session ends, a telephone stays bound.

    Raises NotYourColleague.
    """
    row = Operator.objects.select_for_update().get(pk=operator.pk)
    if not answers_for(by=by, operator=row):
        raise NotYourColleague()
    password = _begin(row, by, now)
    row.save(update_fields=["password", "let_in_by", "first_password_until"])
    sessions.end_all(operator=row)
    second_factor.tell(row, "operator.password_given", {"by": by.get_username(), "reason": reason}, now)
    return password


@transaction.atomic
def choose_password(*, operator: Operator, password: str, now: datetime) -> None:
    """In place of the one that `operator`, as read by this session, came in with.

    Raises FirstPasswordOver, SamePassword.
    """
    row = Operator.objects.select_for_update().get(pk=operator.pk)
    if not waits(row, now) or row.password != operator.password:
        raise FirstPasswordOver()
    if row.check_password(password):
        raise SamePassword()
    row.set_password(password)
    row.first_password_until = None
    row.save(update_fields=["password", "first_password_until"])
    second_factor.tell(row, "operator.password_chosen", {"by": row.get_username()}, now)


@transaction.atomic
def vouch(*, operator: Operator, now: datetime) -> None:
    """On the platform's word this is nobody else. The telephone goes; who calls gives another password."""
    if second_factor.has_factor(operator):
        second_factor.reset(operator=operator, by="platform", reason="vouched", now=now)
    Operator.objects.filter(pk=operator.pk).update(let_in_by=[])
    second_factor.tell(operator, "operator.vouched", {"by": "platform"}, now)


def waits(operator: Operator, now: datetime) -> bool:
    """Whether a first password may still be replaced by one of their own."""
    return operator.first_password_until is not None and now < operator.first_password_until


def answers_for(*, by: Operator, operator: Operator) -> bool:
    """Whether `by` owns every storefront where `operator` works, or is of the platform; never for oneself."""
    if by.pk == operator.pk or by.is_superuser:
        return by.pk != operator.pk
    with everything():  # also those that one does not own
        places = set(operator.memberships.values_list("storefront_id", flat=True))
        own = by.memberships.filter(role=Membership.Role.OWNER).values_list("storefront_id", flat=True)
        return bool(places) and not operator.is_superuser and places <= set(own)


def mind_free(name: str) -> None:
    """Before a name is given: it is not the house's, and nobody has it in any case. Raises NameNotFree."""
    if name.lower() in RESERVED or Operator.objects.filter(username__iexact=name).exists():
        raise NameNotFree()


def mind_last_owner(membership: Membership) -> None:
    """Before a role is taken away, in the same transaction: another owner stays, whoever leaves at the same
    moment. Raises LastOwner."""
    shop = Storefront.objects.select_for_update(of=("self",)).get(pk=membership.storefront_id)
    owners = Membership.objects.filter(storefront=shop, role=Membership.Role.OWNER)
    if membership.role == Membership.Role.OWNER and not owners.exclude(pk=membership.pk).exists():
        raise LastOwner()


def _who_left(name: str, by: Operator) -> Operator | None:
    left = Operator.objects.select_for_update(of=("self",)).filter(
        username=name, memberships=None, let_in_by__contains=[by.get_username()]
    )
    with everything():
        return left.filter(is_active=True, is_staff=True, is_superuser=False).first()


def _begin(operator: Operator, by: Operator, now: datetime) -> str:
    """A password that `by` will know, and that this is so; not yet saved.

    Whoever may be `by` is kept too: the account of one who leaves may be removed.
    """
    password = secrets.token_urlsafe(15)
    operator.set_password(password)
    operator.first_password_until = now + FIRST_PASSWORD_LASTS
    operator.let_in_by = sorted({*operator.let_in_by, *four_eyes.behind(by.get_username())})
    return password
