"""An operator rejects an identity or has it asked anew; consent, access log and history hold for them too."""

from __future__ import annotations

import pytest

from compliance import services as compliance
from compliance.models import Access
from compliance.services import ConsentNeeded
from customers.models import Identity, IdentityAttempt
from customers.services.review import ask_anew, reject_identity
from customers.services.verification import give_identity, sweep
from kernel.errors import Refused
from kernel.models import Event
from kernel.states import WrongState
from tests import make
from tests.stand_in import StandIn

pytestmark = pytest.mark.django_db


def test_a_rejected_identity_orders_nothing_and_the_orders_before_stay() -> None:
    world = make.world()
    order = make.order(world.alice, ("HD-1", 1))
    identity = Identity.objects.get()
    reject_identity(identity=identity, by="mei", now=make.NOW)
    identity.refresh_from_db()
    assert (identity.state, identity.rejected_for, identity.person) == ("rejected", "operator", None)
    with pytest.raises(Refused):
        make.order(world.alice, ("HD-1", 1))
    order.refresh_from_db()
    assert order.state == "placed"
    told = Event.objects.filter(key=identity.event_key).latest("seq")
    assert told.facts == {"from": "verified", "verb": "reject", "by": "mei"}
    with pytest.raises(WrongState):
        reject_identity(identity=identity, by="mei", now=make.NOW)


def test_rejecting_ends_an_attempt_that_waits() -> None:
    alice = make.customer(make.storefront())
    reject_identity(identity=make.identity(alice, verdict=None), by="mei", now=make.NOW)
    assert IdentityAttempt.objects.get().state == "overtaken"


def test_asked_anew_the_provider_is_asked_whatever_was_kept(provider: StandIn) -> None:
    now = make.present()
    alice = make.customer(make.storefront())
    make.consent(alice)
    number, name = make.NUMBERS[make.ALICE], make.NAMES[make.ALICE]
    provider.control("identity", number=number, name="另一人")
    give_identity(customer=alice, name=name, number=number, device="", now=now)
    assert Identity.objects.get().state == "rejected"
    provider.control("identity", number=number, name=name)  # the authority has mended its record
    attempt = ask_anew(identity=Identity.objects.get(), by="mei", now=now)
    assert (Identity.objects.get().state, attempt.anew, attempt.forgiven_at) == ("stated", True, now)
    assert sweep(now=now) == 1
    assert Identity.objects.get().state == "verified"
    assert set(Access.objects.values_list("purpose", flat=True)) == {
        "an operator has the provider asked anew",
        "asking the identity provider again",
    }


def test_without_the_persons_consent_nobody_asks_anew() -> None:
    alice = make.customer(make.storefront())
    identity = make.identity(alice)
    compliance.withdraw_consent(subject_id=alice.subject_id, kind="sensitive_identity", now=make.NOW)
    with pytest.raises(ConsentNeeded):
        ask_anew(identity=identity, by="mei", now=make.NOW)
    identity.refresh_from_db()
    assert (identity.state, Access.objects.count()) == ("verified", 0)
