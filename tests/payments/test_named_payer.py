"""The payer is named as orderer: verified, judged, reserved, sealed in one step, and compared once more."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from backend import delivery
from compliance import services as compliance
from compliance import vault
from compliance.consent_texts import NOTICES, current_text
from compliance.models import VALUE, Access, AllowanceAccount, Disclosure, Judgement, NoticeSeen, Person
from compliance.services import RenameTooLate, refund_overdue_payers
from compliance.services.payer import refund_payer
from customers.models import Identity, IdentityAttempt, NamedPayer
from customers.services.attempts import TooManyAttempts
from customers.services.identity import BadIdentity
from customers.services.verification import sweep as verify_sweep
from kernel import ids
from kernel.clock import shanghai_day
from kernel.errors import Refused
from kernel.models import Event
from kernel.states import WrongState
from orders import labels
from orders.models import FormerOrderer, Order
from orders.services.cancel_paid import HoldOver, cancel_paid
from orders.services.gate import move_gate
from orders.services.judge_for_declaration import judge_for_declaration
from orders.services.name_orderer import name_orderer
from orders.services.name_payer import PayerNotAsked, SameOrderer, name_payer
from payments.models import Refund
from payments.services.ask_payer import refund_instead
from tests import make
from tests.payments.declaring import after_hold, calls, check, family, go_on, paid, register, row
from tests.payments.test_declare_payer import payer_is

pytestmark = pytest.mark.django_db(transaction=True)

VERSION = current_text("naming_payer", shanghai_day(make.NOW), folder=NOTICES).version


def identify(wechat, settings):
    """The stand-in is the identity provider too."""
    settings.FACEID_BASE = wechat.url
    settings.FACEID_SECRET_ID = wechat.world["tencent"]["secret_id"]
    settings.FACEID_SECRET_KEY = wechat.world["tencent"]["secret_key"]


@pytest.fixture(params=["v2", "v3"])
def different(wechat, world, settings, request):
    """A paid order of Alice's that Bob has paid, as WeChat has said."""
    identify(wechat, settings)
    family(world, request.param)
    register(world)
    payer_is(wechat, world, make.BOB)
    payment = paid(wechat, world)
    go_on(2)
    assert check(payment).state == "different"
    return payment


@pytest.fixture
def once(wechat, world, settings):
    """The same, in the domestic family alone."""
    identify(wechat, settings)
    family(world, "v2")
    register(world)
    payer_is(wechat, world, make.BOB)
    payment = paid(wechat, world)
    go_on(2)
    return payment


def name(payment, who=make.BOB, now=None, **changes):
    order = Order.objects.select_related("customer").get(pk=payment.order_id)
    told = {"name": make.NAMES[who], "number": make.NUMBERS[who], "notice_version": VERSION, "device": ""}
    name_payer(order=order, customer=order.customer, now=now or make.present(), **(told | changes))


def orderer(payment):
    """Name and number as they are sealed with the order."""
    order = Order.objects.select_related("key").get(pk=payment.order_id)
    key = vault.unwrap(order.key)
    return (
        key.open(labels.BUYER_NAME, order.number, bytes(order.buyer_name_sealed)),
        key.open(labels.BUYER_NUMBER, order.number, bytes(order.buyer_number_sealed)),
    )


def year_of(who):
    """What is reserved of the person's year, in fen."""
    index = vault.blinds("id_number", make.NUMBERS[who])
    found = AllowanceAccount.objects.filter(person__number_index__in=index, measure=VALUE)
    return sum(found.values_list("reserved", flat=True))


def person_of(who):
    with transaction.atomic():
        return compliance.person_of(id_number=make.NUMBERS[who], now=make.present())


def tell():
    """Deliver what has happened, and let the sweep go on until WeChat has spoken."""
    delivery.drain()
    go_on(3, after_hold() + timedelta(hours=1))


def test_who_is_named_becomes_the_orderer_and_is_the_same(wechat, different):
    before = Order.objects.get(pk=different.order_id)
    assert (orderer(different)[0], year_of(make.ALICE)) == (make.NAMES[make.ALICE], 20_000)
    name(different)
    order = Order.objects.select_related("person", "key").get(pk=different.order_id)
    assert orderer(different) == (make.NAMES[make.BOB], make.NUMBERS[make.BOB])
    assert bytes(order.buyer_index) == vault.blind("id_number", make.NUMBERS[make.BOB])
    assert bytes(order.person.number_index) == vault.blind("id_number", make.NUMBERS[make.BOB])
    assert (year_of(make.ALICE), year_of(make.BOB)) == (0, 20_000)
    assert (check(different).state, NamedPayer.objects.get().state) == ("renamed", "taken")
    judged = Judgement.objects.get(moment="naming")
    assert (judged.allowed, judged.order_number, judged.subject_id) == (True, order.number, order.subject_id)
    former = FormerOrderer.objects.get()
    key = vault.unwrap(order.key)
    assert (
        key.open(labels.FORMER_NAME, former.public_id, bytes(former.name_sealed)),
        key.open(labels.FORMER_NUMBER, former.public_id, bytes(former.number_sealed)),
    ) == (make.NAMES[make.ALICE], make.NUMBERS[make.ALICE])
    replaced = bytes(before.buyer_name_sealed) + bytes(before.buyer_number_sealed)
    assert former.replaced_hash == hashlib.sha256(replaced).hexdigest()
    tell()
    assert (check(different).state, row(different).match) == ("same", "SAME")
    assert row(different).state == "succeeded"
    amended = 1 if row(different).family == "v2" else 0
    assert calls(wechat).count("customs_amend") == amended
    verdict = judge_for_declaration(number=order.number, waybill_number="SF1", now=make.present())
    assert [one.rule for one in verdict.refusals if one.rule.startswith(("PAYER", "IDENTITY"))] == []


def test_nothing_else_of_the_order_and_nothing_of_the_customers_identity_changes(once):
    kept = {f.attname for f in Order._meta.concrete_fields}
    kept -= {"person_id", "buyer_name_sealed", "buyer_number_sealed", "buyer_index"}
    before = Order.objects.filter(pk=once.order_id).values(*kept).get()
    identity = Identity.objects.values().get()
    name(once)
    assert Order.objects.filter(pk=once.order_id).values(*kept).get() == before
    assert Identity.objects.values().get() == identity


def test_what_is_named_is_emptied_with_the_decision_and_never_told(once, capfd):
    name(once)
    named = NamedPayer.objects.get()
    assert (bytes(named.name_sealed), bytes(named.number_sealed), named.pair_index) == (b"", b"", None)
    assert (named.confirmed_version, NoticeSeen.objects.get(kind="naming_payer").text_hash) == (
        VERSION,
        named.confirmed_hash,
    )
    delivery.drain()
    told = Event.objects.filter(key=f"payer:{once.order.number}").order_by("seq")
    assert [event.name for event in told] == [
        "payer.asked",
        "payer.different",
        "naming.asked",
        "naming.verified",
        "naming.taken",
        "payer.renamed",
        "payer.asked",
    ]
    assert Event.objects.get(name="order.orderer_named").facts == {"naming": str(named.public_id)}
    out = "".join(capfd.readouterr()) + str(list(Event.objects.values_list("facts", flat=True)))
    assert [text for text in (make.NUMBERS[make.BOB], make.NAMES[make.BOB]) if text in out] == []
    gone = Disclosure.objects.get(recipient_kind="identity_provider")
    assert (gone.basis, gone.fields) == ("law", ["payer_name", "payer_number"])
    assert Access.objects.filter(who="system:payer", purpose="seal the payer as orderer").count() == 2


def test_the_same_once_more_is_the_same(once):
    name(once)
    before = Event.objects.count()
    name(once)
    assert Event.objects.count() == before
    assert FormerOrderer.objects.count() == 1


def test_the_orderer_is_not_the_payer_and_whoever_cannot_be_right_is_not_asked_about(once):
    with pytest.raises(SameOrderer):
        name(once, make.ALICE)
    with pytest.raises(BadIdentity):
        name(once, number="310115199001010011")
    assert NamedPayer.objects.count() == IdentityAttempt.objects.filter(named__isnull=False).count() == 0


def test_a_pair_that_is_not_confirmed_changes_nothing_and_another_may_be_named(wechat, once):
    wechat.control("identity", number=make.NUMBERS[make.BOB], name="赵钱孙")
    name(once)
    assert (NamedPayer.objects.get().state, check(once).state) == ("rejected", "different")
    assert bytes(NamedPayer.objects.get().number_sealed) == b""
    name(once, make.STRANGER)
    assert orderer(once)[0] == make.NAMES[make.STRANGER]


def test_attempts_are_counted_like_ones_own(wechat, once):
    serials = range(10, 30)
    with pytest.raises(TooManyAttempts):
        for serial in serials:
            wechat.control("identity", number=make.id_number(serial))
            name(once, number=make.id_number(serial))
    assert check(once).state == "different"
    assert IdentityAttempt.objects.filter(state="refused").count() == 1
    assert not NamedPayer.objects.filter(state__in=NamedPayer.OPEN).exists()


def test_while_the_provider_is_down_the_sweep_goes_on_and_the_order_follows(wechat, once):
    wechat.control("switches", call="identity", mode="500_before")
    name(once)
    named = NamedPayer.objects.get()
    assert (named.state, check(once).state) == ("asked", "different")
    assert make.NAMES[make.BOB].encode() not in bytes(named.name_sealed)
    later = make.present() + timedelta(minutes=1)
    assert verify_sweep(now=later) == 1
    delivery.drain(now=later)
    assert (NamedPayer.objects.get().state, orderer(once)[0]) == ("taken", make.NAMES[make.BOB])


def test_who_does_not_fit_into_their_year_is_refused_without_a_figure_and_another_may_be_named(once):
    bob = person_of(make.BOB)
    year = shanghai_day(make.present()).year
    wanted = {VALUE: (2_590_000, 2_600_000)}
    assert compliance.allowance_reserve(
        person_id=bob.pk, order_number="ELSEWHERE", wanted=wanted, year=year, now=make.present()
    )
    with pytest.raises(Refused) as refused:
        name(once)
    (limit,) = refused.value.refusals
    assert (limit.rule, limit.facts) == ("LIMIT-2", {})
    assert limit.citation
    assert (NamedPayer.objects.get().state, check(once).state) == ("refused", "different")
    assert Judgement.objects.get(moment="naming").allowed is False
    assert (year_of(make.ALICE), year_of(make.BOB)) == (20_000, 2_590_000)
    assert not NamedPayer.objects.filter(person=bob).exists()
    name(once, make.STRANGER)
    assert (year_of(make.ALICE), year_of(make.STRANGER)) == (0, 20_000)


def test_a_child_is_refused(once):
    child = "11010120200115" + "001"
    with pytest.raises(Refused) as refused:
        name(once, number=child + make.check_character(child), name="小朋友")
    assert [one.rule for one in refused.value.refusals] == ["MINOR-1"]


def test_a_second_difference_does_not_start_the_time_again(wechat, once):
    deadline = check(once).deadline_at
    name(once, make.STRANGER)
    tell()
    assert (check(once).state, check(once).deadline_at) == ("different", deadline)
    name(once)
    tell()
    assert check(once).state == "same"
    assert (year_of(make.STRANGER), year_of(make.BOB)) == (0, 20_000)
    assert FormerOrderer.objects.count() == 2


def test_from_the_deadline_on_nobody_is_named_and_the_order_is_refunded(once):
    late = check(once).deadline_at
    with pytest.raises(RenameTooLate):
        name(once, now=late)
    refund_overdue_payers(now=late)
    delivery.drain(now=late)
    with pytest.raises(RenameTooLate):
        name(once, now=late)
    assert Order.objects.get().state == "cancelled"


def test_while_somebody_is_named_the_deadline_runs_and_they_are_forgotten_with_the_order(wechat, once):
    wechat.control("switches", call="identity", mode="500_before")
    name(once)
    late = check(once).deadline_at
    refund_overdue_payers(now=late)
    delivery.drain(now=late)
    named = NamedPayer.objects.get()
    assert (named.state, bytes(named.number_sealed)) == ("dropped", b"")
    assert IdentityAttempt.objects.get(named=named).state == "overtaken"
    assert verify_sweep(now=late + timedelta(days=1)) == 0


def test_where_the_payer_is_not_asked_for_nobody_is_named(wechat, once):
    move_gate(number=once.order.number, verb="send", now=make.present())
    with pytest.raises(RenameTooLate):
        name(once)
    move_gate(number=once.order.number, verb="reject", now=make.present())
    name(once)
    tell()
    with pytest.raises(PayerNotAsked):
        name(once, make.STRANGER)


# The owner's door.


def door(payment, person, name=b"n", number=b"x", index=b"i"):
    former = [ids.uuid7(), b"f", b"f"]
    values = [payment.order.number, person.pk, name, number, index, *former, make.present()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT orders_name_orderer(%s, %s, %s, %s, %s, %s, %s, %s, %s)", values)


def test_the_door_opens_for_whoever_is_named_and_verified_alone(wechat, once):
    bob = person_of(make.BOB)
    with pytest.raises(IntegrityError, match="takes no other orderer"):
        door(once, bob)
    wechat.control("switches", call="identity", mode="500_before")
    name(once)
    with pytest.raises(IntegrityError, match="takes no other orderer"):
        door(once, bob)
    NamedPayer.objects.update(state="verified", person=bob, verified_at=make.present())
    with pytest.raises(IntegrityError, match="takes no other orderer"):
        door(once, bob, number=b"")
    Order.objects.update(gate="with_customs")
    with pytest.raises(IntegrityError, match="takes no other orderer"):
        door(once, bob)
    Order.objects.update(gate="before_list")
    door(once, bob)
    assert Order.objects.get().person_id == bob.pk


@pytest.mark.parametrize("role", ["web", "worker"])
def test_those_who_serve_change_no_orderer_and_write_no_former_one(once, role):
    order = Order.objects.get(pk=once.order_id)
    person = Person.objects.create(number_index=b"other", created_at=make.present())
    for why, statement, values in (
        (
            "written once",
            "UPDATE orders_order SET person_id = %s WHERE id = %s",
            [person.pk, order.pk],
        ),
        ("stays as long", "UPDATE orders_order SET buyer_name_sealed = 'x' WHERE id = %s", [order.pk]),
        (
            "permission denied",
            "INSERT INTO orders_formerorderer (public_id, storefront_id, order_id, name_sealed,"
            " number_sealed, replaced_hash, replaced_at)"
            " VALUES (gen_random_uuid(), %s, %s, 'a', 'b', 'c', now())",
            [order.storefront_id, order.pk],
        ),
    ):
        with pytest.raises(Exception, match=why), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(statement, values)


# The other end.


def test_the_consumer_may_have_the_money_back_at_once(once):
    refund_instead(order_number=once.order.number, now=make.present())
    assert (Order.objects.get().state, check(once).state) == ("cancelled", "refunding")
    delivery.drain()
    refund_instead(order_number=once.order.number, now=make.present())
    assert Refund.objects.get().amount_fen == once.amount_fen
    assert row(once).state == "withdrawn"
    assert (year_of(make.ALICE), Event.objects.get(name="payer.refunding").facts["reason"]) == (0, "asked")


def test_money_is_not_given_back_where_payer_and_orderer_are_one_or_customs_has_the_list(once):
    move_gate(number=once.order.number, verb="send", now=make.present())
    with pytest.raises(HoldOver):
        refund_instead(order_number=once.order.number, now=make.present())
    assert check(once).state == "different"
    move_gate(number=once.order.number, verb="reject", now=make.present())
    name(once)
    tell()
    with pytest.raises(WrongState):
        refund_instead(order_number=once.order.number, now=make.present())


def test_an_order_that_was_cancelled_meanwhile_takes_nobody(wechat, once):
    wechat.control("switches", call="identity", mode="500_before")
    name(once)
    cancel_paid(number=once.order.number, by="system", now=make.present(), within_hold=False)
    assert NamedPayer.objects.get().state == "asked"
    verify_sweep(now=make.present() + timedelta(minutes=1))
    assert name_orderer(order_number=once.order.number, now=make.present()) is None
    assert NamedPayer.objects.get().state == "dropped"
    assert orderer(once)[0] == make.NAMES[make.ALICE]
    assert year_of(make.BOB) == 0


def test_an_order_that_was_given_up_takes_nobody(wechat, once):
    wechat.control("switches", call="identity", mode="500_before")
    name(once)
    refund_payer(check=check(once), reason="asked", now=make.present())
    verify_sweep(now=make.present() + timedelta(minutes=1))
    delivery.drain()
    assert NamedPayer.objects.get().state == "dropped"
    assert Order.objects.get().state == "cancelled"
