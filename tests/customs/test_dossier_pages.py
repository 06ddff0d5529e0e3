"""The page that gives a dossier: a password first, then the ZIP that it opens, to those who may have it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from compliance.models import Disclosure
from customs.dossier.sealed import opened
from customs.services.dossier import check_dossier
from tests import make
from tests.customs.port import declaration
from tests.customs.test_declaring import port, ready  # noqa: F401
from tests.customs.test_dossier import PURPOSE, officer, released  # noqa: F401
from tests.operators import rows

pytestmark = pytest.mark.django_db(transaction=True)


def enter(client, operator):
    client.force_login(operator, backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def step(order):
    return reverse("admin:orders_order_step", args=[order.pk, "dossier"])


FORM = {"kind": "customs", "recipient": "宁波海关", "purpose": PURPOSE}


def shown(answer_):
    html = answer_.content.decode()
    password = re.search("(?:[A-Z2-7]{5}-){4}[A-Z2-7]{5}", html)
    token = re.search('name="token" value="([^"]+)"', html)
    return (password and password[0], token and token[1])


def test_the_page_shows_a_password_and_then_gives_the_zip_that_it_opens(client, released, officer):  # noqa: F811
    order, _ = released
    enter(client, officer)
    assert (
        "step/dossier/" in client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    )
    password, token = shown(client.post(step(order), FORM))
    assert Disclosure.objects.filter(purpose="dossier").count() == 0
    given = client.post(step(order), {**FORM, "token": token})
    assert (given["Content-Type"], "no-store" in given["Cache-Control"]) == ("application/zip", True)
    assert given["Content-Disposition"] == f'attachment; filename="dossier-{order.number}.zip"'
    assert "judgements.json" in opened(given.content, password)
    assert password not in token
    assert Disclosure.objects.get(purpose="dossier").recipient == "宁波海关"
    assert check_dossier(raw=given.content, password=password) == []


def test_a_token_is_good_for_its_own_operator_and_ten_minutes(client, released, officer, world, time_machine):  # noqa: F811
    order, _ = released
    enter(client, officer)
    _, token = shown(client.post(step(order), FORM))
    enter(client, rows.operator("olga", world.shop, "owner"))
    other, _ = shown(client.post(step(order), {**FORM, "token": token}))
    assert other is not None
    enter(client, officer)
    time_machine.move_to(make.present() + timedelta(seconds=601))
    again, _ = shown(client.post(step(order), {**FORM, "token": token}))
    assert again is not None
    assert Disclosure.objects.filter(purpose="dossier").count() == 0


def test_a_stranger_finds_no_page_and_without_the_role_it_is_forbidden(client, released, world):  # noqa: F811
    order, _ = released
    enter(client, rows.operator("stranger", make.storefront("swift")))
    assert client.post(step(order), FORM).status_code == 404
    for role in ("auditor", "finance", "customer_service"):
        enter(client, rows.operator(role, world.shop, role))
        assert client.post(step(order), FORM).status_code == 403
    assert declaration(order).state == "released"
