"""What holds for every purchase: shares meet, no fen is lost, tax never falls as a line's own value grows."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.facts import as_declared, with_freight
from compliance.tax import Rate, assess
from kernel.money import share
from tests.law.law_cases import LAW, judged, line, purchase

unhurried = settings(deadline=None)  # the machine may be busy with other tests
amounts = st.integers(0, 600_000)
percents = st.integers(0, 3000).map(lambda n: Decimal(n) / 10000)
contents = st.integers(1, 2000).map(lambda n: Decimal(n) / 10)


@st.composite
def rates(draw):
    kind = draw(st.sampled_from(["none", "ad_valorem", "specific", "compound"]))
    ad_valorem, specific = kind in ("ad_valorem", "compound"), kind in ("specific", "compound")
    return Rate(
        "00000000",
        mfn_rate=draw(percents),
        vat_rate=draw(st.sampled_from([Decimal("0.13"), Decimal("0.09")])),
        provisional_rate=draw(st.none() | percents),
        excise_kind=kind,
        excise_rate=draw(percents.filter(bool)) if ad_valorem else None,
        excise_per_unit_fen=draw(st.integers(1, 5000)) if specific else None,
        excise_unit=draw(st.sampled_from(["500ml", "10l", "1ml"])) if specific else "",
        threshold_fen_per_ml_or_g=draw(st.none() | st.integers(1, 2000)) if kind != "none" else None,
    )


@st.composite
def baskets(draw):
    return [
        line(draw(amounts), quantity=draw(st.integers(1, 9)), sku=f"S{i}", content_per_piece=draw(contents))
        for i in range(draw(st.integers(1, 6)))
    ]


def exact(made, rate, over_limit):
    """The formulas of R1.6 once more, written out."""
    dv = Fraction(made.dutiable_fen)
    content = Fraction(made.content_per_piece) * made.quantity
    threshold = rate.threshold_fen_per_ml_or_g
    duty_rate = rate.mfn_rate if rate.provisional_rate is None else rate.provisional_rate
    d = dv * Fraction(duty_rate) if over_limit else Fraction(0)
    t = Fraction(0)
    c = Fraction(0)
    if rate.excise_kind != "none" and (threshold is None or dv / content >= threshold):
        c = Fraction(rate.excise_rate or 0)
        if rate.excise_unit:
            t = content * rate.excise_per_unit_fen / {"500ml": 500, "10l": 10000, "1ml": 1}[rate.excise_unit]
    ct = (dv + d + t) / (1 - c) * c + t
    vat = (dv + d + ct) * Fraction(rate.vat_rate)
    levied = 1 if over_limit else Fraction(7, 10)
    return d, levied * ct, levied * vat


@unhurried
@given(baskets(), st.integers(0, 20_000), rates(), st.booleans())
def test_each_kind_of_each_line_is_the_exact_formula_of_its_declared_lines_rounded_half_up_once_each(
    goods, freight_fen, rate, over_limit
):
    lines = with_freight(goods, freight_fen)
    taxes = assess(lines, {"3304990010": rate}, LAW, over_limit)
    for parts, tax in zip(as_declared(lines), taxes, strict=True):
        formulas = [exact(part, rate, over_limit) for part in parts]
        rounded = [sum((2 * fen + 1) // 2 for fen in kind) for kind in zip(*formulas, strict=True)]
        assert [tax.duty_fen, tax.excise_fen, tax.vat_fen] == rounded
        assert tax.total_fen == sum(rounded)


@unhurried
@given(baskets(), st.integers(0, 20_000))
def test_declared_lines_are_whole_prices_and_add_up_to_their_line(goods, freight_fen):
    lines = with_freight(goods, freight_fen)
    for made, parts in zip(lines, as_declared(lines), strict=True):
        prices = [Fraction(part.goods_fen, part.quantity) for part in parts]
        assert all(price.denominator == 1 for price in prices)
        assert prices[-1] - prices[0] == len(parts) - 1 <= 1
        assert sum(part.quantity for part in parts) == made.quantity
        assert sum(part.goods_fen for part in parts) == made.goods_fen
        assert sum(part.freight_fen for part in parts) == made.freight_fen


@unhurried
@given(baskets(), st.integers(0, 20_000))
def test_freight_shares_meet_to_the_fen_and_goods_are_untouched(goods, freight_fen):
    lines = with_freight(goods, freight_fen)
    assert sum(made.freight_fen for made in lines) == freight_fen
    assert [made.goods_fen for made in lines] == [made.goods_fen for made in goods]
    assert purchase(*lines).dutiable_fen == sum(made.goods_fen for made in goods) + freight_fen


@unhurried
@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_shares_always_meet_and_lie_within_one_fen_of_their_exact_part(fen, weights):
    parts = share(fen, weights)
    assert sum(parts) == fen
    assert all(part >= 0 for part in parts)
    if any(weights):
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(fen * weight, sum(weights))) < 1


@unhurried
@given(amounts, st.integers(1, 5000), st.integers(0, 2000), rates(), st.booleans(), contents)
def test_tax_never_falls_as_one_lines_own_value_rises(value, more, freight_fen, rate, over_limit, content):
    low, high = (
        assess([line(v, freight_fen, content_per_piece=content)], {"3304990010": rate}, LAW, over_limit)[0]
        for v in (value, value + more)
    )
    assert low.duty_fen <= high.duty_fen
    assert low.excise_fen <= high.excise_fen
    assert low.vat_fen <= high.vat_fen


@unhurried
@given(baskets(), st.integers(0, 20_000), st.integers(0, 2_600_000))
def test_what_is_allowed_lies_within_both_limits(goods, freight_fen, used_fen):
    case = purchase(*with_freight(goods, freight_fen), year_used_fen=used_fen)
    verdict = judged(case)
    assert verdict.allowed == (not verdict.refusals)
    if verdict.allowed:
        assert used_fen + case.dutiable_fen <= 2_600_000
        assert case.dutiable_fen <= 500_000 or (case.pieces == 1 and case.dutiable_fen < 2_600_000)
        assert verdict.over_limit == (case.dutiable_fen > 500_000)
