"""What the consumer pays as tax, what is declared and what customs levies is one sum to the fen."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.facts import as_declared, with_freight
from compliance.tax import Rate, assess
from customs.documents.declared import declared_lines
from customs.documents.facts import Line
from sandbox.port import taxes as port
from tests.law.law_cases import CREAM, LAW, line

RATES = {
    "33049900": (Decimal("0.01"), Decimal("0.13"), Decimal("0.15")),
    "19011010": (Decimal("0.05"), Decimal("0.13"), Decimal(0)),
    "09011100": (Decimal("0.08"), Decimal("0.09"), Decimal(0)),
}
TARIFF = {
    code: Rate(
        code,
        mfn_rate=duty,
        vat_rate=vat,
        excise_kind="ad_valorem" if excise else "none",
        excise_rate=excise or None,
    )
    for code, (duty, vat, excise) in RATES.items()
}


def declared(goods):
    """The lines of order and list, as the documents have them."""
    blank = Line(0, "", "", "", "", "", "", 0, 0, "", "", Decimal(0), "", None, 0, "")
    return declared_lines(
        tuple(
            replace(blank, position=n, hs_code=made.hs_code, quantity=made.quantity, goods_fen=made.goods_fen)
            for n, made in enumerate(goods)
        )
    )


def levied(goods, freight_fen):
    """The sheet of the sandbox's customs for a list of these goods: duty, consumption tax, VAT, in fen."""
    told = [
        {
            "gnum": str(one.gnum),
            "gcode": one.line.hs_code,
            "qty": str(one.line.quantity),
            "totalPrice": str(Decimal(one.total_fen).scaleb(-2)),
        }
        for one in declared(goods)
    ]
    head = dict.fromkeys(("invtNo", "assureCode", "ebcCode", "logisticsCode", "agentCode", "customsCode"), "")
    head |= {"freight": str(Decimal(freight_fen).scaleb(-2)), "insuredFee": "0"}
    listed = SimpleNamespace(head=head, paper=SimpleNamespace(lines=told), tax=None)
    office = SimpleNamespace(
        rates=RATES, today=lambda: LAW.day, number="1".zfill, tell=lambda listed, name, paper: None
    )
    port.sheet(office, listed)
    kinds = ("customsTax", "consumptionTax", "valueAddedTax")
    return [int(Decimal(listed.tax.head[name]) * 100) for name in kinds]


@st.composite
def baskets(draw):
    return [
        line(
            draw(st.integers(1, 90_000)),
            quantity=draw(st.integers(1, 99)),
            hs_code=draw(st.sampled_from(list(RATES))),
        )
        for _ in range(draw(st.integers(1, 8)))
    ]


@settings(deadline=None, max_examples=300)
@given(baskets(), st.integers(0, 20_000))
def test_the_tax_of_a_quote_is_what_the_sandboxs_customs_levies_on_the_declared_lines(goods, freight_fen):
    lines = with_freight(goods, freight_fen)
    quoted = assess(lines, TARIFF, LAW, over_limit=port_levies_in_full(lines))
    kinds = ("duty_fen", "excise_fen", "vat_fen")
    assert [sum(getattr(tax, kind) for tax in quoted) for kind in kinds] == levied(goods, freight_fen)


def port_levies_in_full(lines):
    value = sum(made.dutiable_fen for made in lines)
    return 500_000 < value < 2_600_000 and sum(made.quantity for made in lines) == 1


@given(baskets(), st.integers(0, 20_000))
def test_what_is_taxed_as_a_line_is_a_line_of_the_documents(goods, freight_fen):
    parts = [part for parts in as_declared(with_freight(goods, freight_fen)) for part in parts]
    assert [(part.hs_code, part.quantity, part.goods_fen) for part in parts] == [
        (one.line.hs_code, one.line.quantity, one.total_fen) for one in declared(goods)
    ]


def test_two_pieces_for_669_37_are_taxed_as_two_lines():
    made = line(66_937, quantity=2, hs_code="19011010")
    [tax] = assess([made], TARIFF, LAW, over_limit=False)
    assert (tax.vat_fen, tax.excise_fen, tax.duty_fen) == (6_092, 0, 0)  # 30.46 + 30.46, not 60.91
    assert levied([made], 0) == [0, 0, 6_092]


@pytest.mark.parametrize(("goods_fen", "excise_fen"), [(99_998, 0), (99_999, 6_176), (100_000, 12_353)])
def test_of_two_pieces_that_are_declared_apart_each_has_its_own_threshold(goods_fen, excise_fen):
    [tax] = assess([line(goods_fen, quantity=2)], {"3304990010": CREAM}, LAW, over_limit=False)
    assert (tax.excise_fen, tax.excise_due) == (excise_fen, excise_fen > 0)
