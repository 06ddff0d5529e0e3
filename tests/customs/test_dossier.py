"""The dossier of an order: complete, of this order alone, sealed, checked to the byte, and on record."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from compliance import vault
from compliance.models import Access, DataKey, Disclosure
from customs.ceb.read import parse
from customs.dossier.sealed import Unopened, opened, seal
from customs.models import (
    ConsignedParcel,
    Consignment,
    Filing,
    PortAccount,
    PortMessage,
    PortReceipt,
    WarehouseEntry,
)
from customs.services.dossier import (
    DossierForWhom,
    DossierUnpaid,
    DossierUnreadable,
    Recipient,
    check_dossier,
    make_dossier,
    new_password,
)
from customs.services.viewing import view_filing, view_receipt
from customs.signing.envelope import verify
from customs.signing.keys import RsaVerifier
from kernel.clock import shanghai_day
from kernel.errors import Missing
from kernel.models import Event
from logistics.models import Parcel
from payments.models import PaymentOriginal
from payments.services.originals import open_original
from tests import make
from tests.customs import port as ports
from tests.customs.port import waybill
from tests.customs.test_declaring import LIST_NO, answer, listed, port, ready  # noqa: F401
from tests.customs.test_taxes import sheet, taken
from tests.operators import rows
from tests.payments.declaring import go_on as pay_on
from tests.payments.declaring import paid
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"
CUSTOMS = Recipient("customs", "宁波海关")
GUID = "[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"
PURPOSE = "宁波海关核查函 2026-118"
ALWAYS = [
    "index.html",
    "manifest.json",
    "order.json",
    "judgements.json",
    "allowance.json",
    "notices.json",
    "consents.json",
    "payments.json",
    "refunds.json",
    "parcels.json",
    "customs.json",
]
RECORDS = ["disclosures.json", "accesses.json", "events.json", "cases.json", "SHA256SUMS"]


@pytest.fixture
def officer(world):
    return rows.operator("guan", world.shop, "compliance")


@pytest.fixture
@step
def released(port, ready):  # noqa: F811
    """An order that customs released, with its tax sheet, and when."""
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    answer(port, order, at + timedelta(seconds=3), "800", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=9), 2)
    assert taken(at, sheet(order, at)) == ["taken"]
    order.refresh_from_db()
    return order, at


def made(order, officer, at, **changes):
    told = {"purpose": PURPOSE, "recipient": CUSTOMS, "password": PASSWORD, **changes}
    return make_dossier(number=order.number, by=officer, now=at, **told)


def read(files, name):
    return json.loads(files[name])


def test_it_holds_all_that_proves_the_order_and_nothing_is_sealed_in_it(port, released, officer):  # noqa: F811
    order, at = released
    dossier = made(order, officer, at)
    files = opened(dossier.content, PASSWORD)
    assert [name for name in files if name.startswith("payments/")] == [
        f"payments/{order.out_trade_no}.request.txt",
        f"payments/{order.out_trade_no}.response.txt",
    ]
    assert order.out_trade_no.encode() in files[f"payments/{order.out_trade_no}.request.txt"]
    xml = [name for name in files if name.startswith(("customs/", "payments/"))]
    assert [name for name in files if name not in xml] == [*ALWAYS, *RECORDS]
    assert [re.sub(GUID, "GUID", name) for name in xml if name.startswith("customs/")] == [
        "customs/documents/01-order.xml",
        "customs/documents/04-list.xml",
        "customs/messages/CEB311Message-GUID.xml",
        "customs/messages/CEB621Message-GUID.xml",
        "customs/receipts/01-CEB312Message-120.xml",
        "customs/receipts/02-CEB512Message-120.xml",
        "customs/receipts/03-CEB622Message-120.xml",
        "customs/receipts/04-CEB622Message-800.xml",
        "customs/receipts/05-CEB816Message-1.xml",
    ]
    assert dossier.files == len(files)
    key = vault.unwrap(order.key)
    buyer = key.open("orders.order.buyer_name", order.number, bytes(order.buyer_name_sealed))
    persons = read(files, "order.json")["persons"]
    assert (persons["buyer_name"], persons["buyer_number"][:6]) == (buyer, "110105")
    declare = next(one for one in read(files, "judgements.json") if one["moment"] == "checkout")
    assert (declare["allowed"], bool(declare["facts"]), bool(declare["rules"])) == (True, True, True)
    assert all(one["source"]["document"] for one in declare["rules"])
    notice = read(files, "notices.json")["risk_notice"]
    assert (notice["hash"], bool(notice["text"]["zh"])) == (order.notice_hash, True)
    [payment] = read(files, "payments.json")["payments"]
    assert (payment["transaction_id"], payment["amount_fen"]) == (order.transaction_id, order.total_fen)
    [parcel] = read(files, "parcels.json")["parcels"]
    assert parcel["waybill"] == "SF1000000000001"
    customs = read(files, "customs.json")
    assert (customs["declaration"]["list_no"], len(customs["tax_sheets"])) == (LIST_NO["invtNo"], 1)
    assert {one["recipient_kind"] for one in read(files, "disclosures.json")} >= {"customs", "payment"}
    assert "customs.released" in {one["name"] for one in read(files, "events.json")}
    assert buyer in files["index.html"].decode()


def test_messages_are_those_that_were_sent_and_their_signatures_hold(port, released, officer):  # noqa: F811
    order, at = released
    files = opened(made(order, officer, at).content, PASSWORD)
    whole = [content for name, content in files.items() if name.startswith("customs/messages/")]
    assert whole == port.sent
    for raw in whole:
        verify(parse(raw), {"0001": RsaVerifier(ports.KEY.public_key())}.get)


def test_another_orders_documents_in_the_same_message_stay_out(world, wechat, port, officer):  # noqa: F811
    ports.account(world)
    mine, other = paid(wechat, world).order, paid(wechat, world).order
    waybill(mine)
    waybill(other, "SF1000000000002")
    at = ports.go_on(pay_on(2), 2)
    assert PortMessage.objects.get().filings.count() == 2
    mine.refresh_from_db()
    files = opened(made(mine, officer, at).content, PASSWORD)
    names = [re.sub(GUID, "GUID", name) for name in files if name.startswith("customs/messages/")]
    assert names == [
        "customs/messages/CEB311Message-GUID.before.xml",
        "customs/messages/CEB311Message-GUID.after.xml",
    ]
    everything = b"".join(files.values())
    assert (mine.out_trade_no.encode() in everything, other.out_trade_no.encode() in everything) == (
        True,
        False,
    )
    assert b"SF1000000000002" not in everything


def test_the_bill_it_came_in_by_is_in_it_and_no_word_from_outside_names_a_file(released, officer):
    order, at = released
    shop = {"storefront": order.storefront}
    account = PortAccount.objects.get()
    voyage = {"bill_no": "MAWB-1", "voyage_no": "CX831", "traffic_no": "B-KPA"}
    bill = Consignment.objects.create(
        account=account, port_code="3104", arrives_on=shanghai_day(at), opened_at=at, **voyage, **shop
    )
    mine, other = "SF1000000000001", "SF1000000000009"
    ConsignedParcel.objects.create(
        consignment=bill, parcel=Parcel.objects.get(), waybill=mine, put_on_at=at, **shop
    )
    WarehouseEntry.objects.create(
        account=account, cop_no="RK1", waybills=[mine, other], received_at=at, **voyage, **shop
    )
    PortReceipt.objects.filter(name="CEB816Message").update(status="../x")
    files = opened(made(order, officer, at).content, PASSWORD)
    [came] = read(files, "customs.json")["came_in"]
    assert (came["bill"]["bill_no"], [one["waybills"] for one in came["entries"]]) == ("MAWB-1", [[mine]])
    assert [name for name in files if not re.fullmatch("[A-Za-z0-9/.-]+", name) or ".." in name] == []
    assert other.encode() not in b"".join(files.values())


def test_the_sums_are_those_of_the_files_and_the_digest_is_on_record(released, officer):
    order, at = released
    dossier = made(order, officer, at)
    files = opened(dossier.content, PASSWORD)
    told = [line.split("  ") for line in files["SHA256SUMS"].decode().splitlines()]
    assert [name for _, name in told] == [name for name in files if name != "SHA256SUMS"]
    assert [hashlib.sha256(files[name]).hexdigest() for _, name in told] == [sum for sum, _ in told]
    assert dossier.digest == hashlib.sha256(files["SHA256SUMS"]).hexdigest()
    assert {one["path"]: one["sha256"] for one in read(files, "manifest.json")["files"]}.items() <= {
        name: sum for sum, name in told
    }.items()
    event = Event.objects.get(name="dossier.made")
    assert event.key == order.event_key
    assert event.facts == {
        "by": "guan",
        "recipient": "宁波海关",
        "digest": dossier.digest,
        "files": dossier.files,
    }
    assert check_dossier(raw=dossier.content, password=PASSWORD) == []


def test_what_is_opened_and_to_whom_it_goes_leaves_its_rows(released, officer):
    order, at = released
    made(order, officer, at)
    looks = Access.objects.filter(who="guan", purpose=PURPOSE)
    counted = {what: looks.filter(what=what).count() for what in set(looks.values_list("what", flat=True))}
    assert counted["orders.order.buyer_number"] == 1
    assert (counted["customs.filing.body"], counted["customs.portreceipt.raw"]) == (2, 5)
    row = Disclosure.objects.get(purpose="dossier")
    assert (row.subject_id, row.order_number, row.recipient_kind, row.recipient, row.basis) == (
        order.subject_id,
        order.number,
        "customs",
        "宁波海关",
        "law",
    )
    assert "buyer_number" in row.fields


def test_whoever_opened_anything_of_the_order_before_and_what_it_held_of_the_year_is_told(released, officer):
    order, at = released
    before = set(Access.objects.values_list("who", "what", "ref"))
    filing = Filing.objects.select_related("declaration__order__key").get(kind="list")
    view_filing(filing=filing, who="ann", purpose="核对", now=at)
    receipt = PortReceipt.objects.filter(filing=filing).earliest("id")
    view_receipt(receipt=receipt, who="bea", purpose="核对", now=at)
    original = PaymentOriginal.objects.get(payment__order=order)
    open_original(payment=original.payment, who="cleo", purpose="核对", now=at)
    files = opened(made(order, officer, at).content, PASSWORD)
    told = [(one["who"], one["what"], one["ref"]) for one in read(files, "accesses.json")]
    assert set(told) - before == {
        ("ann", "customs.filing.body", str(filing.public_id)),
        ("bea", "customs.portreceipt.raw", str(receipt.public_id)),
        ("cleo", "payments.paymentoriginal.request", str(original.public_id)),
        ("cleo", "payments.paymentoriginal.response", str(original.public_id)),
    }
    assert {one for one in before if one[2] == str(filing.public_id)} <= set(told)
    held = [
        (one["kind"], one["measure"], one["year"], one["amount"]) for one in read(files, "allowance.json")
    ]
    assert held == [("reserve", "value", 2026, 20_000), ("use", "value", 2026, 20_000)]


def test_the_same_order_gives_the_same_dossier(released, officer):
    order, at = released
    digests = []
    for _ in range(2):
        with transaction.atomic():
            digests.append(made(order, officer, at).digest)
            transaction.set_rollback(True)
    assert digests[0] == digests[1]
    assert not Event.objects.filter(name="dossier.made").exists()


def tampered(files, **changes):
    return seal({**files, **changes}, PASSWORD, make.NOW)


def test_whatever_is_changed_in_it_is_found(released, officer):
    order, at = released
    dossier = made(order, officer, at)
    files = opened(dossier.content, PASSWORD)
    other = tampered(files, **{"refunds.json": b"[1]"})
    assert check_dossier(raw=other, password=PASSWORD) == ["refunds.json was changed"]
    less = {name: content for name, content in files.items() if name != "cases.json"}
    assert check_dossier(raw=tampered(less), password=PASSWORD) == ["cases.json is missing"]
    assert check_dossier(raw=tampered(files, more=b""), password=PASSWORD) == ["more is not in SHA256SUMS"]
    sums = files["SHA256SUMS"].replace(b"cases.json", b"other.json")
    made_anew = tampered({**less, "other.json": files["cases.json"]}, SHA256SUMS=sums)
    assert check_dossier(raw=made_anew, password=PASSWORD) == ["this house made no dossier of this digest"]


@pytest.mark.parametrize("place", [200, -400, 5000])
def test_a_byte_that_is_changed_under_the_seal_is_found_before_anything_is_read(released, officer, place):
    order, at = released
    raw = bytearray(made(order, officer, at).content)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        first = archive.infolist()[0]
    at_byte = first.header_offset + 30 + len(first.filename) + 11 + (place % first.compress_size)
    raw[at_byte] ^= 1
    with pytest.raises(Unopened, match=r"index\.html was changed|the password is another"):
        check_dossier(raw=bytes(raw), password=PASSWORD)
    with pytest.raises(Unopened):
        check_dossier(raw=b"PK no zip", password=PASSWORD)


def test_with_another_password_nothing_opens(released, officer):
    order, at = released
    raw = made(order, officer, at).content
    with pytest.raises(Unopened, match="password"):
        opened(raw, new_password())
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert {one.compress_type for one in archive.infolist()} == {99}
    assert order.number.encode() not in raw


def test_a_password_has_125_bits_and_is_another_each_time():
    first, second = new_password(), new_password()
    assert re.fullmatch("(?:[A-Z2-7]{5}-){4}[A-Z2-7]{5}", first)
    assert first != second


def test_only_an_owner_or_officer_of_its_own_storefront_gets_it(released, world):
    order, at = released
    swift = make.storefront("swift")
    for name, shop, role in [
        ("stranger", swift, "owner"),
        ("fei", world.shop, "finance"),
        ("aud", world.shop, "auditor"),
    ]:
        with pytest.raises(Missing):
            made(order, rows.operator(name, shop, role), at)
    gone = rows.operator("gone", world.shop, "owner", is_active=False)
    with pytest.raises(Missing):
        made(order, gone, at)
    assert Disclosure.objects.filter(purpose="dossier").count() == 0
    assert made(order, rows.operator("olga", world.shop, "owner"), at).files > 20
    assert made(order, rows.operator("root", is_superuser=True), at).files > 20


def test_it_goes_to_somebody_for_a_purpose_and_only_of_what_was_paid(world, released, officer):
    order, at = released
    with pytest.raises(DossierForWhom):
        made(order, officer, at, purpose=" ")
    with pytest.raises(DossierForWhom):
        made(order, officer, at, purpose="x" * 201)
    with pytest.raises(DossierForWhom):
        made(order, officer, at, recipient=Recipient("authority", ""))
    with pytest.raises(DossierUnpaid):
        made(make.order(world.alice, ("IR-1", 1)), officer, at)
    with pytest.raises(Missing):
        make_dossier(number="none", by=officer, purpose=PURPOSE, recipient=CUSTOMS, password=PASSWORD, now=at)


def test_once_its_key_is_destroyed_it_says_so_and_leaves_nothing(released, officer):
    order, at = released
    DataKey.objects.filter(pk=order.key_id).update(destroy_on=shanghai_day(at))  # its day has come
    assert vault.destroy_key(key_id=order.key_id, now=at)
    with pytest.raises(DossierUnreadable):
        made(order, officer, at)
    assert not Event.objects.filter(name="dossier.made").exists()


def test_the_command_writes_it_and_checks_it(released, officer, tmp_path, monkeypatch):
    order, _ = released
    out, said = tmp_path / "dossier.zip", StringIO()
    asked = [order.number, "--out", str(out), "--by", "guan", "--purpose", PURPOSE, "--for", "宁波海关"]
    call_command("dossier", *asked, "--customs", stdout=said)
    password = said.getvalue().split("password: ")[1].strip()
    assert out.stat().st_mode & 0o777 == 0o600
    assert "order.json" in opened(out.read_bytes(), password)
    with pytest.raises(CommandError, match="is there already"):
        call_command("dossier", *asked)
    monkeypatch.setenv("DOSSIER_PASSWORD", password)
    told = StringIO()
    call_command("dossier", check=out, stdout=told)
    assert told.getvalue() == "as it was made here\n"
    monkeypatch.setenv("DOSSIER_PASSWORD", "another")
    with pytest.raises(CommandError, match="password"):
        call_command("dossier", check=out)
    with pytest.raises(CommandError, match="no such operator"):
        call_command("dossier", order.number, "--out", str(tmp_path / "x"), "--by", "nobody")
    with pytest.raises(CommandError, match="say which order"):
        call_command("dossier")
