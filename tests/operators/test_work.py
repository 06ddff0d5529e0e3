"""The work queue shows the oldest first, within one's own storefronts, with the buttons that settle it."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Variant
from kernel.cases import AlreadyTaken, open_case, settle_case, take_case
from kernel.clock import now
from kernel.models import Approval, Case
from operators import names, things, told, work
from operators.scope import Role
from payments.models import BillDifference, Complaint, Payment
from settlement.models import SettlementBatch
from tests import make
from tests.operators import rows
from tests.operators.full import full_world
from tests.payments.bill_files import refunded

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


def case(world, kind="payment.late", key="order:1", days=0, **facts):
    at = now() - timedelta(days=days)
    return open_case(storefront_id=world.shop.pk, kind=kind, key=key, title="t", facts=facts, now=at)


def enter(client, world, role="owner", name=""):
    operator = rows.operator(name or role, world.shop, role)
    client.force_login(operator, backend=rows.BACKEND)
    return client


def look(client, language="en", **asked):
    return client.get(reverse("work"), asked, headers={"accept-language": language})


def send(client, **typed):
    return client.post(reverse("work"), typed, headers={"accept-language": "en"})


def counts(answer):
    return {one["area"].name: one["count"] for one in answer.context["areas"] if one["count"]}


def test_every_kind_of_case_that_has_a_name_lies_in_an_area_by_its_first_word():
    with names._FILE.open(encoding="utf-8", newline="") as lines:
        kinds = {row["key"] for row in csv.DictReader(lines) if row["kind"] == "case"}
    assert {kind.partition(".")[0] for kind in kinds} - set(work._AREA_OF) == set()
    assert set(things._LISTS) <= kinds


def test_the_oldest_comes_first_and_is_looked_at_with_why_and_what_to_do(client, world):
    case(world, key="order:young")
    old = case(world, key="order:old", days=5, amount_fen=1234)
    case(world, kind="stock.variance", key="countline:1", days=1)
    answer = look(enter(client, world))
    assert counts(answer) == {"money": 2, "stock": 1}
    assert [one["about"] for one in answer.context["items"]] == ["order old", "order young"]
    assert [one["old"] for one in answer.context["items"]] == [True, False]
    html = answer.content.decode()
    assert answer.context["found"]["case"] == old
    assert "CNY 12.34" in html or "12.34" in html
    assert answer.context["found"]["todo"] in html
    assert "oldest 5 d 0 h · 1 over 3 days" in " ".join(html.split())


def test_an_area_shows_its_own_and_the_last_one_what_no_area_names(client, world):
    case(world)
    odd = case(world, kind="nobody_named.this", key="x")
    enter(client, world)
    assert [one["about"] for one in look(client, area="platform").context["items"]] == ["x"]
    assert look(client, area="platform").context["found"]["case"] == odd
    assert look(client, area="stock").context["items"] == []
    assert look(client, area="nonsense").context["chosen"].name == "money"


def test_the_buttons_are_the_steps_of_what_the_case_is_about_for_those_who_may(client, world):
    order = make.order(world.alice, ("HD-1", 1))
    payment = make.payment(order)
    refund = refunded(payment, state="abnormal")
    case(world, kind="refund.abnormal", key=refund.event_key, order=order.number)
    found = look(enter(client, world, "finance")).context["found"]
    assert found["page"] == reverse("admin:payments_refund_change", args=[refund.pk])
    assert [one["url"].split("/step/")[1] for one in found["steps"]]
    assert f'href="{reverse("admin:orders_order_change", args=[order.pk])}"' in found["why"]
    auditor = look(enter(client, world, "auditor")).context["found"]
    assert (auditor["steps"], auditor["may"]) == ([], False)


def test_a_case_of_customs_about_an_order_is_worked_on_at_its_declaration():
    assert things.worked_on("customs.rejected", "order:7") == "customs_declaration:7"
    assert things.worked_on("shipment.late", "order:7") == "shipment:7"
    assert things.worked_on("payment.late", "order:7") == "order:7"
    assert things.worked_on("customs.silent", "port_message:7") == "port_message:7"


def test_a_key_that_is_no_number_of_its_kind_finds_nothing_and_fails_nothing(client, world):
    for key in ("lot:x", "stock:99999999999999999999", "port:nonsense", "customer:", "odd", "complaint:1@2"):
        case(world, kind="lot.papers", key=key)
    enter(client, world)
    for one in Case.objects.all():
        assert look(client, area="stock", case=one.pk).context["found"]["page"] == ""


def test_a_case_leads_to_what_is_worked_on_whatever_its_key_says_besides(client):
    world, _ = full_world()
    enter(client, world)
    differs = BillDifference.objects.select_related("bill").first()
    bill = differs.bill
    of_bill = {"merchant": bill.mchid, "day": bill.day.isoformat(), "bill": bill.kind}
    complaint = Complaint.objects.filter(joined=None).first()
    variant, batch = Variant.objects.first(), SettlementBatch.objects.first()
    payment = Payment.objects.exclude(out_trade_no="").first()
    for kind, key, facts, row, verb in (
        (f"bill.{differs.kind}", differs.key, of_bill, differs, "settle"),
        ("bill.unreadable", bill.event_key, of_bill, bill, ""),
        ("complaint.reply_due", f"{complaint.event_key}:2", {}, complaint, "reply"),
        ("price.not_changed", f"variant:{variant.pk}", {}, variant, ""),
        ("forex.too_much", f"{batch.event_key}:bank-77", {"batch": batch.number}, batch, ""),
        ("payment.late", "transaction:420", {"out_trade_no": payment.out_trade_no}, payment, ""),
    ):
        found = look(client, case=case(world, kind, key, **facts).pk).context["found"]
        assert found["page"] == told.page_of(row), kind
        assert any(one["url"].endswith(f"/step/{verb}/") for one in found["steps"]) or not verb, kind
        assert "@" not in found["about"], kind  # where it lies is nobody's to read
    owed = case(world, "assessment.missing", "assessment:sensitive-1", processing="sensitive")
    assert look(client, case=owed.pk).context["found"]["page"] == "/admin/compliance/impactassessment/"
    enter(client, world, "finance")
    assert look(client, case=owed.pk).context["found"]["page"] == ""  # not theirs to open
    asked = case(world, "declaration.second_port", "port:maison:ZH", order="1")
    assert look(client, case=asked.pk).context["found"]["page"] == "/admin/payments/customsnumber/"


def test_settled_with_a_note_the_next_one_comes(client, world):
    first, second = case(world, key="order:1", days=2), case(world, key="order:2")
    enter(client, world)
    answer = send(client, case=first.pk, act="settle", note="  refunded by hand ")
    assert look(client).context["found"]["case"] == second
    first.refresh_from_db()
    assert (first.state, first.note, first.settled_by) == ("settled", "refunded by hand", "owner")
    assert answer["Location"].endswith("?area=money")
    # Sent twice, or too late: told, and nothing else is settled.
    send(client, case=first.pk, act="settle", note="again")
    first.refresh_from_db()
    assert (first.note, Case.objects.get(pk=second.pk).state) == ("refunded by hand", "open")


def test_without_a_word_of_what_was_done_nothing_is_settled(client, world):
    one = case(world)
    enter(client, world)
    send(client, case=one.pk, act="settle", note="   ")
    assert "Say what was done" in look(client).content.decode()
    assert Case.objects.get(pk=one.pk).state == "open"


def test_one_takes_a_case_and_a_colleague_who_read_before_does_not_take_it_as_well(client, world):
    one = case(world)
    enter(client, world, name="olga")
    send(client, case=one.pk, act="take", held_by="")
    assert look(client, mine=1).context["found"]["held_by_me"]
    enter(client, world, name="otto")
    assert look(client).context["items"][0]["taken_by"] == "olga"
    send(client, case=one.pk, act="take", held_by="")  # the page was read before olga took it
    assert "A colleague works on this case" in look(client).content.decode()
    send(client, case=one.pk, act="take", held_by="olga")
    assert look(client, mine=1).context["items"][0]["taken_by"] == "otto"
    send(client, case=one.pk, act="let_go")
    assert look(client).context["items"][0]["taken_by"] == ""


def test_what_is_settled_is_taken_by_nobody(world):
    one = case(world)
    settle_case(case=one, by="olga", note="done", now=now())
    with pytest.raises(AlreadyTaken):
        take_case(case=one, by="otto", held_by="", now=now())


def test_a_stranger_sees_and_settles_nothing_and_an_auditor_only_reads(client, world):
    one = case(world)
    client.force_login(rows.operator("stranger", make.storefront("swift")), backend=rows.BACKEND)
    assert counts(look(client)) == {}
    assert look(client, case=one.pk).context["found"] is None
    send(client, case=one.pk, act="settle", note="mine now")
    enter(client, world, Role.AUDITOR.value)
    assert send(client, case=one.pk, act="settle", note="mine now").status_code == 403
    assert Case.objects.get(pk=one.pk).state == "open"
    client.force_login(rows.operator("nobody"), backend=rows.BACKEND)
    assert look(client).status_code == 403


def test_hostile_addresses_and_acts_are_no_errors_of_the_server(client, world):
    enter(client, world)
    assert look(client, area="'", case="9" * 40, mine="x").status_code == 200
    assert send(client, case="x", act="settle", note="n").status_code == 302
    assert send(client, case="1", act="drop").status_code == 404


def test_approvals_are_shown_with_who_asked_and_ones_own_have_no_button(client, world):
    for who in ("ann", "owner"):
        Approval.objects.create(
            storefront_id=world.shop.pk, verb="goods_gate", key=f"sku:{who}", facts={}, asked_by=who
        )
    asked = look(enter(client, world), area="approvals").context["asked"]
    assert [(one["by"], one["may"]) for one in asked] == [("ann", True), ("owner", False)]


def test_the_page_asks_equally_often_whatever_waits(client, world):
    enter(client, world)

    def statements():
        with CaptureQueriesContext(connection) as queries:
            assert look(client).status_code == 200
        return len([one for one in queries if " ROLE" not in one["sql"]])

    case(world, key="order:0", days=9)
    few = statements()
    for n in range(1, 80):
        case(world, key=f"order:{n}", kind=["payment.late", "refund.failing", "bill.late"][n % 3])
    assert len(look(client).context["items"]) == work.SHOWN
    assert statements() == few
    assert few <= 14


def test_what_no_database_keeps_is_no_failure_of_the_page(client, world):
    one = case(world)
    enter(client, world)
    assert send(client, act="take", case=one.pk, held_by="\0").status_code == 302
    assert send(client, act="settle", case=one.pk, note="a\0b").status_code == 302
    one.refresh_from_db()
    assert (one.state, one.note) == ("settled", "ab")
    for url in ("/admin/settlement/posting/?account=%00", "/admin/settlement/entry/?kind=%00"):
        assert client.get(url).status_code == 400
    assert client.get(reverse("goods_export"), {"storefront": "9" * 5000}).status_code == 404
    step = reverse("admin:catalog_variant_step", args=[world.dryer.pk, "customs"])
    assert client.post(step, {"once": "a\0b"}).status_code == 200
    client.logout()
    sent = {"username": "owner", "password": rows.PASSWORD, "next": "//evil.example/"}
    assert client.post("/admin/login/", sent).headers["Location"] == reverse("admin:index")
