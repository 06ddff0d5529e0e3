"""The accountant's pages of bills: read-only, with what to do next, and a button where there is a step."""

from __future__ import annotations

import pytest
from django.urls import reverse

from kernel.cases import open_case
from kernel.models import Case
from payments.models import Bill, BillDifference, BillLine, Payment
from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.correct import correct
from settlement.services.enter import Fact, enter
from tests import make
from tests.operators import rows
from tests.operators.full import full_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client):
    made, _ = full_world()
    client.force_login(rows.operator("olga", made.shop), backend=rows.BACKEND)
    return made


def url_of(row, name):
    page = row._meta.model_name
    return reverse(f"admin:payments_{page}_change", args=[row.pk]).replace("/change/", f"/step/{name}/")


def test_a_difference_says_what_to_do_and_is_settled_with_a_note(client, world):
    row = BillDifference.objects.get()
    case = open_case(
        storefront_id=world.shop.pk, kind="bill.amount", key=row.key, title="t", facts={}, now=make.NOW
    )
    page = reverse("admin:payments_billdifference_change", args=[row.pk])
    html = client.get(page, headers={"accept-language": "en"}).content.decode()
    assert "collect or return what differs" in html
    assert client.post(url_of(row, "settle"), {"note": "returned 3 yuan"}).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.settled_by, case.note) == (Case.State.SETTLED, "olga", "returned 3 yuan")
    assert client.post(url_of(row, "settle"), {"note": "again"}).status_code == 403


def test_only_an_unreadable_bill_can_be_fetched_again(client, world):
    bill = Bill.objects.get()
    assert client.post(url_of(bill, "again"), {}).status_code == 403
    Bill.objects.update(state="unreadable", trouble="line 3")
    assert client.post(url_of(bill, "again"), {}).status_code == 302
    bill.refresh_from_db()
    assert (bill.state, bill.trouble) == ("asked", "")


def test_nothing_of_a_bill_can_be_typed_over(client, world):
    for page in ("bill", "billline", "fundline", "billdifference"):
        url = reverse(f"admin:payments_{page}_changelist")
        assert client.get(url).status_code == 200
        assert client.get(f"{url}add/").status_code == 403
    bill = Bill.objects.get()
    url = reverse("admin:payments_bill_change", args=[bill.pk])
    assert client.post(url, {"state": "matched", "sales_fen": 1}).status_code == 403
    assert Bill.objects.get().sales_fen == 0


@pytest.fixture
def stranger(world):
    """A difference of 19.99 that came and nobody knows, as the books hold it."""
    row = BillDifference.objects.get()
    enter(
        fact=Fact(
            storefront_id=world.shop.pk,
            kind=Entry.Kind.DIFFERENCE,
            key="difference:test",
            at=make.NOW,
            amounts={Account.WECHAT: 1_999, Account.UNEXPLAINED: -1_999},
            bill_line_id=row.line_id,
        ),
        now=make.NOW,
    )
    return row


def test_an_accountant_posts_a_difference_to_an_account_and_the_pages_lead_to_one_another(
    client, world, stranger
):
    client.force_login(rows.operator("fritz", world.shop, role="finance"), backend=rows.BACKEND)
    page = reverse("admin:payments_billdifference_change", args=[stranger.pk])
    assert "19.99" in client.get(page).content.decode()
    asked = {"account": "stray", "amount": "19.99", "note": "paid at the till"}
    assert client.post(url_of(stranger, "correct"), asked).status_code == 302
    entry = Entry.objects.get(kind="correction")
    assert dict(entry.postings.values_list("account", "amount_fen")) == {
        "stray": -1_999,
        "unexplained": 1_999,
    }
    shown = reverse("admin:settlement_entry_change", args=[entry.pk])
    assert shown in client.get(page).content.decode()
    html = client.get(shown).content.decode()
    assert page in html
    assert reverse("admin:payments_billline_change", args=[stranger.line_id]) in html
    assert client.post(url_of(stranger, "correct"), asked).status_code == 403  # nothing is left


def reversing(entry):
    shown = reverse("admin:settlement_entry_change", args=[entry.pk])
    return shown, shown.replace("/change/", "/step/reverse/")


def test_an_accountant_reverses_a_correction_from_its_page_once(client, world, stranger):
    client.force_login(rows.operator("fritz", world.shop, role="finance"), backend=rows.BACKEND)
    asked = {"account": "stray", "amount": "19.99", "note": "paid at the till"}
    client.post(url_of(stranger, "correct"), asked)
    wrong = Entry.objects.get(kind="correction")
    shown, step = reversing(wrong)
    assert step in client.get(shown).content.decode()
    assert client.post(step, {"note": ""}).status_code == 200  # it wants to know why
    assert client.post(step, {"note": "it was another till"}).status_code == 302
    back = Entry.objects.get(reverses=wrong)
    assert dict(back.postings.values_list("account", "amount_fen")) == {"stray": 1_999, "unexplained": -1_999}
    html = client.get(shown).content.decode()
    assert (step in html, back.key in html) == (False, True)
    assert client.post(step, {"note": "again"}).status_code == 403
    assert wrong.key in client.get(reversing(back)[0]).content.decode()
    assert client.post(reversing(back)[1], {"note": "undo"}).status_code == 403
    assert client.post(url_of(stranger, "correct"), asked).status_code == 302  # it is open again


@pytest.mark.parametrize("role", ["customer_service", "fulfilment", "auditor", "compliance"])
def test_only_finance_and_owners_reverse_a_correction(client, world, stranger, role):
    correct(difference=stranger, account=Account.STRAY, amount_fen=None, note="n", by="fritz", now=make.NOW)
    shown, step = reversing(Entry.objects.get(kind="correction"))
    client.force_login(rows.operator("paul", world.shop, role=role), backend=rows.BACKEND)
    assert step not in client.get(shown).content.decode()
    assert client.post(step, {"note": "n"}).status_code in (403, 404)  # not theirs to do, or to read
    assert Entry.objects.filter(reverses__isnull=False).count() == 0


@pytest.mark.parametrize("role", ["customer_service", "fulfilment", "auditor", "compliance"])
def test_only_finance_and_owners_post_a_difference(client, world, stranger, role):
    client.force_login(rows.operator("paul", world.shop, role=role), backend=rows.BACKEND)
    asked = {"account": "stray", "amount": "19.99", "note": "paid at the till"}
    assert client.post(url_of(stranger, "correct"), asked).status_code == 403
    assert Entry.objects.filter(kind="correction").count() == 0


def test_a_sale_s_entry_leads_to_the_line_of_the_bill_that_tells_of_it(client, world):
    line = BillLine.objects.get()
    Payment.objects.filter(pk=line.payment_id).update(transaction_id=line.transaction_id)
    enter(
        fact=Fact(
            storefront_id=world.shop.pk,
            kind=Entry.Kind.SALE,
            key="payment:test",
            at=make.NOW,
            amounts={Account.WECHAT: 1, Account.SALES: -1},
            payment_id=line.payment_id,
        ),
        now=make.NOW,
    )
    html = client.get(
        reverse("admin:settlement_entry_change", args=[Entry.objects.get(key="payment:test").pk])
    ).content.decode()
    assert reverse("admin:payments_billline_change", args=[line.pk]) in html
