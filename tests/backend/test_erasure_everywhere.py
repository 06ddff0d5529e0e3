"""After an account is closed nothing finds or reads the person: every table, file, log and Redis is searched.

The test discovers personal values by itself: before the closing it opens every sealed value of the database
with the keys of the person; afterwards none of them may open, and no index of the person may be left but
those that the law keeps.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from redis import Redis

from backend import personal
from compliance import vault
from compliance.crypto import Key, Tampered
from compliance.holdings import ends
from compliance.models import AllowanceAccount, AllowanceEntry, Consent, DataKey, PayerCheck, Person, Subject
from compliance.queries import allowance_differences
from compliance.services import judgement
from compliance.services.retention import ended_before
from customers import labels as customer_labels
from customers.models import Address, Customer, Export, Identity, IdentityFinding, Session
from customers.services.erasure import close_account
from customers.services.login import _customer
from customs import labels as customs_labels
from kernel.clock import SHANGHAI, shanghai_day
from kernel.models import Case, File
from orders import labels as order_labels
from orders.models import CartLine, CouponClaim, Order, Quote
from payments import labels as payment_labels
from payments.models import Notification, Payment
from payments.services.settle import settle
from returns import labels as return_labels
from tests import make
from tests.backend import erasing
from tests.payments.reports import delivery_of, report_of

pytestmark = pytest.mark.django_db(transaction=True)


ATTEMPT = ("number_index", "pair_index", "device_index", "openid_index")


def keys_of_alice(world: make.World) -> dict[str, Key]:
    """The key of her data and those of her orders, unwrapped while they can be."""
    orders = Order.objects.filter(customer=world.alice).select_related("key")
    subject = Subject.objects.select_related("key").get(pk=world.alice.subject_id)
    finding = IdentityFinding.objects.select_related("key").get()
    assert finding.key is not None
    own = {"subject": vault.unwrap(subject.key), "finding": vault.unwrap(finding.key)}
    return own | {o.state: vault.unwrap(o.key) for o in orders}


def openable(keys: dict[str, Key]) -> dict[tuple[str, str, Any], str]:
    """Which key opens which sealed value: every label of every app is tried with every name of a row."""
    found = {}
    for (model, field, pk), blob in erasing.sealed_values().items():
        for state, key in keys.items():
            for label in LABELS:
                for ref in refs(model, pk):
                    try:
                        key.open(label, ref, blob)
                    except Tampered:
                        continue
                    found[model, field, pk] = state
    return found


# Sealed under a key of the house: the numbers of rows that an incident concerned, no names.
HOUSES = {("compliance.IncidentAffected", "people_sealed")}
LABELS = [
    *(
        v
        for m in (customer_labels, customs_labels, order_labels, payment_labels, return_labels)
        for v in vars(m).values()
        if isinstance(v, str) and v.count(".") == 2
    ),
    judgement.FACTS,
]


def refs(model: str, pk: Any) -> list[str]:

    row = apps.get_model(model)._default_manager.get(pk=pk)
    return [str(getattr(row, name)) for name in ("public_id", "number", "pk") if hasattr(row, name)]


def test_nothing_finds_or_reads_the_person_afterwards(
    world: make.World, redis: Redis, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = keys_of_alice(world)
    before = openable(keys)
    read = {(model, field) for model, field, _ in before}
    declared = {(e.model, e.field) for e in personal.FIELDS if e.field.endswith("_sealed")} - HOUSES
    assert read == declared  # the furnishing reaches every sealed field, and no other one opens
    held = erasing.sealed_values()
    indexed = {(m, f) for (m, f, _), value in held.items() if value in erasing.indexes_of_alice()}
    assert indexed == {(e.model, e.field) for e in personal.FIELDS if e.field.endswith("_index")}
    assert erasing.where_plain(redis, "") == []
    assert erasing.stored_files() != []

    kept = close_account(customer=world.alice, js_code="fresh", now=make.present())

    with pytest.raises(vault.VaultClosed):
        vault.unwrap(Subject.objects.select_related("key").get(pk=world.alice.subject_id).key)
    destroyed = DataKey.objects.filter(destroyed_at__isnull=False)
    assert set(destroyed.values_list("id", flat=True)) == {
        keys[name].id for name in ("subject", "finding", "cancelled")
    }
    # Of what the keys that we still hold in this test could open, only the paid order's is kept readable.
    readable = set(openable(keys_still_there(keys)).values())
    assert readable == {"paid"}
    left = {
        (m, f) for (m, f, _), value in erasing.sealed_values().items() if value in erasing.indexes_of_alice()
    }
    assert left == {
        ("compliance.Person", "number_index"),
        ("orders.Order", "buyer_index"),
        *(("customers.IdentityAttempt", name) for name in ATTEMPT),
    }
    assert erasing.where_plain(redis, capfd.readouterr().err + capfd.readouterr().out) == []
    sealed = File.objects.get(name="return-picture")  # with the order's key, as her words beside it
    assert erasing.stored_files() == [str(sealed.public_id)]
    orders = next(one for one in kept if one.what == "orders")
    assert "汇发〔2019〕13号" in orders.law
    assert orders.until == Order.objects.get(state="paid").key.destroy_on


def test_alice_has_a_row_in_every_table_from_which_something_leads_to_a_person(world: make.World) -> None:
    found = erasing.rows_that_lead_to(erasing.names_of_alice(world))
    assert sorted(erasing.models_that_point() - set(found)) == []


def test_what_is_told_to_be_kept_is_all_that_still_leads_to_the_person(world: make.World) -> None:
    names = erasing.names_of_alice(world)
    years = AllowanceAccount.objects.filter(person_id=world.alice.subject.person_id).count()
    kept = close_account(customer=world.alice, js_code="fresh", now=make.present())
    found = erasing.rows_that_lead_to(names)
    assert set(found) == {model for one in kept for model in one.models}
    assert {one.what: one.rows for one in kept} == {
        "review_accesses": 1,
        "return_accesses": 1,
        "return_history": 1,
        "return_pictures": 1,
        "stray_parcels": 1,
        "returns": 1,
        "books": 2 + 5,
        "abroad": 1,
        "open_abroad": 1,
        "trade_evidence": 1,
        "payments": 1,
        "parcels": 4,
        "customs": 6,
        "customs_history": 4,
        "data_requests": 1,
        "parcel_history": 1,
        "tracking": 1,
        "refunds": 1,
        "complaints": 1,
        "complaint_accesses": 1,
        "complaint_answers": 1,
        "complaint_history": 1,
        "declarations": 1,
        "bills": 2,
        "payment_messages": 1,
        "orders": 1,
        "order_accesses": 1,
        "order_history": 4,
        "payment_history": 1,
        "account": 4,
        "identity_attempts": 1,
        "accesses": 1,
        "account_history": 3,
        "judgements": 2,
        "judgement_accesses": 1,
        "originals": 1,
        "payer_checks": 1,
        "consents": 4,
        "notices": 1,
        "disclosures": 2,
        "allowance": 2,
        "allowance_account": 1 + years,
        "incidents": 1,
        "receipts": 1,
        "jobs": 1,
    }
    for label, rows in found.items():
        tell = [one for one in kept if label in one.models]
        if all(one.models == (label,) for one in tell):
            assert sum(one.rows for one in tell) == len(rows), label
    for one in kept:
        assert one.names["zh"] and one.names["en"] and one.law, one.what


def test_a_message_that_could_not_be_taken_in_names_nobody_after_the_closing(
    world: make.World, redis: Redis
) -> None:
    payment = Payment.objects.get()
    body, headers = delivery_of(payment, openid=erasing.OPENID)
    Notification.objects.create(
        mchid=payment.mchid,
        headers=headers,
        body=body,
        outcome=Notification.Outcome.FAILED,
        out_trade_no=payment.out_trade_no,
        received_at=make.present(),
    )
    assert erasing.where_plain(redis, "") == ["a message of WeChat Pay"]
    kept = {one.what: one for one in close_account(customer=world.alice, js_code="x", now=make.present())}
    assert erasing.where_plain(redis, "") == []
    assert kept["payment_messages"].rows == 2
    assert kept["payment_messages"].until == ends("order_years", 5, make.present())


def test_nothing_leads_from_an_order_never_paid_to_the_person(world: make.World) -> None:
    names = erasing.names_of_alice(world)
    number = Order.objects.get(customer=world.alice, state="cancelled").number
    kept = close_account(customer=world.alice, js_code="fresh", now=make.present())
    order = Order.objects.get(number=number)
    assert (order.person_id, order.customer_id, order.subject_id) == (None, None, None)
    assert order.quote.customer_id is None
    assert order.pk not in erasing.rows_that_lead_to(names)["orders.Order"]
    # Where it is still named beside her, that was told: the log of disclosures.
    said, known = erasing.rows_that_say({number}), erasing.rows_that_lead_to(names)
    both = {label for label, rows in said.items() if rows & known.get(label, set())}
    assert both == {"compliance.Disclosure"}
    assert both <= {model for one in kept for model in one.models}
    assert not AllowanceEntry.objects.filter(order_number=number).exists()
    assert allowance_differences()[1] == []


def test_each_day_that_is_told_counts_from_its_row_and_is_the_day_of_its_keeping(world: make.World) -> None:
    now = make.present()
    paid = Order.objects.get(customer=world.alice, state="paid")
    kept = {one.what: one for one in close_account(customer=world.alice, js_code="fresh", now=now)}
    today = shanghai_day(now)
    check = PayerCheck.objects.get(order_number=paid.number)
    assert kept["payer_checks"].until == ends("order_years", 5, check.opened_at)
    assert kept["judgements"].until == ends("order_years", 5, now)  # the last quote is of today
    assert kept["disclosures"].until == ends("log_years", 3, now - timedelta(days=1))
    assert kept["identity_attempts"].until == shanghai_day(make.NOW) + timedelta(days=30)
    assert kept["receipts"].until == today + timedelta(days=30)
    year = AllowanceAccount.objects.get(entries__order_number=paid.number, entries__target="used").year
    assert kept["allowance"].until == kept["allowance_account"].until == date(year + 6, 1, 1)
    assert {what for what, one in kept.items() if one.until is None} == {
        "complaint_history",
        "customs",
        "customs_history",
        "parcel_history",
        "abroad",
        "open_abroad",
        "account",
        "account_history",
        "bills",
        "books",
        "declarations",
        "order_history",
        "originals",
        "parcels",
        "payment_history",
        "payments",
        "refunds",
        "return_history",
        "stray_parcels",
    }
    keepings = {one.kind: one for one in personal.KEEPINGS}
    dated = {what for what, one in kept.items() if one.until is not None}
    assert set(LETS_GO) == dated  # no day is told on which nothing lets go
    for what, kind in LETS_GO.items():
        until, keeping = kept[what].until, keepings[kind]
        assert until is not None
        everything = keeping.due(now + timedelta(days=9999)).count()
        due = []
        for days in (-1, 1):
            then = datetime(until.year, until.month, until.day, 12, tzinfo=SHANGHAI) + timedelta(days=days)
            due.append(keeping.due(ended_before(figure=keeping.figure, now=then)).count())
        assert due[0] < due[1], (what, until)
        assert due[1] == everything or kind == "compliance.keys", (what, until)


# What is told with a day, and the keeping that lets go of it then.
LETS_GO = {
    "tracking": "logistics.tracking",
    "data_requests": "customs.data_requests",
    "payer_checks": "compliance.payer_checks",
    "judgements": "compliance.judgements",
    "trade_evidence": "settlement.evidence",
    "judgement_accesses": "compliance.accesses",
    "consents": "compliance.consents",
    "notices": "compliance.notices",
    "disclosures": "compliance.disclosures",
    "accesses": "compliance.accesses",
    "order_accesses": "compliance.accesses",
    "identity_attempts": "customers.attempts",
    "receipts": "kernel.receipts",
    "jobs": "kernel.jobs",
    "payment_messages": "payments.notifications",
    "allowance": "compliance.allowances",
    "allowance_account": "compliance.allowances",
    "orders": "compliance.keys",
    "incidents": "compliance.keys",
    "complaints": "compliance.keys",
    "complaint_accesses": "compliance.accesses",
    "complaint_answers": "compliance.keys",
    "returns": "compliance.keys",
    "return_pictures": "compliance.keys",
    "return_accesses": "compliance.accesses",
    "review_accesses": "compliance.accesses",
}


@pytest.mark.parametrize(
    ("figure", "begun", "last"),
    [
        ("order_years", "2024-02-29T04:00+00:00", date(2029, 3, 1)),
        ("log_years", "2026-01-31T04:00+00:00", date(2029, 1, 31)),
        ("log_years", "2026-01-30T17:00+00:00", date(2029, 1, 31)),
        ("attempt_days", "2026-01-31T04:00+00:00", date(2026, 2, 5)),
    ],
)
def test_a_day_that_is_told_is_never_too_early(figure: str, begun: str, last: date) -> None:
    assert ends(figure, 5 if figure != "log_years" else 3, datetime.fromisoformat(begun)) == last


def keys_still_there(keys: dict[str, Key]) -> dict[str, Key]:
    alive = set(DataKey.objects.filter(destroyed_at=None).values_list("id", flat=True))
    return {state: key for state, key in keys.items() if key.id in alive}


def test_sessions_identity_cart_and_coupons_go_and_bob_keeps_everything(world: make.World) -> None:
    bob = Customer.objects.exclude(pk=world.alice.pk).get()
    of_bob = [Address, Identity, Order]
    before = [m._default_manager.filter(customer=bob).count() for m in of_bob]
    close_account(customer=world.alice, js_code="fresh", now=make.present())
    for model in (Session, Identity, CartLine, Export):
        assert not model._default_manager.filter(customer=world.alice).exists(), model
    used = CouponClaim.objects.get(customer=world.alice)
    assert used == Order.objects.get(state="paid").claim
    assert not Quote.objects.filter(customer=world.alice, order=None).exists()
    assert not File.objects.exclude(name="return-picture").exists()
    assert not Consent.objects.filter(subject=world.alice.subject, withdrawn_at=None).exists()
    address = Address.objects.get(customer=world.alice)
    assert (bytes(address.street_sealed), address.division_code) == (b"", "")
    assert [m._default_manager.filter(customer=bob).count() for m in of_bob] == before
    assert vault.unwrap(Subject.objects.select_related("key").get(pk=bob.subject_id).key)
    assert Person.objects.count() == 2  # the allowance of the year is counted on


def test_the_next_log_in_makes_a_new_customer(world: make.World) -> None:
    close_account(customer=world.alice, js_code="fresh", now=make.present())
    customer, new = _customer(world.shop.pk, erasing.OPENID, make.present())
    assert new and customer.pk != world.alice.pk
    assert customer.subject_id != world.alice.subject_id


def test_an_order_that_money_came_for_too_late_is_kept_and_told(world: make.World) -> None:
    order = Order.objects.get(state="cancelled")
    payment = make.payment(order)
    report = report_of(payment, transaction_id="42000002", openid=erasing.OPENID)
    settle(storefront_id=world.shop.pk, mchid=payment.mchid, report=report, now=make.present())
    Case.objects.update(state=Case.State.SETTLED, settled_at=make.present(), settled_by="someone")
    kept = {one.what: one for one in close_account(customer=world.alice, js_code="x", now=make.present())}
    order.refresh_from_db()
    assert (order.subject_id, order.key.destroyed_at) == (world.alice.subject_id, None)
    assert (kept["orders"].rows, kept["payments"].rows) == (2, 2)
