"""A copy holds what the inventory promises, no category less or more, and tells it in words."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from typing import Any

import orjson
import pytest

from backend import inventory, personal
from catalog import reference
from compliance import copy_words
from compliance.consent_texts import FOLDER, NOTICES
from compliance.law import Law
from compliance.models import VALUE, AllowanceEntry, Disclosure, Judgement
from compliance.rules import RULES
from compliance.states import PAYER
from customers import labels as customer_labels
from customers.models import Identity, IdentityAttempt
from customers.queries import held
from customers.services import copy
from customers.services.copy import as_page
from customers.states import NAMING, NEWS
from customers.told import NOT_CONFIRMED
from customs.states import DECLARATION as CUSTOMS
from logistics.states import SHIPMENT
from orders.models import Order
from orders.states import ORDER
from payments.models import Complaint, ComplaintAct, PaymentDeclaration
from payments.states import COMPLAINT, DECLARATION, PAYMENT, REFUND
from tests import make
from tests.backend import erasing
from wechat.login import LoginSession

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> make.World:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(
        "customers.services.account.code_to_session",
        lambda app, code, base_url: LoginSession(openid=erasing.OPENID, unionid=None, session_key="x"),
    )
    made = make.world()
    erasing.furnish(made)
    return made


@pytest.fixture
def rows(world: make.World) -> dict[str, list[Any]]:
    return {one.code: list(one.rows) for one in held(world.alice.subject, make.present())}


def test_json_page_and_inventory_tell_of_the_same_categories(world: make.World) -> None:
    made = copy.as_zip(held(world.alice.subject, make.present()), make.present())
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        told = orjson.loads(archive.read("data.json"))["categories"]
        page = archive.read("index.html").decode()
    codes = [one["code"] for one in told]
    assert re.findall(r'<section id="(\w+)">', page) == codes
    assert re.findall(r'<a href="#(\w+)">', page) == codes
    promised = inventory.page().partition("## What a copy holds")[2].partition("\n## ")[0]
    assert re.findall(r"`(\w+)`", promised) == [c for h in reversed(personal.HOLDINGS) for c in h.gives]
    assert sorted(re.findall(r"`(\w+)`", promised)) == sorted(codes)
    assert [one["code"] for one in told if not one["rows"]] == []  # she has something of everything
    for one in told:
        for row in one["rows"]:
            assert set(row) == set(one["columns"]), one["code"]


def test_each_field_that_is_promised_stands_in_a_category_that_a_copy_has() -> None:
    given = {code for holding in personal.HOLDINGS for code in holding.gives}
    shown = {entry.shown for entry in personal.FIELDS if entry.shown}
    assert shown <= given
    for entry in personal.FIELDS:
        if entry.export.startswith("in the copy"):
            assert entry.shown, entry
        if entry.export.startswith("not "):
            assert not entry.shown, entry


def test_movements_of_the_year_and_payer_checks_are_told_in_words(
    world: make.World, rows: dict[str, list[Any]]
) -> None:
    paid = Order.objects.get(state="paid").number
    unpaid = Order.objects.get(state="cancelled").number
    assert [(row["order_number"], row["kind"], row["measure"]) for row in rows["allowance"]] == [
        (paid, "下单占用 reserved by an order", "交易金额 value"),
        (paid, "清关使用 used when customs accepted the list", "交易金额 value"),
        (unpaid, "下单占用 reserved by an order", "交易金额 value"),
        (unpaid, "释放占用 given back unused", "交易金额 value"),
    ]
    assert rows["payer_checks"] == [
        {"order_number": paid, "state": "支付人与订购人一致 payer and orderer are one person"}
    ]
    assert {row["basis"] for row in rows["disclosures"]} == {"履行合同 to perform the contract"}


def test_a_judgement_tells_which_rules_were_asked_and_where_they_stand(
    world: make.World, rows: dict[str, list[Any]]
) -> None:
    number = Order.objects.get(state="paid").number
    (row,) = [one for one in rows["judgements"] if one["order_number"] == number]
    assert (row["allowed"], row["reasons"], row["moment"]) == (True, [], "下单时 at checkout")
    judged = Judgement.objects.get(order_number=number).judged
    assert row["rules"] == judged
    law = Law(row["decided_at"].date())
    told = {one["rule"]: one for one in rows["rules"]}
    assert list(told) == sorted({id for one in rows["judgements"] for id in one["rules"]})
    assert told["ADULT-1"]["citation"] == law.source("people/adult_age").citation
    assert told["ADULT-1"]["sentence"].endswith(next(r.sentence for r in RULES if r.id == "ADULT-1"))
    assert "http" not in str(rows["rules"])
    assert [one["who"] for one in rows["judgement_accesses"]] == ["someone"]


def test_no_cell_of_the_page_is_a_code(rows: dict[str, list[Any]], world: make.World) -> None:
    page = as_page(held(world.alice.subject, make.present()), make.present())
    cells = re.findall(r"<td>(.*?)</td>", page)
    assert len(cells) > 100
    assert [cell for cell in cells if re.fullmatch(r"[a-z]+([._][a-z]+)+|[a-z]+_[a-z_]+|CN", cell)] == []
    assert "¥" in next(row["amount"] for row in rows["allowance"])


def test_what_customs_was_told_of_a_payment_is_in_it(rows: dict[str, list[Any]]) -> None:
    told = PaymentDeclaration.objects.select_related("payment", "order").get()
    assert rows["declarations"] == [
        {
            "number": told.payment.out_trade_no,
            "order": told.order.number,
            "port": "宁波 Ningbo",
            "amount_fen": told.order_fen,
            "state": "待申报 not told yet",
            "sent_at": told.sent_at,
            "succeeded_at": told.succeeded_at,
            "explanation": "",
        }
    ]


def test_a_complaint_and_its_answer_are_told_in_words(rows: dict[str, list[Any]]) -> None:
    assert [(row["channel"], row["state"], row["phone"]) for row in rows["complaints"]] == [
        ("微信支付 WeChat Pay", "处理完成 over", make.PHONES[make.ALICE])
    ]
    assert [(row["kind"], row["text"]) for row in rows["complaint_answers"]] == [("回复 reply", "已补发")]


def test_a_refusal_is_told_in_both_languages(world: make.World) -> None:
    make.quote(world.alice, ("HD-1", 59), now=make.present())  # above the limit of one order
    rows = {one.code: one.rows for one in held(world.alice.subject, make.present())}["judgements"]
    (refused,) = [row for row in rows if not row["allowed"]]
    [first, *_] = Judgement.objects.get(allowed=False).refusals
    assert refused["reasons"][0] == f"{first['sentence_zh']} {first['sentence']}"


def test_every_code_that_a_copy_tells_has_its_word() -> None:
    topic = Law(date.max).topics["import/person_year_quantities"]
    measures = {VALUE, *(measure for figure in topic.figures for measure in figure.value)}
    countries = copy_words.words()["countries"]
    assert all(reference.countries()[iso].name_zh == names["zh"] for iso, names in countries.items())
    assert {kind: set(words) for kind, words in copy_words.words().items() if kind != "countries"} == {
        "movements": set(AllowanceEntry.Kind.values),
        "measures": measures,
        "payer": set(PAYER.states),
        "moments": set(Judgement.Moment.values),
        "bases": set(Disclosure.Basis.values),
        "consents": {path.stem for path in FOLDER.glob("*.yaml")},
        "notices": {path.stem for path in NOTICES.glob("*.yaml")},
        "identities": set(Identity.State.values),
        "namings": set(NAMING.states),
        "attempts": set(IdentityAttempt.State.values),
        "verdicts": {IdentityAttempt.Verdict.MATCHES.value, NOT_CONFIRMED},
        "orders": set(ORDER.states),
        "payments": set(PAYMENT.states),
        "refunds": set(REFUND.states),
        "declarations": set(DECLARATION.states),
        "channels": set(Complaint.Channel.values),
        "complaints": set(COMPLAINT.states),
        "complaint_answers": set(ComplaintAct.Kind.values),
        "shipments": set(SHIPMENT.states),
        "customs": set(CUSTOMS.states),
        "news": set(NEWS.states),
        "opened": {value for name, value in vars(customer_labels).items() if name.isupper()},
    }
    for words in copy_words.words().values():
        assert all(set(names) == {"zh", "en"} and all(names.values()) for names in words.values())


def test_a_code_of_an_older_release_stands_for_itself(
    world: make.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(copy_words.words()["payer"], "same")
    rows = {one.code: one.rows for one in held(world.alice.subject, make.present())}
    assert [row["state"] for row in rows["payer_checks"]] == ["same"]
