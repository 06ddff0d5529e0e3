"""One record of each kind that ended at a given instant, and where to see whether it is still there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.db.models import Model, QuerySet

from compliance import vault
from compliance.models import (
    VALUE,
    Access,
    AllowanceAccount,
    Consent,
    DataKey,
    Disclosure,
    ImpactAssessment,
    Incident,
    IncidentAffected,
    Judgement,
    NoticeSeen,
    PayerCheck,
    Person,
    Subject,
)
from compliance.services import allowance_reserve, allowance_use, create_subject, disclose
from compliance.services.incident import dismiss_incident, register_incident
from compliance.services.incident_affected import freeze_affected
from compliance.services.incident_notice import draft_notice
from customers.models import (
    Export,
    IdentityAttempt,
    IdentityFinding,
    NamedPayer,
    News,
    NewsConsent,
    Session,
)
from customs.models import DataRequest
from kernel import files, jobs
from kernel.clock import SHANGHAI, shanghai_day
from kernel.ids import uuid7
from kernel.models import File, Job, Receipt
from logistics.models import TrackingEvent
from orders.models import FormerOrderer, Order, Quote
from payments.models import Notification
from settlement.models import Evidence, RatePublication
from storefronts.models import OperatorSession, PushedMessage
from tests import make
from tests.operators.news_rows import news_rows
from tests.operators.parcel_rows import parcel_rows

SECOND = timedelta(seconds=1)


def new_year(year: int) -> datetime:
    """The first instant of a year in Shanghai."""
    return datetime(year, 1, 1, tzinfo=SHANGHAI).astimezone(UTC)


def subject() -> Subject:
    return create_subject(storefront_id=7, now=make.NOW)[0]


def key(at: datetime) -> QuerySet[Any]:
    row, _ = vault.new_key("order", 7, shanghai_day(at))
    vault.insert_key(row)
    return DataKey.objects.filter(destroyed_at=None)


def judgement(at: datetime) -> QuerySet[Any]:
    Judgement.objects.create(
        storefront_id=7,
        moment="quote",
        allowed=True,
        refusals=[],
        figures={},
        edition="e",
        facts_sealed=b"",
        decided_at=at,
    )
    return Judgement.objects.all()


def disclosure(at: datetime) -> QuerySet[Any]:
    disclose(
        storefront_id=7,
        subject_id=subject().id,
        recipient_kind="carrier",
        recipient="顺丰速运有限公司",
        country="CN",
        purpose="deliver",
        basis="contract",
        fields=["consignee_name"],
        now=at,
    )
    return Disclosure.objects.all()


def assessment(at: datetime) -> QuerySet[Any]:
    """One that was due anew on the day that ended at `at`."""
    day = shanghai_day(at - SECOND)
    told = {"purpose": "p", "impact": "i", "measures": "m"}
    ImpactAssessment.objects.create(
        processing="abroad",
        assessed_on=day - timedelta(days=365),
        assessed_by="合规负责人",
        acceptable=True,
        review_on=day,
        recorded_by="officer",
        recorded_at=at,
        **told,
    )
    return ImpactAssessment.objects.all()


def allowance(at: datetime) -> QuerySet[Any]:
    """A person's year that ended at `at`, the value and a group of goods, used on its last day."""
    person = Person.objects.create(number_index=uuid7().bytes, created_at=at)
    eve = at - timedelta(hours=3)
    year = shanghai_day(eve).year
    wanted = {VALUE: (100_000, 2_600_000), "sugar": (500, 2_000)}
    allowance_reserve(person_id=person.id, order_number="A", wanted=wanted, year=year, now=eve)
    allowance_use(order_number="A", year=year, now=eve)
    return AllowanceAccount.objects.all()


def incident(at: datetime, *, listed: bool) -> QuerySet[Any]:
    """An incident that was closed at `at`, with a notice and, where `listed`, whom it concerned."""
    now = make.NOW
    made = register_incident(
        storefront_id=7,
        kind="leak",
        title="客服账号异常查看收件人电话",
        detected_at=now,
        window_from=now,
        window_to=now,
        contact="compliance@shop.test",
        by="officer",
        now=now,
    )
    draft_notice(incident=made, duty="persons", by="officer", now=now)
    if listed:
        freeze_affected(incident=made, owners=lambda table, refs: {}, by="officer", now=now)
    dismiss_incident(incident=made, note="误报", by="officer", now=now)
    Incident.objects.update(closed_at=at)
    return (IncidentAffected if listed else Incident).objects.all()


def attempt(at: datetime) -> QuerySet[Any]:
    alice = make.customer(make.storefront())
    IdentityAttempt.objects.create(
        storefront=alice.storefront, customer=alice, number_index=b"n", pair_index=b"p", made_at=at
    )
    return IdentityAttempt.objects.all()


def session(at: datetime) -> QuerySet[Any]:
    make.token(make.customer(make.storefront()))
    Session.objects.update(expires_at=at)
    return Session.objects.all()


def login(model: type[Model], at: datetime) -> QuerySet[Any]:
    counted = {"failures_since_start": 1} if model is AccessAttempt else {}
    model._default_manager.create(username="mei", ip_address="127.0.0.1", **counted)
    model._default_manager.update(attempt_time=at)  # the library takes the time of its own clock
    return model._default_manager.all()


def export(at: datetime) -> QuerySet[Any]:
    alice = make.customer(make.storefront())
    Export.objects.create(
        storefront=alice.storefront,
        customer=alice,
        job=jobs.queue(storefront_id=None, kind="rights.export", arguments={}, by="", now=at),
        secret_hash=b"s" * 32,
        asked_at=at,
        expires_at=at,
    )
    return Export.objects.all()


def quote(at: datetime) -> QuerySet[Any]:
    make.quote(make.world().alice, ("HD-1", 1))
    Quote.objects.update(made_at=at, expires_at=at)
    return Quote.objects.all()


def traces(at: datetime) -> QuerySet[Any]:
    order = make.order(make.world().alice, ("HD-1", 1))
    Order.objects.filter(pk=order.pk).update(buyer_index=b"b")
    DataKey.objects.filter(pk=order.key_id).update(destroy_on=shanghai_day(at))
    return Order.objects.exclude(buyer_index=b"")


def file(at: datetime) -> QuerySet[Any]:
    files.store(storefront_id=7, name="f", media_type="text/csv", content=b"x", now=at, expires_at=at)
    return File.objects.all()


def tracking(at: datetime) -> QuerySet[Any]:
    parcel_rows(make.order(make.world().alice, ("HD-1", 1)), 0)
    told = TrackingEvent.objects.get()
    shared = {"storefront": told.storefront, "parcel": told.parcel, "provider": "sf", "code": "picked_up"}
    TrackingEvent.objects.create(**shared, at=at, digest="e" * 64, taken_at=at)
    return TrackingEvent.objects.filter(digest="e" * 64)


def news(at: datetime) -> QuerySet[Any]:
    news_rows(make.order(make.world().alice, ("HD-1", 1)), at)
    return News.objects.all()


def spent_consent(at: datetime) -> QuerySet[Any]:
    news_rows(make.order(make.world().alice, ("HD-1", 1)), at)
    News.objects.all().delete()
    return NewsConsent.objects.exclude(spent_at=None)


def named_payer(at: datetime) -> QuerySet[Any]:
    alice = make.world().alice
    NamedPayer.objects.create(
        storefront=alice.storefront,
        customer=alice,
        order_number="A",
        name_sealed=b"",
        number_sealed=b"",
        state="rejected",
        confirmed_version="1",
        confirmed_hash="0" * 64,
        named_at=at,
        ended_at=at,
    )
    return NamedPayer.objects.all()


def former_orderer(at: datetime) -> QuerySet[Any]:
    order = make.order(make.world().alice, ("HD-1", 1))
    FormerOrderer.objects.create(
        storefront=order.storefront,
        order=order,
        name_sealed=b"s",
        number_sealed=b"s",
        replaced_hash="0" * 64,
        replaced_at=at,
    )
    return FormerOrderer.objects.all()


def evidence(at: datetime) -> QuerySet[Any]:
    order = make.order(make.world().alice, ("HD-1", 1))
    Evidence.objects.create(
        storefront=order.storefront, order=order, kind="logistics", reference="SF1", at=at, told_at=at
    )
    return Evidence.objects.all()


def row(model: type[Model], fields: Callable[[datetime], dict[str, Any]], at: datetime) -> QuerySet[Any]:
    model._default_manager.create(**fields(at))
    return model._default_manager.all()


MAKERS: dict[str, Callable[[datetime], QuerySet[Any]]] = {
    "compliance.keys": key,
    "compliance.judgements": judgement,
    "compliance.payer_checks": partial(
        row, PayerCheck, lambda at: {"storefront_id": 7, "order_number": "A", "port": "3105", "opened_at": at}
    ),
    "compliance.consents": partial(
        row,
        Consent,
        lambda at: {
            "subject": subject(),
            "storefront_id": 7,
            "kind": "marketing",
            "version": "1",
            "given_at": at - timedelta(days=900),
            "withdrawn_at": at,
        },
    ),
    "compliance.notices": partial(
        row,
        NoticeSeen,
        lambda at: {"subject": subject(), "storefront_id": 7, "kind": "k", "version": "1", "at": at},
    ),
    "compliance.disclosures": disclosure,
    "compliance.accesses": partial(
        row,
        Access,
        lambda at: {"storefront_id": 7, "who": "a", "what": "b", "ref": "c", "purpose": "d", "at": at},
    ),
    "compliance.assessments": assessment,
    "compliance.allowances": allowance,
    "compliance.affected": partial(incident, listed=True),
    "compliance.incidents": partial(incident, listed=False),
    "customers.attempts": attempt,
    "customers.findings": partial(row, IdentityFinding, lambda at: {"pair_index": b"p", "good_until": at}),
    "customers.named_payers": named_payer,
    "customers.news": news,
    "customers.news_consents": spent_consent,
    "customers.sessions": session,
    "customers.exports": export,
    "customs.data_requests": partial(
        row,
        DataRequest,
        lambda at: {"session": "S", "number": "unknown", "service_ms": 1, "asked_at": at},
    ),
    "logistics.tracking": tracking,
    "orders.former_orderers": former_orderer,
    "orders.quotes": quote,
    "storefronts.sessions": partial(
        row,
        OperatorSession,
        lambda at: {
            "session_key": uuid7().hex,
            "expire_date": at,
            "idle_seconds": 60,
            "started_at": at,
            "seen_at": at,
        },
    ),
    **{
        f"storefronts.{kind}": partial(login, model)
        for kind, model in (
            ("logins", AccessLog),
            ("failures", AccessFailureLog),
            ("attempts", AccessAttempt),
        )
    },
    "storefronts.messages": partial(
        row,
        PushedMessage,
        lambda at: {
            "storefront": make.storefront(),
            "digest": b"d" * 32,
            "content": b"",
            "outcome": "taken",
            "received_at": at,
        },
    ),
    "settlement.evidence": evidence,
    "settlement.rates": partial(
        row,
        RatePublication,
        lambda at: {
            "day": shanghai_day(at),
            "published_at": at,
            "fetched_at": at,
            "source": "test",
            "sha256": "0" * 64,
            "body": "{}",
            "rates": {},
        },
    ),
    "payments.noise": partial(
        row,
        Notification,
        lambda at: {
            "mchid": "1",
            "headers": {},
            "body": b"{}",
            "received_at": at,
            "outcome": Notification.Outcome.REJECTED,
        },
    ),
    "payments.notifications": partial(
        row, Notification, lambda at: {"mchid": "1", "headers": {}, "body": b"{}", "received_at": at}
    ),
    "kernel.receipts": partial(
        row,
        Receipt,
        lambda at: {
            "source": "s",
            "key": "k",
            "fingerprint": b"f" * 32,
            "status": 200,
            "body": b"{}",
            "at": at,
        },
    ),
    "kernel.files": file,
    "kernel.jobs": partial(row, Job, lambda at: {"kind": "x", "state": "done", "ended_at": at}),
}
