"""A screen shows every element of a message by its meaning, and nobody's name, number or address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from customs.ceb.masked import HIDDEN, Line, hidden, shown, words
from customs.ceb.message import Message
from customs.ceb.read import Unreadable, fragments
from customs.ceb.tables import entities, meanings, shapes
from customs.ceb.write import body, to_bytes, write
from tests.customs.ceb import plain

NAMES = sorted(shapes())
SECRETS = {
    "name": "欧阳娜娜",
    "number": "11010519491231002X",
    "phone": "13812341234",
    "address": "世纪大道 1 号 501 室",
    "id": "01990000-0000-7000-8000-0000000000aa",
    "text": "欧阳娜娜 11010519491231002X 13812341234 世纪大道",
    "whole": "<xml>欧阳娜娜</xml>",
}
TELLING = ("欧阳", "娜娜", "11010519491231002X", "19491231", "13812341234", "世纪", "大道", "501", "0000aa")


def of_persons(name: str) -> Message:
    """The message with somebody's data in each element that may hold some."""
    message = plain(name)

    def told(values):
        return values | {
            element: SECRETS[meanings()[element].personal]
            for element in values
            if meanings()[element].personal
        }

    documents = tuple(
        replace(one, head=told(one.head), lines=tuple(map(told, one.lines))) for one in message.documents
    )
    return replace(message, documents=documents)


@pytest.mark.parametrize("name", NAMES)
def test_no_element_that_may_tell_of_a_person_is_shown_unmasked(name, monkeypatch):
    monkeypatch.setattr("customs.ceb.write.demand", lambda message: None)  # some are longer than allowed
    message = of_persons(name)
    shape = message.shape
    parts = [
        part
        for document in message.documents
        for raw in fragments(write(replace(message, documents=(document,))))
        for part in shown(name, raw)
    ]
    assert [part.entity for part in parts] == [shape.head] + [shape.lines] * bool(shape.lines)
    lines = [line for part in parts for line in part.lines]
    assert {line.element for line in lines} == {
        field.name for part in (shape.head, shape.lines) if part for field in entities()[part]
    }
    text = "\n".join(line.value for line in lines)
    assert [telling for telling in TELLING if telling in text] == []


def test_the_elements_that_tell_of_a_person_are_named_one_by_one():
    """A new element is looked at here before it is ever shown."""
    assert {name: meaning.personal for name, meaning in meanings().items() if meaning.personal} == {
        "buyerIdNumber": "number",
        "buyerName": "name",
        "buyerRegNo": "id",
        "buyerTelephone": "phone",
        "consignee": "name",
        "consigneeAddress": "address",
        "consigneeTelephone": "phone",
        "note": "text",
        "oriBizMessage": "whole",
        "payerIdNumber": "number",
        "payerName": "name",
        "reason": "text",
        "returnInfo": "text",
        "telephone": "phone",
    }
    of_people = ("姓名", "证件号码", "电话", "地址", "备注", "原因", "注册号", "信息", "报文")
    named = {name for name, meaning in meanings().items() if any(word in meaning.zh for word in of_people)}
    assert named - {name for name, meaning in meanings().items() if meaning.personal} == {
        "goodsInfo",  # what the parcel holds
        "oriCopMsgId",
        "oriMessageType",
    }


def test_what_is_filed_is_shown_with_its_meaning_and_its_value():
    raw = body(plain("CEB311Message"))
    head, line = shown("CEB311Message", raw)
    assert (head.number, line.number) == (0, 1)
    assert Line("goodsValue", "商品价格", meanings()["goodsValue"].en, "1.5") in head.lines
    assert Line("buyerName", "订购人姓名", "name of the orderer", "7*") in head.lines


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[Code:2600;Desc:清单新增申报成功]", "[Code:2600;Desc:清单新增申报成功]"),
        ("[Code:-621018;Desc:超过年度限额]", "[Code:-621018;Desc:超过年度限额]"),
        (
            "清单[31052026I000000001]中购买人[欧阳娜娜]已用额度[25999.99]",
            "清单[*]*购买人[*]已用额度[*.*]",
        ),
        ("订购人姓名：张三；身份证号：11010519491231002X", "订购人姓名：*；身份证号：*"),
        ("-13812341234", "-*"),
        ("", ""),
    ],
)
def test_of_free_text_the_words_of_the_specification_alone_are_shown(text, left):
    assert words(text) == left


def test_an_element_that_is_masked_in_an_unknown_way_is_not_shown(monkeypatch):
    table = {**meanings(), "orderNo": meanings()["orderNo"]._replace(personal="face")}
    monkeypatch.setattr("customs.ceb.masked.meanings", lambda: table)
    assert hidden("orderNo", "4200001") == HIDDEN


def test_what_is_no_document_of_the_message_is_said():
    with pytest.raises(Unreadable):
        shown("CEB622Message", b"6F9619FF-8B86 -301001")
    with pytest.raises(Unreadable):
        shown("", to_bytes(write(plain("CEB622Message"))))
