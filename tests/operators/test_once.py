"""A form that is sent twice is one wish: what it receives, corrects or moves is moved once."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from inventory.models import Count, Lot, Stock
from kernel.models import Job
from operators import once
from operators.base import Taken
from operators.once import SENT
from tests import make
from tests.operators import rows
from tests.operators.test_walk import enter
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
RECEIVED = {"pieces": "7", "code": "X", "expires_on": "2028-01-01", "inbound_list": "QD1"}


@pytest.fixture
def world():
    return make.world(on_hand=0)


@pytest.fixture
def packer(client, world):
    enter(client, rows.operator("packer", world.shop, "fulfilment"))
    return client


def form(client, url: str) -> str:
    """The number that the form carries."""
    found = re.search(r'name="once" value="([^"]+)"', client.get(url).content.decode())
    assert found is not None
    return found[1]


def receiving(world) -> str:
    stock = Stock.objects.get(variant=world.dryer)
    return reverse("admin:inventory_stock_step", args=[stock.pk, "receive"])


def test_goods_of_a_form_that_was_sent_twice_are_received_once(packer, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    assert [packer.post(url, sent).status_code for _ in range(2)] == [302, 302]
    assert Lot.objects.get().on_hand == 7
    assert packer.post(url, {**RECEIVED, "once": form(packer, url)}).status_code == 302
    assert Lot.objects.get().on_hand == 14  # a form of its own is another wish


def test_pieces_found_are_added_once(packer, world):
    packer.post(receiving(world), RECEIVED)
    url = reverse("admin:inventory_lot_step", args=[Lot.objects.get().pk, "adjust"])
    sent = {"pieces": "3", "reason": "found", "once": form(packer, url)}
    for _ in range(2):
        packer.post(url, sent)
    assert Lot.objects.get().on_hand == 10


def test_a_form_that_says_something_else_the_second_time_is_refused(packer, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    packer.post(url, sent)
    told = packer.post(url, {**sent, "pieces": "70"}).content.decode()
    page = reverse("admin:inventory_stock_change", args=[Stock.objects.get(variant=world.dryer).pk])
    assert "此表单已提交过，当时内容不同" in told and f'href="{page}"' in told
    assert 'value="70"' in told and sent["once"] not in told  # what was typed may still be wished for
    assert Lot.objects.get().on_hand == 7


def test_a_form_that_was_refused_may_be_sent_again_corrected(packer, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    wrong = packer.post(url, {**sent, "pieces": "0"})
    assert wrong.status_code == 200
    assert sent["once"] in wrong.content.decode()
    assert packer.post(url, sent).status_code == 302
    assert Lot.objects.get().on_hand == 7


def test_the_number_of_a_form_is_worth_nothing_to_another_operator(packer, client, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    packer.post(url, sent)
    enter(client, rows.operator("second", world.shop, "fulfilment"))
    client.post(url, sent)
    assert Lot.objects.get().on_hand == 14


def test_of_a_form_sent_twice_in_one_instant_the_goods_are_received_once(packer, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    cookies = packer.cookies

    def send() -> int:
        other = Client()
        other.cookies = cookies
        return other.post(url, sent).status_code

    assert set(at_once([send] * 4)) <= {200, 302}
    assert Lot.objects.get().on_hand == 7


def test_an_add_form_that_was_sent_twice_adds_once_and_leads_to_the_same_place(client, world):
    enter(client, rows.operator("owner", world.shop))
    url = "/admin/inventory/count/add/"
    sent = {"warehouse": world.warehouse.pk, "note": "yearly", "once": form(client, url)}
    first = client.post(url, {**sent, "_save": "1"})
    second = client.post(url, {**sent, "_continue": "1"})  # whichever button was pressed
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.headers["Location"] == second.headers["Location"]
    assert Count.objects.count() == 1
    client.post(url, {**sent, "once": form(client, url)})
    assert Count.objects.count() == 2  # a form of its own is another wish


def test_an_add_form_that_was_changed_and_sent_again_loses_nothing_typed_and_leads_to_the_first_row(
    client, world
):
    enter(client, rows.operator("owner", world.shop))
    url = "/admin/inventory/count/add/"
    sent = {"warehouse": world.warehouse.pk, "note": "yearly", "once": form(client, url)}
    client.post(url, sent)
    answer = client.post(url, {**sent, "note": "of autumn"})
    told = answer.content.decode()
    page = reverse("admin:inventory_count_change", args=[Count.objects.get().pk])
    assert answer.status_code == 200
    assert "此表单已提交过，当时内容不同" in told and f'href="{page}"' in told
    assert 'value="of autumn"' in told and "尚未保存" in told
    number = re.search(r'name="once" value="([^"]+)"', told)
    assert number is not None and number[1] != sent["once"]
    assert client.post(url, {**sent, "note": "of autumn", "once": number[1]}).status_code == 302
    assert sorted(Count.objects.values_list("note", flat=True)) == ["of autumn", "yearly"]


def test_a_row_added_in_a_window_of_its_own_is_added_once_and_chosen_both_times(client, world):
    enter(client, rows.operator("owner", world.shop))
    url = "/admin/inventory/count/add/?_popup=1"
    sent = {"warehouse": world.warehouse.pk, "note": "", "_popup": "1", "once": form(client, url)}
    first, second = client.post(url, sent), client.post(url, sent)
    assert "popup_response" in first.content.decode()
    assert first.content == second.content
    assert Count.objects.count() == 1


def test_what_an_add_form_is_refused_stands_above_what_was_typed(client, world, monkeypatch):
    enter(client, rows.operator("owner", world.shop))
    url = "/admin/inventory/count/add/"
    sent = {"warehouse": world.warehouse.pk, "note": "yearly", "once": form(client, url)}

    def refuse(*told: object) -> None:
        raise Taken()

    with monkeypatch.context() as patch:
        patch.setattr(admin.site._registry[Count], "save_model", refuse)
        told = client.post(url, sent).content.decode()
    assert "已存在相同的记录。" in told and "尚未保存" in told
    assert 'value="yearly"' in told and sent["once"] in told
    assert client.post(url, sent).status_code == 302  # it was not done: the number may come again


def test_each_form_of_its_own_page_makes_one_row_at_a_double_click(client, world):
    enter(client, rows.operator("owner", world.shop))
    shop = str(world.shop.pk)
    incident = {
        **{"storefront": shop, "kind": "leak", "title": "客服账号异常查看", "contact": "x@shop.test"},
        **{f"{name}_0": "2026-11-27" for name in ("detected_at", "window_from", "window_to")},
        **{f"{name}_1": "10:00:00" for name in ("detected_at", "window_from", "window_to")},
    }
    assessment = {
        **{"storefront": shop, "processing": "sensitive", "assessed_on": "2026-11-27"},
        **{"assessed_by": "合规负责人", "purpose": "核验身份", "impact": "小", "measures": "加密"},
        **{"acceptable": "on", "review_on": "2027-11-27"},
    }
    for label, url, typed in (
        ("compliance.Incident", "/admin/compliance/incident/add/", incident),
        ("compliance.ImpactAssessment", "/admin/compliance/impactassessment/add/", assessment),
    ):
        sent = {**typed, "once": form(client, url)}
        first, second = client.post(url, sent), client.post(url, sent)
        assert (first.status_code, second.status_code) == (302, 302), label
        assert first["Location"] == second["Location"]
        assert apps.get_model(label).objects.count() == 1, label
    url = reverse("goods_import")
    number = form(client, url)

    def upload(content: bytes):
        file = SimpleUploadedFile("goods.csv", content)
        return client.post(url, {"storefront": shop, "file": file, "once": number})

    first, second, other = upload(b"product,sku"), upload(b"product,sku"), upload(b"product,sku\nA,B")
    assert first["Location"] == second["Location"]
    assert first["Location"] in other.content.decode()  # another file is not taken for the first
    assert Job.objects.filter(kind="catalogue.check").count() == 1


def test_what_keeps_its_own_transactions_is_done_once_too(packer, world, monkeypatch):
    page = admin.site._registry[Stock]
    done: list[str] = []

    def do(row: object, values: object, who: str, at: object) -> None:
        done.append(who)
        if len(done) == 2:
            raise Taken()

    (step,) = (one for one in page.steps if one.name == "receive")
    monkeypatch.setattr(page, "steps", (replace(step, outside=True, do=do),))
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    answers = [packer.post(url, sent, follow=True) for _ in range(2)]
    assert [str(answer.context["messages"]._loaded_data[0]) for answer in answers] == [
        "已完成。",
        str(SENT),
    ]
    refused = {**RECEIVED, "once": form(packer, url)}
    told = packer.post(url, refused).content.decode()
    number = re.search(r'name="once" value="([^"]+)"', told)
    assert number is not None and number[1] != refused["once"]  # what came of it is not known to be nothing
    assert packer.post(url, {**refused, "once": number[1]}).status_code == 302
    assert len(done) == 3


# What these forms ask for is the same the second time: a way in or out, a search, a case that is settled,
# codes that end the ones before, the import of a preview, of which its service makes one.
SAME_TWICE = {
    *("account.html", "choose.html", "code.html", "enrol.html", "sealed_search.html", "work.html"),
    "goods_import.html",  # of its two forms the upload carries a number
}


def test_every_form_of_our_own_carries_a_number_or_may_be_sent_twice():
    folder = Path(once.__file__).parent
    bare = set()
    for page in folder.glob("templates/operators/*.html"):
        forms = page.read_text(encoding="utf-8").split('<form method="post"')[1:]
        if any('name="once"' not in form.partition("</form>")[0] for form in forms):
            bare.add(page.name)
    assert bare == SAME_TWICE
    drawn = {one.name: one.read_text(encoding="utf-8") for one in folder.glob("*.py")}
    theirs = {name: text for name, text in drawn.items() if '"operators/form.html"' in text}
    assert {name for name, text in theirs.items() if "number(request)" not in text} == set()
    assert len(theirs) > 3
