"""Nobody tries out names and numbers: attempts are counted in PostgreSQL, and what looks stolen is a case.

Three counts, each within the hours of one figure: by customer, by number, and by device. A customer is the
WeChat user behind the account: who closes it and logs in again goes on being counted. A mini-program
cannot name its device; it can keep a random id in its own storage, which whoever means harm will clear, so
the other two counts are the ones that hold.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet

from compliance import vault
from compliance.law import Law
from customers import labels
from customers.models import Customer, IdentityAttempt
from kernel.cases import open_case
from kernel.clock import shanghai_day
from kernel.problems import Throttled
from kernel.tenancy import everything

COUNTED = Q(forgiven_at=None) & ~Q(state=IdentityAttempt.State.REFUSED)
ASKED_BY_REQUEST = timedelta(seconds=10)  # the request that states it asks first; later the sweep does
SHOWN = 10  # customers that a case names


class TooManyAttempts(Throttled):
    """Too many names and numbers were tried by this customer, on this device, or for this number."""

    code = "identity_attempts"
    title = "Too many attempts at identity verification; please try again in {seconds} s."
    title_zh = "实名核验次数过多，请 {seconds} 秒后再试。"


@dataclass(frozen=True)
class Tried:
    """Which pair is tried and on which device: blind indexes under every known key, the current one first."""

    number: list[bytes]
    pair: list[bytes]
    device: list[bytes]

    @classmethod
    def of(cls, *, name: str, number: str, device: str) -> Tried:
        """The indexes of a pair; `device` is "" where the caller keeps no id."""
        return cls(
            number=vault.blinds("id_number", number),
            pair=vault.blinds("identity_pair", pair_text(name, number)),
            device=vault.blinds("device", device) if device else [],
        )


def pair_text(name: str, number: str) -> str:
    """What a pair is indexed as."""
    return f"{name}\n{number}"


def count_in(*, customer: Customer, tried: Tried, now: datetime) -> tuple[IdentityAttempt, int]:
    """Count one attempt, inside the caller's transaction, which holds the customer's row.

    Returns the attempt and 0, or a refused attempt and the seconds after which another one is admitted.
    What looks stolen opens a case in either event.
    """
    law = Law(shanghai_day(now))
    lock(tried.number[0], *tried.device[:1])
    key = vault.unwrap(customer.subject.key)
    openid = key.open(labels.OPENID, customer.public_id, bytes(customer.openid_sealed))
    wait = _wait(customer, vault.blinds("openid", openid), tried, law, now)
    attempt = IdentityAttempt.objects.create(
        storefront_id=customer.storefront_id,
        customer=customer,
        number_index=tried.number[0],
        pair_index=tried.pair[0],
        device_index=tried.device[0] if tried.device else None,
        openid_index=vault.blind("openid", openid),
        state=IdentityAttempt.State.REFUSED if wait else IdentityAttempt.State.ASKED,
        next_try_at=None if wait else now + ASKED_BY_REQUEST,
        made_at=now,
    )
    if wait:
        _case(attempt, "identity.too_many_attempts", {"seconds": wait}, now)
    watch(attempt=attempt, law=law, now=now)
    return attempt, wait


def lock(*indexes: bytes) -> None:
    """Until the end of the transaction nobody else counts for these numbers and devices; in one order."""
    with connection.cursor() as cursor:
        for key in sorted(
            int.from_bytes(hashlib.sha256(i).digest()[:8], "big", signed=True) for i in indexes
        ):
            cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [key])


def forgive(*, attempt: IdentityAttempt, now: datetime) -> int:
    """Count nothing any more of this storefront that kept the attempt's customer, number or device waiting.

    Returns how many. What other storefronts counted is theirs to forgive.
    """
    same = _own(attempt) | Q(number_index=bytes(attempt.number_index))
    if attempt.device_index is not None:
        same |= Q(device_index=bytes(attempt.device_index))
    here = IdentityAttempt.objects.filter(same, storefront_id=attempt.storefront_id, forgiven_at=None)
    return here.update(forgiven_at=now)


@everything()  # a number or a device may be tried in every storefront
def watch(*, attempt: IdentityAttempt, law: Law, now: datetime) -> None:
    """Open a case where a number is many people's, a customer or device has many, or answers stay wrong."""
    figure = law.figure("identity/watch")
    recent = IdentityAttempt.objects.filter(
        made_at__gt=now - timedelta(days=figure["days"]), forgiven_at=None
    )
    own = recent.filter(_own(attempt))
    numbers = own.values("number_index").distinct().count()
    if numbers >= figure["numbers_of_customer"]:
        _case(attempt, "identity.many_numbers", {"count": numbers}, now)
    wrong = own.filter(verdict__in=IdentityAttempt.WRONG).count()
    if wrong >= figure["wrong_of_customer"]:
        _case(attempt, "identity.wrong_again", {"count": wrong}, now)
    if attempt.device_index is not None:
        device = recent.filter(device_index=bytes(attempt.device_index))
        if device.values("number_index").distinct().count() >= figure["numbers_of_device"]:
            _case(attempt, "identity.many_numbers_on_device", _seen(attempt, device, "number_index"), now)
    same = recent.filter(number_index=bytes(attempt.number_index))
    found = same.aggregate(people=Count("customer", distinct=True), shops=Count("storefront", distinct=True))
    extra = found["people"] - found["shops"]  # one person may well buy in every storefront
    if extra >= figure["extra_customers_of_number"]:
        _case(attempt, "identity.number_of_many", _seen(attempt, same, "customer"), now)


def _own(attempt: IdentityAttempt) -> Q:
    """What the attempt's WeChat user tried, also under an account that was closed since."""
    own = Q(customer_id=attempt.customer_id)
    if attempt.openid_index is not None:
        own |= Q(storefront_id=attempt.storefront_id, openid_index=bytes(attempt.openid_index))
    return own


@everything()
def _wait(customer: Customer, openid: list[bytes], tried: Tried, law: Law, now: datetime) -> int:
    """Seconds until every count has room for one more; 0 where it has."""
    figure = law.figure("identity/attempts")
    window = timedelta(hours=figure["hours"])
    counted = IdentityAttempt.objects.filter(COUNTED, made_at__gt=now - window)
    own = Q(customer=customer) | Q(storefront_id=customer.storefront_id, openid_index__in=openid)
    waits = [
        _room(counted.filter(own), figure["customer"], window, now),
        _room(counted.filter(number_index__in=tried.number), figure["number"], window, now),
    ]
    if tried.device:
        waits.append(_room(counted.filter(device_index__in=tried.device), figure["device"], window, now))
    return max(waits)


def _room(made: QuerySet[IdentityAttempt], most: int, window: timedelta, now: datetime) -> int:
    latest = list(made.order_by("-made_at").values_list("made_at", flat=True)[:most])
    if len(latest) < most:
        return 0
    return max(1, math.ceil((latest[-1] + window - now).total_seconds()))


def _seen(attempt: IdentityAttempt, rows: QuerySet[IdentityAttempt], counted: str) -> dict[str, Any]:
    """How many different `counted` the attempt's own storefront has, and its customers by public id.

    Of other storefronts a case says only that there are such rows.
    """
    here = rows.filter(storefront_id=attempt.storefront_id)
    people = here.order_by("customer_id").distinct("customer_id")
    return {
        "count": here.values(counted).distinct().count(),
        "elsewhere": rows.exclude(storefront_id=attempt.storefront_id).exists(),
        "customers": [str(id) for id in people.values_list("customer__public_id", flat=True)[:SHOWN]],
    }


def _case(attempt: IdentityAttempt, kind: str, facts: dict[str, Any], now: datetime) -> None:
    open_case(
        storefront_id=attempt.storefront_id,
        kind=kind,
        key=f"customer:{attempt.customer.public_id}",
        title=CASES[kind],
        facts={
            "customer": str(attempt.customer.public_id),
            "attempt": str(attempt.public_id),
            **facts,
        },
        now=now,
    )


CASES = {
    "identity.too_many_attempts": "Too many attempts at identity verification",
    "identity.many_numbers": "One customer stated many identity numbers",
    "identity.many_numbers_on_device": "Many identity numbers were stated on one device",
    "identity.number_of_many": "One identity number was stated by many customers",
    "identity.wrong_again": "Name and identity number keep not belonging together",
}
