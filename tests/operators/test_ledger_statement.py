"""A storefront's books over a period, to read and as a file, for those who work in it alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.enter import Fact, enter
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db
URL = "admin:settlement_statement"


def entered(shop, key, at, **amounts):
    fact = Fact(shop.pk, Entry.Kind.SALE, key, at, {Account(name): fen for name, fen in amounts.items()})
    enter(fact=fact, now=make.NOW)


@pytest.fixture
def shop():
    shop = make.world().shop
    entered(shop, "test:1", make.NOW - timedelta(days=1), wechat=10_000, sales=-9_000, tax=-1_000)
    entered(shop, "test:2", make.NOW, wechat=-2_500, sales=2_500)
    return shop


def asked(client, shop, **more):
    days = {"storefront": shop.pk, "first": "2026-11-20", "last": "2026-11-20", **more}
    return client.get(reverse(URL), days, headers={"accept-language": "en"})


def test_finance_reads_opening_movements_and_closing_of_each_account(client, shop):
    client.force_login(rows.operator("fritz", shop, role="finance"), backend=rows.BACKEND)
    table = asked(client, shop).context["tables"][0]
    assert table["rows"] == [
        ["at WeChat Pay", "100.00", "0.00", "25.00", "75.00"],
        ["sales", "-90.00", "25.00", "0.00", "-65.00"],
        ["tax taken in", "-10.00", "0.00", "0.00", "-10.00"],
        ["total", "0.00", "25.00", "25.00", "0.00"],
    ]


def test_the_file_is_what_the_command_prints(client, shop, capsys):
    client.force_login(rows.operator("fritz", shop, role="finance"), backend=rows.BACKEND)
    answer = asked(client, shop, format="csv")
    assert answer["Content-Disposition"] == (
        f'attachment; filename="ledger-{shop.code}-2026-11-20-2026-11-20.csv"'
    )
    call_command("ledger", "statement", shop.code, "2026-11-20", "2026-11-20")
    assert answer.content.decode() == capsys.readouterr().out
    assert "wechat,100.00,0.00,25.00,75.00" in answer.content.decode().splitlines()


def test_another_shop_s_books_are_not_shown(client, shop):
    other = make.storefront("other")
    client.force_login(rows.operator("olga", other, role="finance"), backend=rows.BACKEND)
    answer = asked(client, shop)
    assert answer.context["tables"] == []
    assert "storefront" in answer.context["form"].errors
    assert asked(client, shop, format="csv")["Content-Type"].startswith("text/html")


def test_a_period_that_ends_before_it_begins_is_refused(client, shop):
    client.force_login(rows.operator("fritz", shop, role="finance"), backend=rows.BACKEND)
    answer = asked(client, shop, last="2026-11-19")
    assert answer.context["form"].non_field_errors() == ["The last day lies before the first."]
    assert answer.context["tables"] == []


def test_who_works_in_no_shop_or_not_with_its_books_reads_nothing(client, shop):
    for operator in (rows.operator("nobody"), rows.operator("wu", shop, role="fulfilment")):
        client.force_login(operator, backend=rows.BACKEND)
        assert asked(client, shop).status_code == 403


def test_the_list_of_entries_leads_to_the_statement(client, shop):
    client.force_login(rows.operator("fritz", shop, role="finance"), backend=rows.BACKEND)
    html = client.get(reverse("admin:settlement_entry_changelist")).content.decode()
    assert reverse(URL) in html
