"""What an operator may see and do follows from memberships alone, read once per request."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from kernel.tenancy import everything
from storefronts.models import Membership, Operator, Storefront

Role = Membership.Role

# Who may do what; the auditor reads everything and changes nothing.
READERS = frozenset(Role.values)
OWNERS = frozenset({Role.OWNER.value})
SELLERS = OWNERS | {Role.MERCHANDISER.value}
PACKERS = OWNERS | {Role.FULFILMENT.value, Role.MERCHANDISER.value}
DECIDERS = OWNERS | {Role.FINANCE.value, Role.COMPLIANCE.value}
OFFICERS = OWNERS | {Role.COMPLIANCE.value}
INSPECTORS = OFFICERS | {Role.AUDITOR.value}
CARERS = OWNERS | {Role.CUSTOMER_SERVICE.value, Role.COMPLIANCE.value}
REFUNDERS = OWNERS | {Role.FINANCE.value, Role.CUSTOMER_SERVICE.value}
ACCOUNTANTS = OWNERS | {Role.FINANCE.value}
WORKERS = READERS - {Role.AUDITOR.value}
# Who touches or reads money or personal data gives a code at each log-in, as superusers do; others may.
# Whatever opens a name or an address in plain, a parcel's label too, is for these roles alone.
SECOND_FACTOR = (OWNERS | REFUNDERS | INSPECTORS) | {Role.FULFILMENT.value}
LABELLERS = PACKERS & SECOND_FACTOR

# Where a row says to which storefront it belongs; otherwise a lookup such as "event__storefront_id".
PLATFORM = ""  # rows of the platform itself: superusers alone
SHARED = "*"  # the law's own tables, the same for everybody


@dataclass(frozen=True, slots=True)
class Scope:
    """The storefronts of one operator with the roles in each; a superuser's scope is everything."""

    everything: bool
    roles: Mapping[int, frozenset[str]]
    names: Mapping[int, str]

    def storefronts(self, roles: Collection[str] = READERS) -> list[int]:
        """Ids of the storefronts in which the operator has one of these roles."""
        return [id for id, held in self.roles.items() if held & frozenset(roles)]

    def may(self, storefront_id: int | None, roles: Collection[str]) -> bool:
        """Whether one of `roles` is held in this very storefront."""
        if self.everything:
            return True
        held = self.roles.get(storefront_id) if storefront_id is not None else None
        return bool(held and held & frozenset(roles))

    def may_anywhere(self, roles: Collection[str]) -> bool:
        """Whether one of `roles` is held in any storefront."""
        return self.everything or bool(self.storefronts(roles))

    @property
    def needs_code(self) -> bool:
        """Whether a second factor is asked for, whether or not the operator has one yet."""
        return self.may_anywhere(SECOND_FACTOR)

    def narrow(
        self, rows: QuerySet[Any], path: str, roles: Collection[str] = READERS, *, many: bool = False
    ) -> QuerySet[Any]:
        """Of `rows`, those that lie in the operator's storefronts; `many` when `path` meets several."""
        if self.everything or path == SHARED:
            return rows
        if path == PLATFORM:
            return rows.none()
        mine = {f"{path}__in": self.storefronts(roles)}
        if not many:
            return rows.filter(**mine)
        return rows.filter(pk__in=rows.model._default_manager.filter(**mine).values("pk"))


NOTHING = Scope(everything=False, roles={}, names={})


def scope_of(request: HttpRequest) -> Scope:
    """The scope of the operator behind this request."""
    found: Scope | None = getattr(request, "_operator_scope", None)
    if found is None:
        found = scope_of_operator(request.user)
        request._operator_scope = found  # type: ignore[attr-defined]  # lives as long as the request
    return found


def scope_of_operator(user: Any) -> Scope:
    """The scope of an operator; of anyone else, nothing."""
    if not isinstance(user, Operator) or not user.is_active or not user.is_staff:
        return NOTHING
    if user.is_superuser:
        return Scope(True, {}, dict(Storefront.objects.values_list("pk", "code")))
    roles: dict[int, frozenset[str]] = {}
    names: dict[int, str] = {}
    rows = Membership.objects.filter(operator=user).order_by("storefront__code")
    with everything():  # they tell which storefronts are named
        held = list(rows.values_list("storefront_id", "storefront__code", "role"))
    for storefront_id, code, role in held:
        roles[storefront_id] = roles.get(storefront_id, frozenset()) | {role}
        names[storefront_id] = code
    return Scope(False, roles, names)


def storefront_id_of(row: Model, path: str) -> int | None:
    """The storefront of a row by its path; None for rows of the platform, shared and many-sided ones."""
    if path in (PLATFORM, SHARED):
        return None
    value: Any = row
    for step in path.split("__"):
        value = getattr(value, step, None)
    return value if isinstance(value, int) else None
