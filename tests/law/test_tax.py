"""The formulas of import tax (R1.6) against values worked out by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from compliance.facts import with_freight
from compliance.law import Law
from compliance.tax import ContentMissing, Rate, TariffMissing, assess, composite, surtax_rate, unit_of
from tests.law.law_cases import CREAM, LAW, line

D = Decimal


def taxes(made, rate, over_limit=False):
    [tax] = assess([made], {made.hs_code: rate}, LAW, over_limit)
    return tax.duty_fen, tax.excise_fen, tax.vat_fen


@pytest.mark.parametrize(
    ("vat", "excise", "percent"),
    [("0.13", None, "9.1"), ("0.09", None, "6.3"), ("0.13", "0.15", "23.0588"), ("0.13", "0.10", "17.8889")],
)
def test_the_four_composite_rates_within_the_limit(vat, excise, percent):
    rate = Rate(
        "00000000",
        mfn_rate=D("0.1"),
        vat_rate=D(vat),
        excise_kind="ad_valorem" if excise else "none",
        excise_rate=D(excise) if excise else None,
    )
    value = 10**12
    duty, excise_fen, vat_fen = taxes(line(value), rate)
    assert duty == 0
    assert round(D(excise_fen + vat_fen) / value * 100, 4) == D(percent)
    told = composite(rate, LAW, excise=bool(excise))  # what a merchandiser is shown beside a code
    assert told is not None and round(told * 100, 4) == D(percent)
    by_l = {
        "excise_kind": "specific",
        "excise_rate": None,
        "excise_per_unit_fen": 22,
        "excise_unit": "1l",
    }
    assert composite(replace(rate, **by_l), LAW, excise=True) is None


def test_cosmetics_at_the_single_limit_are_rounded_by_kind_not_by_composite_rate():
    duty, excise, vat = taxes(line(500000), CREAM)
    assert (duty, excise, vat) == (0, 61765, 53529)
    assert excise + vat == 115294
    composite = Fraction(7, 10) * (Fraction(15, 100) + Fraction(13, 100)) / Fraction(85, 100)
    assert round(500000 * composite) == 115294


@pytest.mark.parametrize(
    ("goods_fen", "freight_fen", "due"),
    [
        (49999, 0, False),
        (50000, 0, True),
        (50001, 0, True),
        (49500, 499, False),
        (49500, 500, True),
        (49500, 501, True),
    ],
)
def test_the_cosmetics_threshold_at_one_fen_below_at_and_above_with_freight_deciding(
    goods_fen, freight_fen, due
):
    [tax] = assess([line(goods_fen, freight_fen)], {"3304990010": CREAM}, LAW, False)
    assert tax.excise_due is due
    assert (tax.excise_fen > 0) is due


def test_a_basket_of_two_lines_where_the_freight_share_lifts_one_over_the_threshold():
    lines = with_freight([line(49500), line(49500)], 1000)
    assert [t.excise_due for t in assess(lines, {"3304990010": CREAM}, LAW, False)] == [True, True]
    lines = with_freight([line(49500), line(49500)], 999)
    assert [made.freight_fen for made in lines] == [500, 499]
    assert [t.excise_due for t in assess(lines, {"3304990010": CREAM}, LAW, False)] == [True, False]


def test_masks_are_measured_by_the_piece_and_creams_by_the_gram():
    masks = {"content_per_piece": D(5), "content_unit": "piece"}
    assert taxes(line(7499, **masks), CREAM) == (0, 0, 682)
    assert taxes(line(7500, **masks), CREAM) == (0, 926, 803)
    assert taxes(line(49999, content_unit="g"), CREAM)[1] == 0
    assert taxes(line(50000, content_unit="g"), CREAM)[1] == 6176


def test_the_threshold_looks_at_the_whole_line():
    assert taxes(line(149997, quantity=3), CREAM)[1] == 0
    assert taxes(line(150000, quantity=3), CREAM)[1] == 18529


def test_specific_excise_enters_the_base_of_vat():
    beer = Rate(
        "22030000", D(0), D("0.13"), excise_kind="specific", excise_per_unit_fen=253, excise_unit="10l"
    )
    assert taxes(line(6000, quantity=6, content_per_piece=D(330)), beer) == (0, 35, 551)


def test_compound_excise_within_and_above_the_limit():
    whisky = Rate("22083000", D("0.10"), D("0.13"), D("0.05"), "compound", D("0.20"), 912, "10l")
    assert taxes(line(30000, content_per_piece=D(700)), whisky) == (0, 5306, 3420)
    assert taxes(line(600000, content_per_piece=D(700)), whisky, over_limit=True) == (30000, 157580, 102385)


def test_above_the_limit_the_provisional_rate_goes_before_most_favoured_nation():
    formula = Rate("19011010", D("0.15"), D("0.13"), D("0.05"))
    assert taxes(line(600000), formula, over_limit=True) == (30000, 0, 81900)
    assert taxes(line(600000), Rate("19011010", D("0.15"), D("0.13")), over_limit=True) == (90000, 0, 89700)
    assert taxes(line(600000), Rate("19011010", D("0.15"), D("0.13"), D(0)), over_limit=True) == (0, 0, 78000)


def test_half_a_fen_is_rounded_up():
    # 50.00 × 9.1 % = 4.55; 0.50 × 9.1 % = 0.0455; 5 fen × 9.1 % = 0.455 fen; 500 fen × 9.1 % = 45.5 fen.
    plain = Rate("21069090", D("0.12"), D("0.13"))
    assert taxes(line(500), plain) == (0, 0, 46)
    assert taxes(line(5), plain) == (0, 0, 0)
    assert taxes(line(6), plain) == (0, 0, 1)


def test_goods_without_a_tariff_line_cannot_be_taxed():
    with pytest.raises(TariffMissing) as missing:
        assess([line()], {}, LAW, False)
    assert (missing.value.sku, missing.value.hs_code) == ("CREAM", "3304990010")


def test_excise_that_needs_the_content_asks_for_it():
    with pytest.raises(ContentMissing):
        taxes(line(content_per_piece=None, content_unit=None), CREAM)
    beer = Rate(
        "22030000", D(0), D("0.13"), excise_kind="specific", excise_per_unit_fen=253, excise_unit="10l"
    )
    with pytest.raises(ContentMissing):
        taxes(line(content_unit="g"), beer)


def test_units_are_a_number_and_a_measure():
    assert unit_of("500g") == ("g", 500)
    assert unit_of("10l") == ("ml", 10000)
    assert unit_of("1piece") == ("piece", 1)
    for wrong in ("", "g", "0g", "500", "5 g", "1.5l"):
        with pytest.raises(ValueError, match="is not a number and one of"):
            unit_of(wrong)


def test_a_surtax_by_origin_is_in_force_from_its_day_and_levied_above_the_limit_only():
    made = line(600_000, origin="US")
    before, after = Law(date(2025, 11, 9)), Law(date(2025, 11, 10))
    assert (surtax_rate(made, before), surtax_rate(made, after)) == (D(0), D("0.1"))
    assert surtax_rate(replace(made, origin="FR"), after) == 0
    rates = {made.hs_code: CREAM}
    [within] = assess([line(100_000, origin="US")], rates, after, over_limit=False)
    [in_full] = assess([made], rates, after, over_limit=True)
    assert (within.duty_fen, within.surtax_rate) == (0, 0)
    assert (in_full.duty_fen, in_full.surtax_rate) == (66_000, D("0.1"))  # 1 % and 10 %


def test_surtaxes_on_one_code_add_up_by_the_beginning_of_the_code(monkeypatch):
    surtaxes = {"US": (("", D("0.1")), ("3304", D("0.15")), ("2208", D("0.2")))}
    monkeypatch.setattr(Law, "figure", lambda self, name: surtaxes)
    assert surtax_rate(line(origin="US"), LAW) == D("0.25")


WATCH = Rate(
    "91021100",
    mfn_rate=D("0.08"),
    vat_rate=D("0.13"),
    excise_kind="ad_valorem",
    excise_rate=D("0.2"),
    threshold_fen_per_piece=1_000_000,
)


@pytest.mark.parametrize(
    ("goods_fen", "freight_fen", "due"),
    [
        (999_999, 0, False),
        (1_000_000, 0, True),
        (1_000_001, 0, True),
        (998_000, 1_999, False),
        (998_000, 2_000, True),
        (998_000, 2_001, True),
    ],
)
def test_a_watch_of_ten_thousand_yuan_bears_consumption_tax_and_freight_may_decide_it(
    goods_fen, freight_fen, due
):
    made = line(goods_fen, freight_fen, content_per_piece=None, content_unit=None)
    [tax] = assess([made], {made.hs_code: WATCH}, LAW, over_limit=True)
    assert (tax.excise_due, tax.excise_fen > 0) == (due, due)
