"""Whatever bytes come in are a message of the specification or Unreadable, and nothing else happens."""

from __future__ import annotations

import codecs
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from customs.ceb.read import MOST_BYTES, Unreadable, document, fragments, parse, read
from customs.ceb.tables import NAMESPACE, entities, shapes
from customs.ceb.write import to_bytes, write
from tests.customs.ceb import messages, plain

NAMES = sorted(shapes())
RECEIPT = "CEB622Message"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def inside(text: str, *, before: str = "", attributes: str = "") -> bytes:
    """A receipt with this where its words stand."""
    return (
        f'{before}<CEB622Message xmlns="{NAMESPACE}" guid="" version="1.0"{attributes}><InventoryReturn>'
        f"<copNo>1</copNo><returnStatus>120</returnStatus><returnInfo>{text}</returnInfo>"
        "</InventoryReturn></CEB622Message>"
    ).encode()


def told(raw: bytes) -> object:
    return read(raw).documents[0].head["returnInfo"]


@pytest.mark.parametrize(
    "raw",
    [
        inside("&l19;", before=f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>'),
        inside("", before=f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>', attributes=' more="&l19;"'),
        inside("&x;", before='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        inside("x", before='<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]>'),
        inside("x", before='<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x">'),
        inside("x", before='<!DOCTYPE a PUBLIC "-//X//X" "file:///dev/zero">'),
        inside("x", before="<!DOCTYPE CEB622Message>"),
        inside("&unknown;"),
        inside("&#0;"),
        inside("&#xFFFE;"),
        inside("&#xD800;"),
        inside("<a>" * 200_000),
        inside("<a>" * 300 + "</a>" * 300),
        inside("1<b/>2"),
        inside("1<?drop it?>2"),
        inside("x", attributes="".join(f' a{n}="1"' for n in range(3)) + ' a0="2"'),
        inside("x", attributes=' xmlns="urn:other"'),
        inside("x") * 2,
        inside("x") + b"trailing",
        b" " * (MOST_BYTES + 1),
        b"\x00" * 1000,
        b"\x1f\x8b\x08\x00" + b"\x00" * 100,
    ],
)
def test_what_is_made_to_harm_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)


def test_an_attachment_is_not_included() -> None:
    raw = inside('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>')
    assert "returnInfo" not in read(raw).documents[0].head


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<![CDATA[<b>&amp;]]>", "<b>&amp;"),
        ("1<!-- 2 -->3", "13"),
        ("&lt;&amp;&gt;&quot;&apos;", "<&>\"'"),
        ("&#x4e2d;&#20013;&#x20BB7;", "中中𠮷"),
        ("\r\n", "\n"),
        ("𠮷" * 200_000, "𠮷" * 200_000),
    ],
)
def test_what_xml_allows_is_read_as_it_means(text: str, said: str) -> None:
    assert told(inside(text)) == said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gbk", "gb18030", "gb2312"])
def test_a_receipt_in_the_encoding_that_it_names_is_read(encoding: str) -> None:
    raw = inside("处理", before=f'<?xml version="1.0" encoding="{encoding}"?>').decode().encode(encoding)
    assert told(raw) == "处理"


@pytest.mark.parametrize(
    ("named", "written"),
    [("utf-8", "gbk"), ("utf-16", "utf-8"), ("ascii", "utf-8"), ("nonsense", "utf-8")],
)
def test_a_receipt_in_another_encoding_than_it_names_is_unreadable(named: str, written: str) -> None:
    raw = inside("处理", before=f'<?xml version="1.0" encoding="{named}"?>').decode().encode(written)
    with pytest.raises(Unreadable):
        read(raw)


def test_a_mark_of_utf_8_before_a_receipt_is_none_of_it() -> None:
    assert told(codecs.BOM_UTF8 + inside("处理")) == "处理"


@FEW
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_whatever_is_done_to_the_bytes_of_a_message_it_is_read_or_unreadable(
    data: st.DataObject, name: str
) -> None:
    raw = to_bytes(write(plain(name)))
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    put = data.draw(st.one_of(st.binary(max_size=40), st.just(raw), st.just(raw[start:end] * 2)))
    try:
        read(raw[:start] + put + raw[end:])
    except Unreadable as fault:
        assert len(str(fault)) < 120


HOSTILE = st.one_of(
    st.sampled_from(
        [
            "9" * 41,
            "9" * 1_000_000,
            "-" + "9" * 39,
            "0" * 40,
            "0." + "0" * 37 + "1",
            "1e400",
            "NaN",
            "Infinity",
            "0x10",
            "1_000",
            "１２３",
            "٣",
            "00000000000000000",
            "00010101000000000",
            "99991231235959999",
            "20260230",
            "99999999",
            "\u202e20260101",
            " \t\n",
            "\u00a0",
            "\ufeff",
            "‎",
        ]
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=60),
)


@FEW
@given(data=st.data(), name=st.sampled_from(NAMES), text=HOSTILE)
@example(data=None, name=RECEIPT, text="1")
def test_a_value_out_of_all_bounds_is_read_as_what_it_says_or_is_none(
    data: st.DataObject | None, name: str, text: str
) -> None:
    root = write(plain(name))
    leaves = [one for one in root.iter() if isinstance(one.tag, str) and not len(one)]
    leaf = leaves[0] if data is None else data.draw(st.sampled_from(leaves))
    leaf.text = text
    raw = to_bytes(root)
    try:
        found = read(raw)
    except Unreadable as fault:
        assert len(text) < 5 or text not in str(fault)
    else:
        assert [document(name, one) for one in fragments(parse(raw))] == list(found.documents)


@FEW
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_what_stands_between_elements_changes_nothing_of_what_is_told(data: st.DataObject, name: str) -> None:
    message = data.draw(messages(name))
    root = write(message)
    between = st.sampled_from(["", "\n  ", "between", "]]>", "\u202e"])
    for element in list(root.iter()):
        if len(element) or element is root:
            element.text = data.draw(between)
        if element is not root:
            element.tail = data.draw(between)
        if len(element) and data.draw(st.booleans()):
            element.append(etree.Comment(" nothing "))
            element.append(etree.ProcessingInstruction("do", "nothing"))
            element.append(etree.Element("{urn:other}" + entities()[shapes()[name].head][0].name))
    raw = to_bytes(deepcopy(root))
    assert read(raw) == message
    assert [document(name, one) for one in fragments(parse(raw))] == list(message.documents)
