"""`manage.py seed`: a few orders played through the services become many; every promise still holds."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from backend.journey.client import Sandbox
from backend.journey.stage import identity_number
from backend.seeding import lives, moulds
from backend.seeding.business import Business, Wish
from backend.seeding.multiplying import multiply
from backend.seeding.people import person
from backend.seeding.playing import play
from backend.seeding.wares import wares
from compliance import vault
from compliance.models import AllowanceAccount, AllowanceEntry, DataKey
from customers import labels as customer_labels
from customers.models import Address, Customer, Identity
from customs.models import Filing, PortReceipt
from inventory.services.repair import differences
from kernel.models import Event
from orders import labels
from orders.models import Order
from payments.models import Payment
from reporting.services import differing
from settlement.queries import not_entered, out_of_balance
from tests import make
from tests.customs.asking import enterprise, key
from tests.customs.conftest import wechat, world

__all__ = ["enterprise", "key", "wechat", "world"]
pytestmark = pytest.mark.django_db(transaction=True)

ORDERS, CUSTOMERS, SKUS = 50, 12, 8
PLAYED = (lives.bought, lives.unpaid, lives.cancelled_in_time)


@pytest.fixture
def seeded(wechat, world, key, settings):
    """Three stories, and fifty orders like them."""
    settings.SF_BASE = settings.KUAIDI100_BASE = wechat.url
    make.stock(world.warehouse, world.iron, 200)
    told = wechat.world["storefronts"][0]
    patterns = wares(world.shop, world.warehouse.pk)
    kept = play(
        shop=world.shop,
        outside=Sandbox(wechat.url),
        keys=told,
        patterns=patterns,
        tell=lambda *_: None,
        stories=PLAYED,
    )
    cast(world, patterns, kept)
    return world, patterns, kept


def cast(world, patterns, kept, seed=1):
    wish = Wish(ORDERS, CUSTOMERS, SKUS, 100, seed)
    multiply(Business(world.shop, patterns, kept, wish), lambda *_: None, processes=0)


def test_what_was_multiplied_keeps_every_promise_of_the_house(seeded):
    world, patterns, kept = seeded
    played = len(PLAYED)
    assert Order.objects.count() == ORDERS + played
    assert Customer.objects.count() == CUSTOMERS + played + 1
    names = {one.name for one in kept}
    assert {"placed", "expired", "paid", "packed", "released", "delivered", "received"} < names
    assert differences() == []
    assert (list(out_of_balance()), list(not_entered(storefront_id=world.shop.pk))) == ([], [])
    year = Counter()
    for entry in AllowanceEntry.objects.all():
        year[entry.account_id, entry.target] += entry.amount
        year[entry.account_id, entry.source] -= entry.amount
    for account in AllowanceAccount.objects.all():
        assert (account.reserved, account.used) == (year[account.pk, "reserved"], year[account.pk, "used"])
    people = AllowanceEntry.objects.values_list("order_number", "account__person")
    persons = dict(Order.objects.values_list("number", "person"))
    assert people and all(persons[number] == person for number, person in people)
    assert list(differing(storefront_id=world.shop.pk, first=None, last=None, now=make.present())) == []
    assert_personal_data_opens()
    assert len({bytes(one.wrapped) for one in DataKey.objects.all()}) == DataKey.objects.count()
    histories = Event.objects.filter(key__startswith="order:").values_list("key", flat=True)
    assert {one.removeprefix("order:") for one in histories} == set(persons)
    paid = Order.objects.filter(state="paid").values_list("number", "out_trade_no")
    assert dict(paid) == dict(
        Payment.objects.filter(order__state="paid", state="succeeded").values_list(
            "order__number", "out_trade_no"
        )
    )
    lines = Order.objects.filter(lines__variant__product__code__regex=r"-\d{5}$").distinct()
    assert lines.count() == ORDERS
    again_beside_it(world, patterns, kept)
    the_same_seed_makes_the_same_people(world, patterns, kept)
    what_is_sealed_under_a_key_of_another_life_is_no_mould(world, patterns, kept)


def assert_personal_data_opens():
    for order in Order.objects.select_related("key", "customer__subject__key"):
        own, theirs = vault.unwrap(order.key), vault.unwrap(order.customer.subject.key)
        identity = Identity.objects.get(customer=order.customer)
        address = Address.objects.get(customer=order.customer)
        name = theirs.open(customer_labels.IDENTITY_NAME, identity.public_id, bytes(identity.name_sealed))
        number = theirs.open(
            customer_labels.IDENTITY_NUMBER, identity.public_id, bytes(identity.number_sealed)
        )
        phone = theirs.open(customer_labels.ADDRESS_PHONE, address.public_id, bytes(address.phone_sealed))
        assert own.open(labels.BUYER_NAME, order.number, bytes(order.buyer_name_sealed)) == name
        assert own.open(labels.BUYER_NUMBER, order.number, bytes(order.buyer_number_sealed)) == number
        assert own.open(labels.CONSIGNEE_PHONE, order.number, bytes(order.consignee_phone_sealed)) == phone
        assert bytes(order.phone_index) == vault.blind("phone", phone)
        assert bytes(order.buyer_index) == vault.blind("id_number", number)
        for filing in Filing.objects.filter(declaration__order=order).exclude(body_sealed=b""):
            told = own.open("customs.filing.body", filing.public_id, bytes(filing.body_sealed))
            assert (filing.guid in told) and (name in told)
            assert order.out_trade_no in told
        for receipt in PortReceipt.objects.filter(filing__declaration__order=order):
            assert own.open("customs.portreceipt.raw", receipt.public_id, bytes(receipt.raw_sealed))


def again_beside_it(world, patterns, kept):
    """A second run adds as many more, and rows that services write come after them."""
    cast(world, patterns, kept, seed=2)
    assert Order.objects.count() == 2 * ORDERS + len(PLAYED)
    assert differences() == []
    last = Order.objects.latest("id").pk
    assert make.order(world.alice, ("HD-1", 1), now=make.present()).pk == last + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'")
        assert cursor.fetchone() == (0,)


def the_same_seed_makes_the_same_people(world, patterns, kept):
    one, other, third = (Business(world.shop, patterns, kept, Wish(5, 3, 2, 100, seed)) for seed in (7, 7, 8))
    other.now = third.now = one.now
    assert one.buyer_values(2, seal=False) == other.buyer_values(2, seal=False)
    assert one.buyer_values(2, seal=False) != third.buyer_values(2, seal=False)


def what_is_sealed_under_a_key_of_another_life_is_no_mould(world, patterns, kept):
    rows = dict(kept[0].rows)
    rows["compliance_datakey"] = []
    with pytest.raises(ValueError, match="opens with no key of its life"):
        Business(
            world.shop,
            patterns,
            [moulds.Mould("paid", kept[0].began, kept[0].ended, kept[0].buyer, rows, kept[0].skus)],
            Wish(1, 1, 2, 10, 1),
        )


def test_production_is_refused(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="no place in production"):
        call_command("seed", orders=1)


def test_every_life_has_its_share_of_a_thousand():
    assert sum(one.share for one in lives.LIVES.values()) == 1000


def test_nobody_who_is_seeded_has_the_number_of_one_who_is_played():
    seeded = {person(n).number for n in range(3_000)}
    assert len(seeded) == 3_000
    assert {number[:6] for number in seeded} == {"110102"}
    assert {identity_number()[:6] for _ in range(50)} == {"110101"}
