"""A signing machine signs what clears; one that refuses is asked no more; folders carry as HTTP does."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection

from customs.gateways.signing_machine import MachineRefused, SigningMachine
from customs.models import PortAccount, PortMessage
from customs.services.accounts import AccountWrong, Secret, Terms, again, set_account
from customs.services.keys import set_key, set_machine
from kernel.gateways import Unreachable
from kernel.models import Case, Event
from storefronts.services.opening import BadKey
from tests import make
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_at_the_port import ready, registered, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def enterprise(wechat, world, settings):
    """The storefront's account at the port, and what the port gave its enterprise."""
    account, told = registered(wechat, world, settings)
    return account, told


def card(wechat, told, method: str) -> str:
    """Put the card of this method into the machine; its number."""
    number = next(one["number"] for one in told["certificates"] if one["method"] == method)
    wechat.control("card", number=number, choose=True, unlock=True, out=False)
    return str(number)


def terms(told, **changes) -> Terms:
    return Terms(
        **{
            "customs_code": "3105",
            "port_code": "3104",
            "traffic": "Y",
            "dxp_id": told["dxp_id"],
            "guarantee_fen": 10_000_000,
            **changes,
        }
    )


@pytest.mark.parametrize("method", ["rsa-sha1", "sm2-sm3"])
def test_an_order_clears_that_a_card_in_the_machine_signs(wechat, world, enterprise, method):
    account, told = enterprise
    number = card(wechat, told, method)
    set_machine(account=account, password=told["machine"]["password"])
    order, at = ready(wechat, world)
    until(order, at, "released", "closed")
    for message in PortMessage.objects.exclude(after=b""):
        assert f"<ds:KeyName>{number}</ds:KeyName>".encode() in bytes(message.after)
    account.refresh_from_db()
    assert bytes(account.key_sealed) == b""


def test_a_machine_tells_method_and_certificate_of_its_card(wechat, enterprise):
    _, told = enterprise
    for one in told["certificates"]:
        card(wechat, told, one["method"])
        machine = SigningMachine(wechat.url, told["machine"]["password"])
        assert (machine.method, machine.certificate) == (one["method"], one["certificate"])
        machine.sign("清单".encode())
        assert machine.number == one["number"]


def test_a_wrong_password_is_tried_once_and_a_person_lets_it_go_on(wechat, world, enterprise):
    """Three tries would lock the card for good, and many messages wait."""
    account, told = enterprise
    number = card(wechat, told, "rsa-sha1")
    set_machine(account=account, password="11111111")
    order, at = ready(wechat, world)
    at = ports.go_on(at, 12)
    account.refresh_from_db()
    assert "50011" in account.machine_refused
    case = Case.objects.get(kind="customs.machine_refused", state="open")
    assert case.facts["why"] == account.machine_refused
    assert wechat.control("card", number=number) == {"locked": False, "out": False}
    assert PortMessage.objects.filter(sent_at=None).exists()
    assert declaration(order).state == "documents"

    by = "owner"
    set_account(
        storefront=world.shop,
        terms=terms(told),
        secret=Secret("machine", told["machine"]["password"]),
        by=by,
        now=at,
    )
    assert not Case.objects.filter(kind="customs.machine_refused", state="open").exists()
    until(order, at + timedelta(minutes=2), "released", "closed")
    assert Event.objects.get(name="portaccount.set").facts == {
        "by": by,
        "district": "3105",
        "signer": "machine",
    }


def test_a_card_that_is_put_in_again_signs_by_itself(wechat, world, enterprise):
    account, told = enterprise
    number = card(wechat, told, "rsa-sha1")
    set_machine(account=account, password=told["machine"]["password"])
    wechat.control("card", number=number, out=True)
    order, at = ready(wechat, world)
    at = ports.go_on(at, 3)
    account.refresh_from_db()
    assert account.machine_refused == ""
    wechat.control("card", number=number, out=False)
    until(order, at + timedelta(minutes=30), "released", "closed")


def test_a_locked_card_waits_until_someone_says_that_it_is_mended(wechat, world, enterprise):
    account, told = enterprise
    number = card(wechat, told, "rsa-sha1")
    for _ in range(3):
        with pytest.raises(MachineRefused):
            SigningMachine(wechat.url, "0").sign(b"-")
    set_machine(account=account, password=told["machine"]["password"])
    order, at = ready(wechat, world)
    at = ports.go_on(at, 3)
    account.refresh_from_db()
    assert "50012" in account.machine_refused
    wechat.control("card", number=number, unlock=True)
    at = ports.go_on(at + timedelta(hours=1), 3)
    assert declaration(order).state == "documents"
    again(account=account, by="owner", now=at)
    until(order, at + timedelta(minutes=30), "released", "closed")


def test_what_is_no_machine_is_unreachable(wechat, enterprise, free_tcp_port):
    for address in (f"http://127.0.0.1:{free_tcp_port}", f"{wechat.url}/card/ZZ"):
        with pytest.raises(Unreachable) as told:
            _ = SigningMachine(address, "1").certificate
        assert told.value.code in ("upstream_unreachable", "signing_machine_refused")


def test_an_order_clears_by_the_folders_of_the_ports_client(wechat, world, enterprise, tmp_path, settings):
    settings.PORT_FOLDERS = str(tmp_path)
    _, told = enterprise
    one = next(one for one in told["certificates"] if one["method"] == "sm2-sm3")
    folder = tmp_path / "client"
    set_account(
        storefront=world.shop,
        terms=terms(told, transport="folder", folder=str(folder)),
        secret=Secret(one["method"], one["private_key"], one["number"], one["certificate"]),
        by="owner",
        now=make.present(),
    )
    wechat.control("port_folder", dxp_id=told["dxp_id"], folder=str(folder))
    try:
        order, at = ready(wechat, world)
        for _ in range(100):
            at = ports.go_on(at)
            if declaration(order).state in ("released", "closed"):
                break
            time.sleep(0.1)
        assert declaration(order).state in ("released", "closed")
    finally:
        wechat.control("port_folder", dxp_id=told["dxp_id"], folder="")
    assert list((folder / "send").iterdir()) == []
    assert len(list((folder / "received").glob("*.xml"))) >= 3


def test_a_folder_that_is_away_loses_nothing(wechat, world, enterprise, tmp_path):
    account, _ = enterprise
    away = tmp_path / "away"
    away.write_text("a file is no folder")
    PortAccount.objects.filter(pk=account.pk).update(transport="folder", folder=str(away))
    _, at = ready(wechat, world)
    at = ports.go_on(at, 3)
    assert PortMessage.objects.get().sent_at is None
    away.unlink()
    ports.go_on(at + timedelta(minutes=2), 2)
    assert PortMessage.objects.get().sent_at is not None
    assert [path.suffix for path in (away / "send").iterdir()] == [".xml"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"customs_code": "31"}, "port_account_wrong"),
        ({"traffic": "yy"}, "port_account_wrong"),
        ({"transport": "pigeon"}, "port_account_wrong"),
        ({"transport": "folder"}, "port_account_wrong"),
        ({"guarantee_fen": -1}, "port_account_wrong"),
        ({"batch": 101}, "port_account_wrong"),
        ({"dxp_id": ""}, "port_account_wrong"),
    ],
)
def test_terms_that_cannot_be_are_told_and_nothing_is_kept(world, enterprise, changes, said):
    _, told = enterprise
    before = list(PortAccount.objects.values())
    with pytest.raises(AccountWrong) as fault:
        set_account(
            storefront=world.shop,
            terms=terms(told, **changes),
            secret=Secret("machine", "1"),
            by="owner",
            now=make.present(),
        )
    assert fault.value.code == said
    assert list(PortAccount.objects.values()) == before


def test_a_certificate_is_of_its_key_or_refused(world, enterprise):
    account, told = enterprise
    rsa, sm2 = told["certificates"]
    for one, other in ((rsa, sm2), (sm2, rsa)):
        for certificate in (other["certificate"], "", "%%%"):
            with pytest.raises(BadKey):
                set_key(
                    account=account,
                    method=one["method"],
                    secret=one["private_key"],
                    number=one["number"],
                    certificate=certificate,
                )
    pem = f"-----BEGIN CERTIFICATE-----\n{rsa['certificate']}\n-----END CERTIFICATE-----\n"
    made = set_key(
        account=account, method=rsa["method"], secret=rsa["private_key"], number="1", certificate=pem
    )
    assert made.certificate == rsa["certificate"]


def test_the_key_rests_sealed(enterprise):
    account, told = enterprise
    one = told["certificates"][1]
    set_key(
        account=account,
        method=one["method"],
        secret=one["private_key"],
        number=one["number"],
        certificate=one["certificate"],
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM customs_portaccount p WHERE id = %s", [account.pk])
        (row,) = cursor.fetchone()
    assert one["private_key"] not in row
    assert one["private_key"].encode().hex() not in row
