"""Tax sheets (电子税单): computed by the port itself, 70 % of VAT and consumption tax, duty nothing.

Of one piece between the single and the yearly limit everything is levied in full.
"""

from decimal import Decimal
from fractions import Fraction

from sandbox.port.form import Paper
from sandbox.port.office import Filed, Office

CENT, SHARE = Decimal("0.01"), Fraction(7, 10)
STANDARD = (Decimal(0), Decimal("0.13"), Decimal(0))  # duty, VAT, consumption tax
SINGLE, YEARLY = Decimal(5000), Decimal(26000)


def dutiable(listed: Filed) -> Decimal:
    """Goods, freight and insurance."""
    goods = sum((Decimal(line["totalPrice"]) for line in listed.paper.lines), Decimal(0))
    return goods + _carriage(listed)


def over_limit(listed: Filed) -> bool:
    """One piece, dearer than a single purchase may be: let in, at the rates of other goods."""
    lines = listed.paper.lines
    return SINGLE < dutiable(listed) < YEARLY and len(lines) == 1 and Decimal(lines[0]["qty"]) == 1


def _carriage(listed: Filed) -> Decimal:
    return Decimal(listed.head["freight"]) + Decimal(listed.head["insuredFee"])


def bases(listed: Filed) -> list[Decimal]:
    """The price of each line with its share of the freight; the cents left over go to the greatest rests."""
    values = [Decimal(line["totalPrice"]) for line in listed.paper.lines]
    freight, total = _carriage(listed), sum(values, Decimal(0))
    if not total:
        return [*values[:-1], values[-1] + freight]
    exact = [Fraction(freight * value) / Fraction(total) for value in values]
    shares = [int(one * 100) * CENT for one in exact]
    left = int((freight - sum(shares, Decimal(0))) / CENT)
    for place in sorted(range(len(values)), key=lambda one: Fraction(shares[one]) - exact[one])[:left]:
        shares[place] += CENT
    return [value + share for value, share in zip(values, shares, strict=True)]


def _taxed(base: Decimal, rates: tuple[Decimal, Decimal, Decimal], full: bool) -> dict[str, Decimal]:
    duty_rate, vat_rate, rate = map(Fraction, rates)
    duty = Fraction(base) * duty_rate if full else Fraction(0)
    consumption = (Fraction(base) + duty) / (1 - rate) * rate
    vat = (Fraction(base) + duty + consumption) * vat_rate
    share = Fraction(1) if full else SHARE
    levied = {"customsTax": duty, "valueAddedTax": vat * share, "consumptionTax": consumption * share}
    return {name: int(amount * 100 + Fraction(1, 2)) * CENT for name, amount in levied.items()}


def sheet(office: Office, listed: Filed) -> None:
    """816: the sheet of a released list."""
    full, lines = over_limit(listed), []
    total = dict.fromkeys(("customsTax", "valueAddedTax", "consumptionTax"), Decimal(0))
    for line, base in zip(listed.paper.lines, bases(listed), strict=True):
        taxed = _taxed(base, office.rates.get(line["gcode"], STANDARD), full)
        total = {name: total[name] + amount for name, amount in taxed.items()}
        lines.append(
            {"gnum": line["gnum"], "gcode": line["gcode"], "taxPrice": str(base)}
            | {name: str(amount) for name, amount in taxed.items()}
        )
    head = listed.head
    kept = ("invtNo", "assureCode", "ebcCode", "logisticsCode", "agentCode", "customsCode")
    listed.tax = Paper(
        {name: head[name] for name in kept}
        | {name: str(amount) for name, amount in total.items()}
        | {"taxNo": f"{head['customsCode']}{office.today():%Y%m%d}{office.number(9)}", "status": "1"},
        lines,
    )
    office.tell(listed, "CEB816Message", listed.tax)


def stands(office: Office, listed: Filed, status: str) -> None:
    """818: the sheet is summarised into a payment (2) or void (3)."""
    assert listed.tax is not None
    head = listed.tax.head
    head["status"] = status
    if status == "2":
        head["entDutyNo"] = f"{head['customsCode']}{office.today():%Y%m}L{office.number(7)}"
    kept = ("invtNo", "taxNo", "status", "entDutyNo", "assureCode")
    office.tell(listed, "CEB818Message", Paper({name: head[name] for name in kept if name in head}))
