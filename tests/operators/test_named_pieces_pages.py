"""The case of a refund of WeChat Pay's own leads to its page, where an accountant names its pieces."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from backend import delivery
from kernel.models import Case
from orders.models import Order
from payments.models import Refund, RefundLine
from settlement.models import Entry
from tests import make
from tests.operators import rows
from tests.payments.reports import paid, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def refund():
    world = make.world()
    payment = paid(make.order(world.alice, ("HD-1", 2), now=make.present()), success_time=make.present())
    Order.objects.update(gate="after_release")
    ghost = Refund(
        pk=1, storefront_id=world.shop.pk, payment=payment, out_refund_no="WX-1", amount_fen=10_910
    )
    told(ghost)
    delivery.drain()
    return Refund.objects.get()


def signed_in(client, refund, role):
    client.force_login(rows.operator("fang", refund.storefront, role), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def page(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def step(row, name):
    return page(row).replace("/change/", f"/step/{name}/")


def test_the_case_says_that_pieces_are_to_be_named_and_leads_to_the_page_where_that_is_offered(
    client, refund
):
    finance = signed_in(client, refund, "finance")
    html = finance.get(page(Case.objects.get())).content.decode()
    assert "pieces to be named" in html
    assert f'href="{page(refund)}"' in html
    assert step(refund, "name-pieces") in finance.get(page(refund)).content.decode()


def test_pieces_are_shown_to_the_fen_then_named_once_and_taken_back_from_the_ledger(client, refund):
    finance = signed_in(client, refund, "finance")
    line = refund.order.lines.get()
    typed = {f"pieces_{line.pk}": 1, "freight": "on", "note": "ticket 9"}
    html = finance.post(step(refund, "name-pieces"), typed).content.decode()
    for amount in ("109.10", "100.00", "9.10", "0.00"):
        assert amount in html
    assert (RefundLine.objects.count(), Entry.objects.filter(kind="correction").count()) == (0, 0)
    seen = re.search(r'name="seen_fen" value="(\d+)"', html)[1]
    assert seen == "10910"
    assert finance.post(step(refund, "name-pieces"), typed | {"seen_fen": seen}).status_code == 302
    entry = Entry.objects.get(kind="correction")
    assert dict(entry.postings.values_list("account", "amount_fen")) == {
        "goodwill": -10_910,
        "sales": 10_000,
        "tax": 910,
    }
    assert Case.objects.get().state == "settled"
    assert finance.get(step(refund, "name-pieces")).status_code == 403
    assert finance.post(step(entry, "reverse"), {"note": "the other order's"}).status_code == 302
    assert Entry.objects.get(reverses=entry).kind == "correction"
    assert finance.get(step(refund, "name-pieces")).status_code == 200


def test_a_form_without_pieces_names_nothing(client, refund):
    finance = signed_in(client, refund, "finance")
    answer = finance.post(step(refund, "name-pieces"), {"freight": "on", "note": "n"})
    assert "Say pieces of a line." in answer.content.decode()
    assert RefundLine.objects.count() == 0


def test_who_serves_consumers_finds_no_such_button(client, refund):
    service = signed_in(client, refund, "customer_service")
    assert "name-pieces" not in service.get(page(refund)).content.decode()
    assert service.get(step(refund, "name-pieces")).status_code == 403
