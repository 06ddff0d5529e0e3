"""What a provider said of a pair is kept sealed for its days: it is not asked, paid, disclosed twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from compliance import vault
from compliance.law import Law
from customers import labels
from customers.gateways.verifying import Finding, Verdict
from customers.models import Customer, Identity, IdentityAttempt, IdentityFinding
from customers.services.attempts import lock
from kernel.clock import SHANGHAI, shanghai_day
from kernel.tenancy import everything

ASKING = timedelta(seconds=10)  # longer than a call can take


def recall(*, pair: list[bytes], now: datetime) -> IdentityFinding | None:
    """The answer that is still good for this pair (indexes under every key); None where there is none."""
    rows = IdentityFinding.objects.select_related("key").filter(pair_index__in=pair, good_until__gt=now)
    return rows.order_by("-answered_at").first()


def opened(row: IdentityFinding) -> Finding:
    """The answer of a row, in plain."""
    assert row.key is not None  # an answer is always kept under a key
    key = vault.unwrap(row.key)
    verdict, code = key.open(labels.FINDING, row.public_id, bytes(row.answer_sealed)).split(" ")
    return Finding(Verdict(verdict), code, row.request_id)


def claim(*, pair: bytes, anew: bool = False, now: datetime) -> bool:
    """Whether the caller may ask about this pair now: of many at once, one may, for ten seconds.

    Nobody may while there is an answer that is good, unless it is to be had `anew`.
    """
    IdentityFinding.objects.bulk_create([IdentityFinding(pair_index=pair)], ignore_conflicts=True)
    free = Q(asking_until=None) | Q(asking_until__lte=now)
    rows = IdentityFinding.objects.filter(free, pair_index=pair)
    if not anew:
        rows = rows.exclude(good_until__gt=now)
    return rows.update(asking_until=now + ASKING) == 1


def let_go(*, pair: bytes) -> None:
    """There was no answer: the next one may ask at once."""
    IdentityFinding.objects.filter(pair_index=pair).update(asking_until=None)


def keep(*, pair: bytes, provider: str, found: Finding, now: datetime) -> None:
    """Keep the answer for the days of its verdict, sealed under a key that is destroyed after them."""
    days: int = Law(shanghai_day(now)).figure("identity/result_days")[found.verdict.value]
    good_until = now + timedelta(days=days)
    key_row, key = vault.new_key("finding", None, good_until.astimezone(SHANGHAI).date() + timedelta(days=1))
    with transaction.atomic():
        row = IdentityFinding.objects.select_for_update().filter(pair_index=pair).first()
        if row is None:  # its owner left while the provider was asked: nothing is kept
            return
        vault.insert_key(key_row)
        if row.key_id is not None:
            vault.destroy_key(key_id=row.key_id, now=now)
        row.key = key_row
        row.answer_sealed = key.seal(labels.FINDING, row.public_id, f"{found.verdict} {found.code}")
        row.provider, row.request_id = provider, found.request_id
        row.asking_until, row.answered_at, row.good_until = None, now, good_until
        row.save()


def forget(*, customer: Customer, now: datetime) -> None:
    """Remove the answers that this customer leaves as the last one, before their own rows go.

    In the caller's transaction, which holds the customer's row. An answer stays as long as an identity or an
    attempt of an account that is not closed refers to it. Whoever states one of these numbers meanwhile, or
    leaves it too, waits for this transaction or is waited for: none of them is overlooked.
    """
    own = [
        *Identity.objects.filter(customer=customer).values_list("number_index", "pair_index"),
        *IdentityAttempt.objects.filter(customer=customer).values_list("number_index", "pair_index"),
    ]
    lock(*{bytes(number) for number, _ in own})
    pairs = {bytes(pair) for _, pair in own if pair is not None}
    others = Q(pair_index__in=pairs, customer__closed_at=None) & ~Q(customer=customer)
    with everything():  # whoever's they are: the provider is asked once for all storefronts
        shared = {
            bytes(pair)
            for rows in (Identity.objects, IdentityAttempt.objects)
            for pair in rows.filter(others).values_list("pair_index", flat=True)
            if pair is not None
        }
    last = IdentityFinding.objects.select_for_update().filter(pair_index__in=pairs - shared)
    drop_findings(list(last.order_by("pk")), now)


def drop_findings(rows: list[IdentityFinding], now: datetime) -> None:
    """Remove findings with their keys, in the caller's transaction."""
    for row in rows:
        if row.key_id is not None:
            vault.destroy_key(key_id=row.key_id, now=now)
    IdentityFinding.objects.filter(pk__in=[row.pk for row in rows]).delete()
