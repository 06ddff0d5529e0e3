"""Every message of the specification is written and read without loss, or it is said why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from customs.ceb.message import Fault, Message, MessageInvalid, Value, faults
from customs.ceb.read import Unreadable, read
from customs.ceb.tables import NAMESPACE, TRANSFER, entities, meanings, shapes
from customs.ceb.write import to_bytes, write
from tests.customs.ceb import messages, plain

NAMES = sorted(shapes())
ORDER, LIST = "CEB311Message", "CEB621Message"


def test_all_messages_of_the_import_side_are_known() -> None:
    numbers = 311, 312, 411, 412, 511, 512, 513, 514, 621, 622, 623, 624, 625, 626, 711, 712, 816, 818, 900
    assert [f"CEB{number}Message" for number in numbers] == NAMES


def test_each_message_names_who_signs_it_by_law() -> None:
    sent = {name: shape.sender for name, shape in shapes().items() if shape.sender != "customs"}
    assert sent == {
        "CEB311Message": "house",
        "CEB411Message": "payment_firm",
        "CEB511Message": "carrier",
        "CEB513Message": "carrier",
        "CEB621Message": "house",
        "CEB623Message": "house",
        "CEB625Message": "house",
        "CEB711Message": "site",
    }


def test_every_element_has_a_meaning_and_every_entity_a_message() -> None:
    elements = {field.name for fields in entities().values() for field in fields}
    assert elements == set(meanings())
    used = {part for shape in shapes().values() for part in (shape.head, shape.lines) if part}
    assert used | {"BaseTransfer", "BaseSubscribe"} == set(entities())
    assert {shape.answer for shape in shapes().values()} - {""} < set(shapes())


@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_what_is_written_is_read_back_the_same(name: str, data: st.DataObject) -> None:
    message = data.draw(messages(name))
    assert read(to_bytes(write(message))) == message


def test_an_order_message_stands_as_customs_wants_it() -> None:
    root = etree.fromstring(to_bytes(write(plain(ORDER))))
    assert root.tag == f"{{{NAMESPACE}}}CEB311Message"
    assert dict(root.attrib) == {"guid": "00000000-0000-0000-0000-000000000000", "version": "1.0"}
    assert [etree.QName(child).localname for child in root] == ["Order", "BaseTransfer"]
    head = root[0][0]
    assert [etree.QName(child).localname for child in head] == [one.name for one in entities()["OrderHead"]]
    texts = {etree.QName(child).localname: child.text for child in head}
    assert texts["appTime"] == "20261127100304"  # in China it is eight hours later
    assert texts["goodsValue"] == "1.5"


def test_a_receipt_has_milliseconds() -> None:
    raw = to_bytes(write(plain("CEB622Message")))
    assert b"<ceb:returnTime>20261127100304007</ceb:returnTime>" in raw


def changed(message: Message, **values: Value | None) -> Message:
    head = {name: value for name, value in (message.documents[0].head | values).items() if value is not None}
    return replace(message, documents=(replace(message.documents[0], head=head),))


@pytest.mark.parametrize(
    ("element", "value", "what"),
    [
        ("orderNo", None, "is missing"),
        ("orderNo", "", "is missing"),
        ("orderNo", "9" * 61, "has 61 characters, not 1 to 60"),
        ("currency", "14", "has 2 characters, not 3"),
        ("currency", "156", "is none of 142"),
        ("buyerIdType", "2", "is none of 1"),
        ("appType", "4", "is none of 1, 2, 3"),
        ("guid", "0c7b9b2e-9c5a-4a63-8d3c-2f6a1a0a6f11", "is not 36 characters in capitals"),
        ("buyerName", "王\x00丽", "has a character that XML cannot carry"),
        ("buyerName", "王\ud800丽", "has a character that XML cannot carry"),
        ("goodsValue", "1.5", "is no decimal"),
        ("goodsValue", True, "is no decimal"),
        ("goodsValue", Decimal("NaN"), "is no number"),
        ("goodsValue", Decimal("0.000001"), "has more than 5 decimals or 19 digits"),
        ("goodsValue", Decimal(10**19), "has more than 5 decimals or 19 digits"),
        ("goodsValue", Decimal("123456789012345.67891"), "has more than 5 decimals or 19 digits"),
        ("appTime", datetime(2026, 1, 1), "has no time zone"),
        ("appTime", "20260101000000", "is no moment"),
        ("orderNumber", "1", "is no element of this document"),
    ],
)
def test_what_customs_would_refuse_is_said_by_element(element: str, value: Value | None, what: str) -> None:
    message = changed(plain(ORDER), **{element: value})
    assert list(faults(message)) == [Fault(f"Order[1]/OrderHead/{element}", what)]
    with pytest.raises(MessageInvalid):
        write(message)


def test_a_refusal_never_shows_the_value() -> None:
    message = changed(plain(ORDER), buyerIdNumber="11010519491231002X" * 4)
    with pytest.raises(MessageInvalid) as refused:
        write(message)
    assert "1101" not in str(refused.value.facts())
    assert refused.value.faults == [
        {"where": "Order[1]/OrderHead/buyerIdNumber", "what": "has 72 characters, not 1 to 60"}
    ]


def test_a_message_has_no_more_documents_and_lines_than_allowed() -> None:
    message = plain(LIST)
    document = message.documents[0]
    assert list(faults(replace(message, documents=(document,) * 100))) == []
    assert list(faults(replace(message, documents=(document,) * 101))) == [
        Fault("documents", "1 to 100, not 101")
    ]
    assert list(faults(replace(message, documents=()))) == [Fault("documents", "1 to 100, not 0")]
    long = replace(document, lines=document.lines * 100)
    assert list(faults(replace(message, documents=(long,)))) == [
        Fault("Inventory[1]/InventoryList", "1 to 99, not 100")
    ]
    bare = replace(message, documents=(replace(document, lines=()),))
    assert list(faults(bare)) == [Fault("Inventory[1]/InventoryList", "1 to 99, not 0")]


def test_a_warehouse_entry_has_as_many_waybills_as_came() -> None:
    message = plain("CEB711Message")
    document = message.documents[0]
    many = replace(message, documents=(replace(document, lines=document.lines * 500),))
    assert len(read(to_bytes(write(many))).documents[0].lines) == 500


def test_a_message_without_who_transmits_it_is_not_written() -> None:
    found = list(faults(replace(plain(ORDER), transfer=None)))
    assert [fault.where for fault in found] == [
        f"{TRANSFER}/{name}" for name in ("copCode", "copName", "dxpMode", "dxpId")
    ]
    receipt = replace(plain("CEB312Message"), transfer=plain(ORDER).transfer)
    assert list(faults(receipt)) == [Fault(TRANSFER, "has no place in this message")]


def test_elements_of_a_later_edition_are_passed_over() -> None:
    root = write(plain("CEB622Message"))
    etree.SubElement(root[0], f"{{{NAMESPACE}}}newElement").text = "later"
    etree.SubElement(root, f"{{{NAMESPACE}}}NewEntity").text = "later"
    assert read(to_bytes(root)) == plain("CEB622Message")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no XML"),
        (b"<a>", "no XML"),
        (b"<a/>", "the outermost element is no message of the specification"),
        (
            b'<CEB622Message guid="" version="1.0"/>',
            "the outermost element is no message of the specification",
        ),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]><a xmlns="http://www.chinaport.gov.cn/ceb">&b;</a>',
            "a document type has no place in a message",
        ),
        (
            b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
            "a document type has no place in a message",
        ),
    ],
)
def test_what_is_no_message_is_said(raw: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(raw)


@pytest.mark.parametrize(
    ("name", "element", "text", "why"),
    [
        ("CEB622Message", "returnTime", "20261327100304007", "InventoryReturn/returnTime is no instant"),
        ("CEB622Message", "returnTime", "2026112710030400", "InventoryReturn/returnTime is no instant"),
        ("CEB816Message", "customsTax", "1e9", "TaxHeadRd/customsTax is no decimal"),
        ("CEB816Message", "customsTax", "１.５", "TaxHeadRd/customsTax is no decimal"),
        ("CEB621Message", "declTime", "20260230", "InventoryHead/declTime is no day"),
        ("CEB621Message", "packNo", "1.0", "InventoryHead/packNo is no whole"),
    ],
)
def test_a_value_that_is_none_is_said_by_its_element(name: str, element: str, text: str, why: str) -> None:
    root = write(plain(name))
    found = root.find(f".//{{{NAMESPACE}}}{element}")
    assert found is not None
    found.text = text
    with pytest.raises(Unreadable, match=why) as told:
        read(to_bytes(root))
    assert text not in str(told.value)


def test_a_time_of_a_receipt_is_of_china() -> None:
    told = read(to_bytes(write(plain("CEB622Message")))).documents[0].head["returnTime"]
    assert told == datetime(2026, 11, 27, 2, 3, 4, 7000, tzinfo=UTC)
