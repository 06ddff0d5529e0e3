"""Key or password of a port account go in by an owner's form alone; a machine signs again by a button."""

from __future__ import annotations

import pytest
from django.urls import reverse

from customs.models import PortAccount
from customs.services.keys import signer_of
from tests import make
from tests.customs.port import certificate
from tests.operators import rows
from tests.operators.test_walk import enter

pytestmark = pytest.mark.django_db
KEY = make.rsa_key("customs")
FORM = {
    "customs_code": "3105",
    "port_code": "3104",
    "traffic": "Y",
    "dispatch_country": "142",
    "site_certificate": certificate(KEY),
    "dxp_id": "DXPENT0000012345",
    "transport": "http",
    "guarantor": "declarant",
    "guarantee_fen": "100000.00",
    "batch": "100",
    "signer": "rsa-sha1",
    "key": make.private_pem(KEY),
    "certificate_number": "0001",
    "certificate": certificate(KEY),
}
MACHINE = {**FORM, "signer": "machine", "password": "88888888", "key": "", "certificate": ""}


@pytest.fixture
def shop():
    return make.storefront()


def page(shop):
    return reverse("admin:storefronts_storefront_ports", args=[shop.pk])


def test_an_owner_puts_a_key_in_and_never_sees_it(client, shop):
    enter(client, rows.operator("owner", shop))
    assert client.post(page(shop), FORM).status_code == 302
    account = PortAccount.objects.get()
    assert (account.customs_code, account.guarantee_fen) == ("3105", 10_000_000)
    assert signer_of(account).number == "0001"
    assert account.site_certificate == FORM["site_certificate"]
    shown = client.get(page(shop)).content.decode()
    assert ("BEGIN PRIVATE KEY" in shown, "申报地海关代码" in shown) == (False, True)


def test_the_account_of_a_district_is_replaced_by_what_is_told_anew(client, shop):
    enter(client, rows.operator("owner", shop))
    client.post(page(shop), FORM)
    assert client.post(page(shop), MACHINE).status_code == 302
    account = PortAccount.objects.get()
    assert (account.signer, bytes(account.key_sealed), account.certificate) == ("machine", b"", "")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"certificate": certificate(make.rsa_key("other"))}, "certificate 无法使用"),
        ({"key": ""}, "须填写此项"),
        ({"signer": "machine"}, "须填写此项"),
        ({"transport": "folder"}, "须填写此项"),
        ({"transport": "broker"}, "须填写此项"),
        ({"traffic": "?"}, "口岸账户填写有误"),
        ({"site_certificate": "TUlJ"}, "监管场所证书无法使用"),
    ],
)
def test_what_cannot_sign_or_go_is_told_and_nothing_is_kept(client, shop, changes, told):
    enter(client, rows.operator("owner", shop))
    assert told in client.post(page(shop), {**FORM, **changes}, follow=True).content.decode()
    assert not PortAccount.objects.exists()


def test_an_owner_names_a_folder_of_ports_clients_and_no_other_boxes(client, shop, settings, tmp_path):
    enter(client, rows.operator("owner", shop))
    settings.PORT_FOLDERS = str(tmp_path / "ports")

    def kept(folder, **changes):
        PortAccount.objects.filter(storefront=shop).delete()
        client.post(page(shop), {**FORM, "transport": "folder", "folder": folder, **changes})
        return [*PortAccount.objects.filter(storefront=shop).values_list("folder", flat=True)]

    theirs = str(tmp_path / "ports" / "theirs")
    assert kept("theirs") == [theirs] == kept(f"{theirs}/../theirs/")
    PortAccount.objects.update(storefront=make.storefront("swift"))
    for folder in (
        "theirs",
        "theirs/receive",
        f"{theirs}/../theirs",
        "..",
        ".",
        "/",
        str(tmp_path),
        "../ports2",
    ):
        assert kept(folder, dxp_id="DXPENT0000099999") == [], folder
    assert kept("theirs") == [theirs]  # the same box, as one declaring enterprise has it
    assert kept("ours", dxp_id="DXPENT0000099999") == [str(tmp_path / "ports" / "ours")]
    settings.PORT_FOLDERS = ""
    assert kept("ours") == []


@pytest.mark.parametrize("role", ["customer_service", "finance", "auditor"])
def test_others_do_not_reach_the_keys(client, shop, role):
    enter(client, rows.operator("other", shop, role))
    assert client.post(page(shop), FORM).status_code == 403
    assert not PortAccount.objects.exists()


def test_a_machine_that_was_mended_is_asked_again_by_a_button(client, shop):
    enter(client, rows.operator("owner", shop))
    client.post(page(shop), MACHINE)
    PortAccount.objects.update(machine_refused="Err:Custom50011")
    account = PortAccount.objects.get()
    url = reverse("admin:customs_portaccount_changelist")
    client.post(url, {"action": "again", "_selected_action": [account.pk]})
    account.refresh_from_db()
    assert account.machine_refused == ""
