"""A customs district leads to one port, and to a second where one is owed and the storefront is on file."""

from __future__ import annotations

import pytest

from payments.ports import besides_of, ports, ports_of

BOTH = {"GUANGZHOU_NS_GJ", "GUANGZHOU_HP_GJ"}


@pytest.mark.parametrize(
    ("district", "port"),
    [
        ("3105", "NINGBO"),
        ("2249", "SHANGHAI_ZS"),
        ("2928", "HANGZHOU_ZS"),
        ("4611", "ZHENGZHOU_BS"),
        ("4612", "ZHENGZHOU_ZH_ZS"),
        ("5141", "GUANGZHOU_ZS"),
        ("5208", "GUANGZHOU_ZS"),
        ("5349", "SHENZHEN"),
        ("8013", "CHONGQING"),
        ("0213", "TIANJIN"),
        ("9007", "GUANGZHOU_ZS"),
        ("", "GUANGZHOU_ZS"),
    ],
)
def test_each_district_has_one_main_port(district, port):
    assert ports_of(district, registered=()) == [port]


@pytest.mark.parametrize(
    ("district", "second"),
    [
        ("5166", ["GUANGZHOU_NS_GJ"]),
        ("5208", ["GUANGZHOU_HP_GJ"]),
        ("5130", ["GUANGZHOU_HP_GJ"]),
        ("5141", []),
        ("3105", []),
        ("9007", []),
    ],
)
def test_the_second_call_is_made_where_the_storefront_is_registered(district, second):
    assert ports_of(district, registered=BOTH)[1:] == second
    assert ports_of(district, registered=()) == ports_of(district, registered=BOTH)[:1]
    assert besides_of(district) == second


def test_the_table_has_nine_current_ports_and_what_stands_beside_one_of_them():
    current = [port.code for port in ports().values() if port.current]
    assert len(current) == 9
    assert {port.besides for port in ports().values() if not port.current} == {"GUANGZHOU_ZS"}
