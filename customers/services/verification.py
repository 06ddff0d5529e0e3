"""An identity becomes verified or rejected by what an authorised provider says; until then it stays stated.

Three steps: the attempt is committed (identity.py), the provider is asked with no transaction open, the
outcome is committed. Whoever dies in between leaves an attempt that the sweep takes up again.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from compliance import queries as compliance_queries
from compliance import services as compliance
from compliance import vault
from compliance.law import Law
from compliance.services import ConsentNeeded
from customers.gateways.providers import verifier
from customers.gateways.verifying import Finding, Verdict, Verifier, VerifierError
from customers.models import Customer, Identity, IdentityAttempt, NamedPayer
from customers.services import findings, naming
from customers.services.attempts import Tried, watch
from customers.services.identity import CONSENT, checked_pair, locked, open_pair, state_identity
from customers.services.naming import Rests
from customers.states import IDENTITY
from kernel.cases import open_case, open_failing, settle_open
from kernel.clock import SHANGHAI, shanghai_day
from kernel.models import Case
from kernel.tenancy import tenant

log = structlog.get_logger(__name__)

LADDER = [timedelta(seconds=s) for s in (2, 15, 60, 300, 900, 1800)]
REFUSED_BY_PROVIDER = timedelta(hours=1)
PAST_MIDNIGHT = timedelta(minutes=5)  # the provider's clock need not be ours
TWIN = timedelta(seconds=2)  # after it, someone else's answer about the same pair is there
LEASE = timedelta(seconds=60)
CASE_AFTER = 6
FAILING, UNVERIFIED = "identity.failing", "identity.unverified"
DISCLOSED: Rests = {"basis": "consent", "consent": CONSENT, "fields": ["buyer_name", "buyer_number"]}
BATCH = 20  # of at most five seconds each: within the five minutes of a signature


def give_identity(*, customer: Customer, name: str, number: str, device: str, now: datetime) -> None:
    """Take in who orders and have it verified; where the provider does not answer, the sweep goes on asking.

    Raises BadIdentity, ConsentNeeded, IdentityInUse and TooManyAttempts.
    """
    name, number = checked_pair(name=name, number=number, now=now)
    attempt = state_identity(customer=customer, name=name, number=number, device=device, now=now)
    if attempt is not None:
        verify(attempt=attempt, name=name, number=number, now=now)


def verify(*, attempt: IdentityAttempt, name: str, number: str, now: datetime) -> None:
    """Ask whether name and number belong together and commit the answer; an answer that is kept is used.

    Unknown stays unknown: the identity stays stated and the attempt is asked about again by `sweep`.
    """
    tried = Tried.of(name=name, number=number, device="")
    kept = None if attempt.anew else findings.recall(pair=tried.pair, now=now)
    if kept is not None:
        found = findings.opened(kept)
        conclude(attempt=attempt, found=found, number=number, provider=kept.provider, kept=True, now=now)
        return
    provider = verifier()
    if not _claim(attempt, provider, tried.pair[0], now):
        _later(attempt, TWIN, "", now)
        return
    try:
        found = provider.verify(name=name, number=number, now=now)
    except VerifierError as failure:
        findings.let_go(pair=tried.pair[0])
        _unknown(attempt, failure, now)
        return
    findings.keep(pair=tried.pair[0], provider=provider.provider, found=found, now=now)
    conclude(attempt=attempt, found=found, number=number, provider=provider.provider, kept=False, now=now)


def conclude(
    *, attempt: IdentityAttempt, found: Finding, number: str, provider: str, kept: bool, now: datetime
) -> None:
    """Commit a verdict of an identity, whose person is then linked, or of a payer who was named.

    A second time, or after the customer has stated something else, nothing changes.
    """
    with tenant(attempt.storefront_id):
        customer = locked(attempt.customer_id)
        answered = IdentityAttempt.objects.filter(pk=attempt.pk, state=IdentityAttempt.State.ASKED).update(
            state=IdentityAttempt.State.ANSWERED,
            verdict=found.verdict.value,
            provider=provider,
            request_id=found.request_id,
            kept=kept,
            answered_at=now,
            next_try_at=None,
        )
        if not answered:
            return
        attempt.refresh_from_db()
        if attempt.named is not None:
            naming.settle(named=attempt.named, verdict=found.verdict, number=number, now=now)
            if found.verdict is not Verdict.MATCHES:
                watch(attempt=attempt, law=Law(shanghai_day(now)), now=now)
            return
        identity = Identity.objects.get(customer=customer)
        if found.verdict is Verdict.MATCHES:
            person = compliance.link_person(subject=customer.subject, id_number=number, now=now)
            IDENTITY.move(identity, "verify", now=now, person=person, verified_at=now, rejected_for="")
        else:
            IDENTITY.move(identity, "reject", now=now, person=None, rejected_for=found.verdict.value)
            watch(attempt=attempt, law=Law(shanghai_day(now)), now=now)


def sweep(*, now: datetime) -> int:
    """Ask about the attempts whose time has come; returns how many were asked.

    Each is claimed by moving its next try on, so that two sweepers share the work and a dead one loses
    nothing. One that fails in a way that nobody foresaw stops no other: it is a case, and asked about again
    later. The cases of attempts that wait no more, answered or not, are settled.
    """
    asked = 0
    for attempt in _due(now):
        try:
            name, number = _opened(attempt, now)
            verify(attempt=attempt, name=name, number=number, now=now)
            asked += 1
        except (ConsentNeeded, Identity.DoesNotExist, NamedPayer.DoesNotExist, vault.VaultClosed):
            # withdrawn, erased, or over: nobody may
            waiting = IdentityAttempt.objects.filter(pk=attempt.pk, state=IdentityAttempt.State.ASKED)
            waiting.update(state=IdentityAttempt.State.OVERTAKEN, next_try_at=None)
        except compliance.ProcessingLimited:  # just now: from here on it is not due until the person lifts it
            _later(attempt, timedelta(), "limited", now)
        except Exception as failure:
            _later(attempt, LADDER[-1], "failed", now)
            open_failing(
                storefront_id=attempt.storefront_id,
                kind=FAILING,
                key=_key(attempt),
                title="An identity cannot be asked about: something that nobody foresaw",
                facts={"attempt": str(attempt.public_id)},
                failure=failure,
                now=now,
            )
    _settle_ended(now)
    return asked


def _due(now: datetime) -> list[IdentityAttempt]:
    """Those whose time has come; who limited the processing waits, and is due as soon as that is lifted."""
    with transaction.atomic():
        due = list(
            IdentityAttempt.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(
                state=IdentityAttempt.State.ASKED,
                next_try_at__lte=now,
                customer__subject__limited_at=None,
            )
            .order_by("next_try_at")[:BATCH]
        )
        IdentityAttempt.objects.filter(pk__in=[one.pk for one in due]).update(next_try_at=now + LEASE)
    return due


def _opened(attempt: IdentityAttempt, now: datetime) -> tuple[str, str]:
    """Name and number of the identity, opened by the house; raises ConsentNeeded, ProcessingLimited,
    VaultClosed and Identity.DoesNotExist."""
    with transaction.atomic(), tenant(attempt.storefront_id):
        if attempt.named_id is not None:
            return naming.opened(named_id=attempt.named_id, now=now)
        identity = Identity.objects.select_related("customer__subject__key").get(
            customer_id=attempt.customer_id
        )
        subject = identity.customer.subject
        if not compliance_queries.given(subject_id=subject.pk, kind=CONSENT, now=now):
            raise ConsentNeeded(consent=CONSENT)
        compliance.refuse_limited(subject)
        return open_pair(
            identity=identity,
            key=vault.unwrap(subject.key),
            who="system:identity",
            purpose="asking the identity provider again",
            now=now,
        )


def _claim(attempt: IdentityAttempt, provider: Verifier, pair: bytes, now: datetime) -> bool:
    """Commit that the provider is asked, and that name and number leave the house.

    False when a twin asks, or when nobody waits for the answer any more: the account may have been closed.
    """
    with tenant(attempt.storefront_id):
        locked(attempt.customer_id)
        if not IdentityAttempt.objects.filter(pk=attempt.pk, state=IdentityAttempt.State.ASKED).exists():
            return False
        if not findings.claim(pair=pair, anew=attempt.anew, now=now):
            return False
        compliance.disclose(
            storefront_id=attempt.storefront_id,
            subject_id=attempt.customer.subject_id,
            recipient_kind="identity_provider",
            recipient=provider.recipient,
            country=provider.country,
            purpose="verify_identity",
            now=now,
            **(naming.DISCLOSED if attempt.named_id else DISCLOSED),
        )
        return True


def _unknown(attempt: IdentityAttempt, failure: VerifierError, now: datetime) -> None:
    """Keep why there is no verdict, ask again later, and tell an operator where that will not help."""
    log.warning("identity_unknown", attempt=str(attempt.public_id), reason=failure.reason)
    if failure.until_tomorrow:
        wait = datetime.combine(shanghai_day(now) + timedelta(days=1), time(), SHANGHAI) + PAST_MIDNIGHT - now
    else:
        wait = REFUSED_BY_PROVIDER if failure.permanent else LADDER[min(attempt.tries, len(LADDER) - 1)]
    _later(attempt, wait, failure.reason, now)
    if failure.permanent:
        open_case(
            storefront_id=None,
            kind="identity.provider_refuses",
            key=f"provider:{failure.provider}",
            title="The identity provider refuses our calls",
            facts={"reason": failure.reason, "request_id": failure.request_id},
            now=now,
        )
    elif attempt.tries + 1 >= CASE_AFTER:
        open_case(
            storefront_id=attempt.storefront_id,
            kind=UNVERIFIED,
            key=_key(attempt),
            title="An identity cannot be verified for long",
            facts={"attempt": str(attempt.public_id), "reason": failure.reason},
            now=now,
        )


def _key(attempt: IdentityAttempt) -> str:
    return f"attempt:{attempt.public_id}"


def _settle_ended(now: datetime) -> None:
    waiting = IdentityAttempt.objects.filter(state=IdentityAttempt.State.ASKED)
    told = Case.objects.filter(kind__in=[FAILING, UNVERIFIED], state=Case.State.OPEN)
    for key in set(told.values_list("key", flat=True)):
        if not waiting.filter(public_id=key.removeprefix("attempt:")).exists():
            settle_open(kinds=[FAILING, UNVERIFIED], key=key, by="system", note="it waits no more", now=now)


def _later(attempt: IdentityAttempt, wait: timedelta, error: str, now: datetime) -> None:
    IdentityAttempt.objects.filter(pk=attempt.pk, state=IdentityAttempt.State.ASKED).update(
        tries=F("tries") + 1, next_try_at=now + wait, error=error
    )
