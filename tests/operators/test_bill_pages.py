"""The accountant's pages of bills: read-only, with what to do next, and a button where there is a step."""

from __future__ import annotations

import pytest
from django.urls import reverse

from kernel.cases import open_case
from kernel.models import Case
from payments.models import Bill, BillDifference
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client):
    made = make.world()
    rows.fill(made)
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
