"""A consumer with a row in every table that can hold one, and the search for what is left of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from redis import Redis

from compliance import services as compliance
from compliance import vault
from compliance.models import Access, IncidentAffected, Judgement, PayerCheck, Subject
from compliance.services import judgement
from compliance.services.incident import register_incident
from compliance.services.incident_affected import PEOPLE, freeze_affected
from compliance.services.notices import current_notice, see_notice
from customers import labels
from customers.gateways.verifying import Finding, Verdict
from customers.models import (
    Address,
    Customer,
    Export,
    Identity,
    IdentityAttempt,
    IdentityShare,
    NamedPayer,
)
from customers.services import exports, findings
from customers.services.profile import change_profile
from kernel import files, ids, receipts
from kernel.cases import open_case
from kernel.clock import shanghai_day
from kernel.models import Event
from operators.whose import subjects_of
from orders import labels as order_labels
from orders.models import CartLine, Coupon, FormerOrderer, Order
from orders.services.place import Confirmation, place_order
from payments import labels as payment_labels
from payments.models import Complaint, Notification, Payment, Refund
from returns import labels as return_labels
from returns.models import ReturnRequest
from reviews.models import ReviewWords
from reviews.services.reading import LOOKED
from storefronts import queries as storefronts
from tests import make
from tests.backend.dealings import OPENID, STREET, books_of, complain, deliver, give_back, sent_back
from tests.operators.news_rows import news_rows
from tests.operators.review_rows import review_rows
from wechat.pay.signing import decrypt

NICKNAME = "爱丽的昵称"
APIV3_KEY = b"k" * 32
DEVICE, CODE = "the-phone-of-alice", "A1B2C3D4"
PLAIN = (make.NAMES[make.ALICE], make.NUMBERS[make.ALICE], make.PHONES[make.ALICE], NICKNAME, STREET, OPENID)


def furnish(world: make.World) -> None:
    """Alice has done everything that a consumer can do: what she left lies in every app."""
    alice, now = world.alice, make.present()
    key = vault.unwrap(alice.subject.key)
    change_profile(customer=alice, nickname=NICKNAME)
    Customer.objects.filter(pk=alice.pk).update(
        phone_sealed=key.seal(labels.PHONE, alice.public_id, make.PHONES[make.ALICE]),
        phone_index=vault.blind("phone", make.PHONES[make.ALICE]),
    )
    make.token(alice)
    for kind in ("marketing", "personalisation", "privacy_policy"):
        make.consent(alice, kind)
    see_notice(
        subject=alice.subject,
        kind="providing",
        version=current_notice(kind="providing", now=now).version,
        now=now,
    )
    claim = make.coupon(alice, code="USED")
    Coupon.objects.update(starts_at=now - timedelta(days=90))
    paid = make.order(alice, ("HD-1", 1), now=now - timedelta(days=60), coupon_claim_id=claim.public_id)
    payment = make.payment(paid)
    deliver(payment)
    Order.objects.filter(pk=paid.pk).update(paid_at=now - timedelta(days=60))
    Payment.objects.filter(pk=payment.pk).update(created_at=now - timedelta(days=60))
    year = shanghai_day(paid.placed_at).year
    compliance.allowance_use(order_number=paid.number, year=year, now=now)
    complain(payment, now - timedelta(days=59))
    sent_back(world, paid, now - timedelta(days=59))
    books_of(give_back(payment, now - timedelta(days=58)), now)
    cancelled = make.order(alice, ("IR-1", 1), now=now - timedelta(days=1))
    Order.objects.filter(pk=cancelled.pk).update(state="cancelled", closed_at=now)
    compliance.allowance_free(order_number=cancelled.number, now=now)
    PayerCheck.objects.create(
        storefront_id=world.shop.pk,
        order_number=paid.number,
        port="3105",
        state="same",
        opened_at=now - timedelta(days=50),
    )
    open_case(
        storefront_id=world.shop.pk,
        kind="personal_use.one_person",
        key=paid.event_key,
        title="again and again",
        facts={"order": paid.number, "orders": [paid.number], "others": 0},
        now=now,
    )
    name_a_payer(world, cancelled, paid)
    news_rows(paid, now)
    words = review_rows(paid)
    make.quote(alice, ("HD-1", 1), now=now)
    refused = make.quote(alice, ("IR-1", 1), now=now)
    make.coupon(alice)
    CartLine.objects.create(
        storefront=world.shop, customer=alice, variant=world.iron, quantity=2, added_at=now
    )
    with transaction.atomic():
        mark = receipts.fingerprint("POST")
        receipts.take(source=f"api:{alice.pk}:orders.place", key="a-key-of-alice", fingerprint=mark)
        try:
            place_order(
                shop=storefronts.shop(world.shop.pk),
                customer_id=alice.pk,
                quote_token=refused.token,
                confirmation=Confirmation(None),
                now=now,
            )
        except Exception as problem:  # no notice confirmed: refused, and the refusal is kept
            answer = receipts.Answer(403, orjson.dumps(problem.facts()))  # type: ignore[attr-defined]
        receipts.keep(
            source=f"api:{alice.pk}:orders.place",
            key="a-key-of-alice",
            fingerprint=mark,
            answer=answer,
            now=now,
        )
    (attempt,) = IdentityAttempt.objects.filter(customer=alice)
    IdentityAttempt.objects.filter(pk=attempt.pk).update(device_index=vault.blind("device", DEVICE))
    pair = bytes(attempt.pair_index)
    findings.claim(pair=pair, now=now)
    findings.keep(pair=pair, provider="made", found=Finding(Verdict.MATCHES, "0", "r"), now=now)
    IdentityShare.objects.create(
        storefront=world.shop,
        customer=alice,
        code_index=vault.blind("share_code", CODE),
        made_at=now,
        expires_at=now + timedelta(minutes=10),
    )
    looked_at = {
        labels.PHONE: str(alice.public_id),
        order_labels.CONSIGNEE_PHONE: paid.number,
        payment_labels.COMPLAINT_DETAIL: str(Complaint.objects.get().public_id),
        return_labels.WORDS: str(ReturnRequest.objects.earliest("pk").public_id),
        LOOKED: str(words.public_id),
        judgement.FACTS: str(Judgement.objects.get(order_number=paid.number).pk),
    }
    for what, ref in looked_at.items():
        Access.objects.create(
            storefront_id=world.shop.pk, who="someone", what=what, ref=ref, purpose="a call", at=now
        )
    incident = register_incident(
        storefront_id=world.shop.pk,
        kind="leak",
        title="客服账号异常查看",
        detected_at=now,
        window_from=now - timedelta(days=1),
        window_to=now + timedelta(days=1),
        contact="compliance@shop.test",
        by="officer",
        now=now,
    )
    freeze_affected(incident=incident, owners=subjects_of, by="officer", now=now)
    for order in (paid, cancelled):
        compliance.disclose(
            storefront_id=world.shop.pk,
            subject_id=alice.subject_id,
            order_number=order.number,
            recipient_kind="payment",
            recipient="财付通支付科技有限公司",
            country="CN",
            purpose="pay",
            basis="contract",
            fields=["openid"],
            now=order.placed_at,
        )
    exports.ask_export(customer=alice, js_code="a-code", now=now)
    exports.prepare(Event.objects.get(name="export.asked"))
    assert Export.objects.get().file is not None


def name_a_payer(world: make.World, waiting: Order, done: Order) -> None:
    """Somebody else is named for one order; another had an orderer before the present one."""
    key, public_id = vault.unwrap(world.alice.subject.key), ids.uuid7()
    NamedPayer.objects.create(
        public_id=public_id,
        storefront=world.shop,
        customer=world.alice,
        order_number=waiting.number,
        name_sealed=key.seal(labels.NAMED_NAME, public_id, make.NAMES[make.BOB]),
        number_sealed=key.seal(labels.NAMED_NUMBER, public_id, make.NUMBERS[make.BOB]),
        pair_index=bytes(Identity.objects.get(customer=world.alice).pair_index or b""),
        confirmed_version="1",
        confirmed_hash="0" * 64,
        named_at=make.present(),
    )
    order_key, former = vault.unwrap(done.key), ids.uuid7()
    FormerOrderer.objects.create(
        storefront=world.shop,
        order=done,
        public_id=former,
        name_sealed=order_key.seal(order_labels.FORMER_NAME, former, make.NAMES[make.ALICE]),
        number_sealed=order_key.seal(order_labels.FORMER_NUMBER, former, make.NUMBERS[make.ALICE]),
        replaced_hash="0" * 64,
        replaced_at=done.placed_at,
    )


def models_that_point() -> set[str]:
    """Every model from which a chain of foreign keys leads to a customer, a subject or an order."""
    found = {Customer._meta.label, Subject._meta.label, Order._meta.label}
    while True:
        more = {
            model._meta.label
            for model in apps.get_models()
            for field in model._meta.concrete_fields
            if isinstance(field, models.ForeignKey) and field.related_model._meta.label in found
        }
        if more <= found:
            return found
        found |= more


def sealed_values() -> dict[tuple[str, str, Any], bytes]:
    """Every binary value of every table, by (model, field, key): found by walking the models."""
    found = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.BinaryField):
                for pk, value in model._default_manager.values_list("pk", field.name):
                    if value:
                        found[model._meta.label, field.name, pk] = bytes(value)
    return found


def indexes_of_alice() -> set[bytes]:
    """Every blind index under which Alice could be found."""
    address = f"310115 {STREET}"
    kinds = {
        "openid": OPENID,
        "phone": make.PHONES[make.ALICE],
        "id_number": make.NUMBERS[make.ALICE],
        "address": address,
        "identity_pair": f"{make.NAMES[make.ALICE]}\n{make.NUMBERS[make.ALICE]}",
        "device": DEVICE,
        "share_code": CODE,
    }
    return {index for kind, value in kinds.items() for index in vault.blinds(kind, value)}  # type: ignore[arg-type]


def names_of_alice(world: make.World) -> set[str]:
    """Every index, key, UUID and number under which the house keeps something of Alice, as they are written.

    Of the order that she never paid there is none: nothing may lead from it to her.
    """
    alice = world.alice
    paid = Order.objects.select_related("key").get(customer=alice, state="paid")
    own = [
        row.public_id
        for model in (Address, Export, Identity, IdentityAttempt)
        for row in model._default_manager.filter(customer=alice)
    ]
    own += Judgement.objects.filter(order_number=paid.number).values_list("pk", flat=True)
    subject = Subject.objects.get(pk=alice.subject_id)
    own += [row.public_id for row in Complaint.objects.filter(order=paid)]
    own += ReviewWords.objects.filter(review__customer=alice).values_list("public_id", flat=True)
    own += Complaint.objects.filter(order=paid).values_list("external_id", flat=True)
    own += ReturnRequest.objects.filter(order=paid).values_list("public_id", flat=True)
    found = [alice.public_id, subject.pk, subject.key_id, subject.person_id, paid.key_id, *own]
    payment = Payment.objects.get(order=paid)
    return {
        *map(str, found),
        *(index.hex() for index in indexes_of_alice()),
        *(paid.number, payment.out_trade_no, paid.transaction_id, f"api:{alice.pk}:"),
        *Refund.objects.filter(order=paid).values_list("out_refund_no", flat=True),
        *Complaint.objects.filter(order=paid).values_list("external_id", flat=True),
    }


def rows_that_say(names: set[str]) -> dict[str, set[Any]]:
    """The rows of every model that hold one of the names in any column, by model; sealed lists are opened."""
    found: dict[str, set[Any]] = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            meta = model._meta
            cursor.execute(f'SELECT "{meta.pk.column}", to_json(t)::text FROM "{meta.db_table}" t')
            found[meta.label] = {pk for pk, text in cursor.fetchall() if any(name in text for name in names)}
    for frozen in IncidentAffected.objects.select_related("key"):
        people = vault.unwrap(frozen.key).open(PEOPLE, frozen.id, bytes(frozen.people_sealed))
        if any(name in people for name in names):
            found[IncidentAffected._meta.label].add(frozen.pk)
    return found


def rows_that_lead_to(names: set[str]) -> dict[str, set[Any]]:
    """As `rows_that_say`, with all rows that point to one of these, and to one of those, to the end."""
    found = rows_that_say(names)
    while True:
        more = 0
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if not isinstance(field, models.ForeignKey):
                    continue
                there = found[field.related_model._meta.label]
                rows = model._default_manager.filter(**{f"{field.name}__in": there})
                here = found[model._meta.label]
                new = set(rows.values_list("pk", flat=True)) - here
                here |= new
                more += len(new)
        if not more:
            return {label: rows for label, rows in found.items() if rows}


def where_plain(redis: Redis, log: str) -> list[str]:
    """Where any of Alice's values stands in plain: all columns of all tables, files, Redis, the log.

    What the merchant's key opens is as good as plain: it outlives everyone who paid.
    """
    forms = {
        form for value in PLAIN for form in (value, value.encode().hex(), orjson.dumps(value).decode()[1:-1])
    }
    forms |= {value.encode("unicode_escape").decode() for value in PLAIN}
    return [
        place
        for place, text in [*_rows(), *_messages(), *_files(), *_keys(redis), ("log", log)]
        if any(form in text for form in forms)
    ]


def _rows() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text, to_json(t)::text FROM "{table}" t')
            yield from ((table, "\n".join(row)) for row in cursor.fetchall())


def _messages() -> Iterator[tuple[str, str]]:
    for row in Notification.objects.exclude(body=b""):
        resource = orjson.loads(bytes(row.body))["resource"]
        yield "a message of WeChat Pay", decrypt(resource, APIV3_KEY).decode()


def _files() -> Iterator[tuple[str, str]]:
    for path in Path(settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes().decode("utf-8", "replace")


def _keys(redis: Redis) -> Iterator[tuple[str, str]]:
    for key in redis.scan_iter():
        dump = redis.dump(key)
        yield f"redis {key!r}", f"{key!r}" + (dump or b"").decode("utf-8", "replace")


def stored_files() -> list[str]:
    """What lies in the storage of files."""
    return sorted(p.name for p in (Path(settings.MEDIA_ROOT) / files.FOLDER).glob("*"))
