"""LIST-1 to LIST-4: on the list, in the mode of the remark, within the year's quantity, not excluded."""

from datetime import date

from compliance.facts import BuyerFacts, Goods, LineFacts, Listing
from tests.law.law_cases import judged, line, purchase, refused

BONDED_ONLY = Listing("仅限网购保税商品", only_modes=("1210",))
RICE, SUGAR = Listing("每人每年20千克", limit_group="rice"), Listing("每人每年2千克", limit_group="sugar")


def of(listing: Listing | None, grams: int = 0, **goods: object) -> LineFacts:
    return line(goods=Goods(listing, **goods), grams=grams)


def test_list_1_goods_are_on_the_positive_list():
    """Goods of cross-border retail import must be on the positive list of the day by their 8-digit code."""
    verdict = judged(purchase(line(), of(None)))
    assert [r.rule for r in verdict.refusals] == ["LIST-1"]
    assert verdict.refusals[0].facts == {"hs_codes": {"CREAM": "33049900"}}
    assert verdict.refusals[0].citation.startswith("财政部等8部门公告2022年第7号")
    assert refused(purchase(line())) == []


def test_before_the_first_edition_on_file_nobody_asks_for_the_list():
    assert refused(purchase(of(None), day=date(2019, 12, 31))) == []
    assert refused(purchase(of(None), day=date(2020, 1, 1))) == ["LIST-1"]


def test_list_2_the_remark_allows_the_trade_mode():
    """Goods that the positive list's remark limits to bonded import (仅限网购保税) may not enter in another
    trade mode."""
    direct = {"trade_mode": "9610", "warehouse_trade_mode": "9610"}
    verdict = judged(purchase(of(BONDED_ONLY), **direct))
    assert [r.rule for r in verdict.refusals] == ["LIST-2"]
    assert verdict.refusals[0].facts == {"trade_mode": "9610", "remarks": {"CREAM": "仅限网购保税商品"}}
    assert refused(purchase(of(BONDED_ONLY))) == []
    assert refused(purchase(line(), **direct)) == []


def test_list_3_the_years_quantity_is_kept():
    """Of goods for which the positive list sets a quantity per person and year, such as sugar 2 kg and rice
    20 kg, one person may not buy more in a calendar year, this purchase included."""
    assert refused(purchase(of(SUGAR, 500), of(SUGAR, 500), year_grams={"sugar": 1000})) == []
    verdict = judged(purchase(of(SUGAR, 500), of(SUGAR, 501), year_grams={"sugar": 1000}))
    assert [r.rule for r in verdict.refusals] == ["LIST-3"]
    assert verdict.refusals[0].facts == {
        "groups": {"sugar": {"grams": 1001, "limit_grams": 2000, "left_grams": 1000}}
    }
    assert verdict.refusals[0].citation.startswith("财政部等13部门公告2019年第96号")
    assert verdict.figures["year_grams"] == {"sugar": 1000}
    assert verdict.figures["law"]["import/person_year_quantities"] == {"sugar": 2000, "rice": 20000}


def test_each_group_has_a_quantity_of_its_own():
    assert refused(purchase(of(RICE, 20_000), of(SUGAR, 2_000))) == []
    assert refused(purchase(of(RICE, 20_001), of(SUGAR, 2_000))) == ["LIST-3"]
    assert refused(purchase(of(RICE, 1), year_grams={"sugar": 2_000})) == []


def test_who_merely_states_a_number_is_not_told_what_its_owner_has_bought():
    stated = BuyerFacts(True, True, verified=False, document="resident_identity_card", age=30)
    told = {r.rule: r.facts for r in judged(purchase(of(SUGAR, 2_001), buyer=stated)).refusals}
    assert told["LIST-3"] == {"groups": {"sugar": {"grams": 2001, "limit_grams": 2000}}}


def test_a_group_without_a_figure_lets_nothing_in():
    assert refused(purchase(of(Listing("新的备注", limit_group="honey"), 1))) == ["LIST-3"]


def test_list_4_exclusions_are_confirmed_not_to_apply():
    """Where the positive list's remark excludes goods of the code (…的除外), someone must have confirmed that
    the exclusion does not meet the goods."""
    excluded = Listing(
        "列入《进出口野生动植物种商品目录》的除外", exclusion="列入《进出口野生动植物种商品目录》"
    )
    verdict = judged(purchase(of(excluded)))
    assert [r.rule for r in verdict.refusals] == ["LIST-4"]
    assert verdict.refusals[0].facts == {"exclusions": {"CREAM": "列入《进出口野生动植物种商品目录》"}}
    assert refused(purchase(of(excluded, exclusion_ruled_out=True))) == []
