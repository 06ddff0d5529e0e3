"""Every worked table of docs/pricing.md is run; a number changed on either side fails here."""

from decimal import Decimal
from pathlib import Path

import pytest

from compliance.facts import LineFacts, PublicTerms, as_declared, with_freight
from compliance.tax import Rate, assess
from compliance.tax_included import split
from kernel.money import yuan
from tests.law.law_cases import LAW, judged, line, purchase

PAGE = Path(__file__).parents[2] / "docs" / "pricing.md"


def table(first_column: str) -> list[dict[str, str]]:
    """The rows of the one table whose heading begins with this column."""
    rows, head = [], None
    for text in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if not text.startswith("|"):
            if head:
                return rows
        elif head is None:
            head = cells if cells[0] == first_column else None
        elif not set(text) <= set("|- "):
            rows.append(dict(zip(head, cells, strict=True)))
    assert head, f"no table {first_column!r}"
    return rows


def fen(text: str) -> int:
    return int(Decimal(text.replace(",", "")) * 100)


def percent(text: str) -> Decimal | None:
    return Decimal(text) / 100 if text else None


RATES = {
    row["goods"]: Rate(
        row["goods"],
        mfn_rate=percent(row["duty"]) or Decimal(0),
        vat_rate=percent(row["VAT"]) or Decimal(0),
        provisional_rate=percent(row["provisional"]),
        excise_kind={(0, 0): "none", (1, 0): "ad_valorem", (0, 1): "specific", (1, 1): "compound"}[
            (int(bool(row["CT"])), int(bool(row["unit"])))
        ],
        excise_rate=percent(row["CT"]),
        excise_per_unit_fen=fen(row["CT per unit"]) if row["unit"] else None,
        excise_unit=row["unit"],
        threshold_fen_per_ml_or_g=fen(row["from, per ml or g"]) if row["from, per ml or g"] else None,
        threshold_fen_per_piece=fen(row["from, per piece"]) if row["from, per piece"] else None,
    )
    for row in table("goods")
}


@pytest.mark.parametrize("row", table("case"), ids=lambda row: row["case"])
def test_the_worked_line(row):
    content, unit = row["content"].split() if row["content"] else (None, None)
    made = LineFacts(
        sku=row["case"],
        hs_code=row["goods"],
        quantity=int(row["pieces"]),
        goods_fen=fen(row["value"]),
        freight_fen=fen(row["freight"]),
        content_per_piece=Decimal(content) if content else None,
        content_unit=unit,
    )
    [tax] = assess([made], RATES, LAW, over_limit={"within": False, "in full": True}[row["levy"]])
    assert (tax.duty_fen, tax.excise_fen, tax.vat_fen) == (fen(row["D"]), fen(row["CT"]), fen(row["VAT"]))


@pytest.mark.parametrize("row", table("origin"), ids=lambda row: " ".join(row.values()))
def test_the_worked_surtax(row):
    content, unit = row["content"].split() if row["content"] else (None, None)
    made = line(
        fen(row["value"]),
        hs_code=row["goods"],
        content_per_piece=Decimal(content) if content else None,
        content_unit=unit,
        origin=row["origin"],
    )
    [tax] = assess([made], RATES, LAW, over_limit={"within": False, "in full": True}[row["levy"]])
    assert (tax.duty_fen, tax.excise_fen, tax.vat_fen) == (fen(row["D"]), fen(row["CT"]), fen(row["VAT"]))


@pytest.mark.parametrize("row", table("freight"), ids=lambda row: row["goods of the lines"])
def test_the_worked_shares_of_freight(row):
    goods = [line(fen(text)) for text in row["goods of the lines"].split(", ")]
    shares = [made.freight_fen for made in with_freight(goods, fen(row["freight"]))]
    assert shares == [fen(text) for text in row["shares"].split(", ")]


@pytest.mark.parametrize("row", table("goods of the line"), ids=lambda row: row["goods of the line"])
def test_the_worked_declared_lines(row):
    made = line(fen(row["goods of the line"]), quantity=int(row["of pieces"]), hs_code="milk powder")
    [parts] = as_declared([made])
    told = [f"{part.quantity} × {yuan(part.goods_fen // part.quantity)}" for part in parts]
    each = [tax.total_fen for tax in assess(parts, RATES, LAW, over_limit=False)]
    [tax] = assess([made], RATES, LAW, over_limit=False)
    assert (", ".join(told), ", ".join(map(yuan, each)), yuan(tax.total_fen)) == (
        row["declared"],
        row["tax of each"],
        row["tax of the line"],
    )


@pytest.mark.parametrize("row", table("list price"), ids=lambda row: " ".join(row.values()))
def test_the_worked_prices(row):
    public_fen = min(fen(row[name]) for name in ("list price", "public cut") if row[name])
    coupon_fen = fen(row["coupon gives"] or "0")
    case = purchase(
        line(fen(row["goods"])),
        discount_fen=fen(row["discount"]),
        terms=PublicTerms((public_fen,), coupon_fen),
    )
    answer = {(): "holds", ("PRICE-1",): "does not hold"}
    assert answer[tuple(r.rule for r in judged(case).refusals)] == row["proof"]


@pytest.mark.parametrize("row", table("dutiable value"), ids=lambda row: " ".join(row.values()))
def test_the_worked_limits(row):
    case = purchase(
        line(fen(row["dutiable value"]), quantity=int(row["pieces"])),
        year_used_fen=fen(row["of the year before"]),
    )
    verdict = judged(case)
    answer = "in full" if verdict.over_limit else "within"
    if verdict.refusals:
        answer = " ".join(["refused", *sorted(r.rule for r in verdict.refusals)])
    assert answer == row["answer"]


@pytest.mark.parametrize("row", table("price with tax"), ids=lambda row: " ".join(row.values()))
def test_the_worked_price_with_tax(row):
    content, unit = row["content"].split() if row["content"] else (None, None)
    piece = LineFacts(
        sku="S",
        hs_code=row["goods"],
        quantity=1,
        goods_fen=0,
        content_per_piece=Decimal(content) if content else None,
        content_unit=unit,
    )
    found = split(fen(row["price with tax"]), piece, RATES, LAW)
    assert (found.goods_fen, found.tax.total_fen, found.rounding_fen) == (
        fen(row["list price"]),
        fen(row["tax"]),
        fen(row["rounding"]),
    )
