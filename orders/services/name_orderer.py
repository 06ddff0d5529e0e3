"""Who paid an order takes its orderer's place: verified, judged, reserved and sealed in one transaction.

Everything that is the order's stays; whom it was placed for is put aside with the evidence. What speaks
against it leaves a judgement and frees the consumer to name someone else until the deadline.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from compliance import queries as compliance_queries
from compliance import services as compliance
from compliance import vault
from compliance.facts import Purchase
from compliance.identity import buyer_facts
from compliance.judge import Verdict, judge
from compliance.law import Law
from compliance.models import VALUE, PayerCheck, Person
from compliance.queries import NOTHING
from customers.models import NamedPayer
from customers.services import naming
from kernel import events, ids
from kernel.clock import shanghai_day
from kernel.tenancy import tenant
from orders import labels
from orders.models import Order
from orders.services.orderer import open_orderer
from orders.services.quoted import line_facts
from storefronts import queries as storefronts

PURPOSE, PUT_ASIDE = "seal the payer as orderer", "put the former orderer aside"
_NAME = "SELECT orders_name_orderer(%s, %s, %s, %s, %s, %s, %s, %s, %s)"


def may_name(order: Order, check: PayerCheck | None, now: datetime) -> bool:
    """Whether the payer of the order can still be named: before the list, two people, in time."""
    return (
        order.state == "paid"
        and order.gate == Order.Gate.BEFORE_LIST
        and check is not None
        and check.state == "different"
        and check.deadline_at is not None
        and now < check.deadline_at
    )


def name_orderer(*, order_number: str, now: datetime) -> Verdict | None:
    """Put who is named and verified in the orderer's place, or keep why not; None where nobody is.

    Where it is too late, or the order has ended, whoever is named is dropped. Locks the order, the check,
    then who is named; told again it changes nothing. Raises AllowanceBusy: try again in a moment.
    """
    shop_id = Order.objects.values_list("storefront_id", flat=True).get(number=order_number)
    with tenant(shop_id):
        orders = Order.objects.select_for_update(of=("self",)).select_related("key", "warehouse", "quote")
        order = orders.get(number=order_number)
        check = PayerCheck.objects.select_for_update().filter(order_number=order_number).first()
        named = naming.open_naming(order_number=order_number, lock=True)
        if named is None or named.person is None:
            return None
        if check is None or not may_name(order, check, now):
            naming.drop(named=named, now=now)
            return None
        name, number = naming.opened(named_id=named.pk, purpose=PURPOSE, now=now)
        key = vault.unwrap(order.key)
        law = Law(shanghai_day(now))
        purchase = _purchase(order, named.person, number, law)
        verdict = judge(purchase, law)
        if verdict.allowed and not compliance.allowance_pass_on(
            order_number=order.number,
            to=named.person.pk,
            limits=compliance_queries.limits(law),
            year=law.day.year,
            reference=str(named.public_id),
            now=now,
        ):  # an order of theirs took the rest in this instant
            purchase = _purchase(order, named.person, number, law)
            verdict = judge(purchase, law)
            if verdict.allowed:  # and gave it back in the next
                raise compliance.AllowanceBusy()
        compliance.record_judgement(
            storefront_id=order.storefront_id,
            subject_id=order.subject_id,
            order_number=order.number,
            purchase=purchase,
            verdict=verdict,
            key=key,
            now=now,
        )
        if not verdict.allowed:
            naming.refuse(named=named, rules=[one.rule for one in verdict.refusals], now=now)
            return verdict
        _replace(order, named.person, key, (name, number), now)
        _done(order, check, named, now)
    return verdict


def drop_naming(*, order_number: str, now: datetime) -> None:
    """The order has ended: whoever is named for it and not decided upon is forgotten."""
    named = naming.open_naming(order_number=order_number, lock=True)
    if named is not None:
        naming.drop(named=named, now=now)


def _replace(order: Order, person: Person, key: vault.Key, pair: tuple[str, str], now: datetime) -> None:
    """Through the owner's door, which holds what is said here to the rows themselves."""
    name, number = pair
    former = ids.uuid7()
    former_name, former_number = open_orderer(
        order=order, key=key, who=naming.WHO, purpose=PUT_ASIDE, now=now
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _NAME,
            [
                order.number,
                person.pk,
                key.seal(labels.BUYER_NAME, order.number, name),
                key.seal(labels.BUYER_NUMBER, order.number, number),
                vault.blind("id_number", number),
                former,
                key.seal(labels.FORMER_NAME, former, former_name),
                key.seal(labels.FORMER_NUMBER, former, former_number),
                now,
            ],
        )


def _done(order: Order, check: PayerCheck, named: NamedPayer, now: datetime) -> None:
    naming.take(named=named, now=now)
    compliance.rename_orderer(check=check, now=now)
    events.record(
        storefront_id=order.storefront_id,
        name="order.orderer_named",
        key=order.event_key,
        facts={"naming": str(named.public_id)},
        now=now,
    )


def _purchase(order: Order, person: Person, number: str, law: Law) -> Purchase:
    """The order as it was agreed, with another person's age and year."""
    shop = storefronts.shop(order.storefront_id)
    taken = compliance_queries.taken(person_id=person.pk, year=law.day.year)
    value = taken.get(VALUE, NOTHING)
    return Purchase(
        day=law.day,
        moment="naming",
        trade_mode=order.trade_mode,
        storefront_trade_modes=frozenset(shop.trade_modes),
        warehouse_trade_mode=order.warehouse.trade_mode,
        lines=line_facts(order.quote.lines),
        buyer=buyer_facts(number, verified=True, day=law.day),
        year_used_fen=value.used,
        year_reserved_fen=value.reserved,
        year_grams=compliance_queries.grams(taken),
        parties=shop.parties,
        discount_fen=order.discount_fen,
    )
