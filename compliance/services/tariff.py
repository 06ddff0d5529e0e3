"""Rates of the tariff enter strictly, with the excise that their kind needs and a VAT rate of their day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from compliance.law import Law, NoFigure
from compliance.models import TariffLine
from compliance.services.loading import Loaded, Row, Rows, code_of, load, one_of, text
from compliance.tax import unit_of

COLUMNS = (
    "hs_code", "first_day", "name_zh", "mfn_pct", "provisional_pct", "vat_pct", "excise_kind", "excise_pct",
    "excise_per_unit_fen", "excise_unit", "threshold_fen_per_ml_or_g", "threshold_fen_per_piece", "source",
    "link", "confidence", "checked_on",
)  # fmt: skip
_NEEDS = {
    "none": (),
    "ad_valorem": ("excise_pct",),
    "specific": ("excise_per_unit_fen", "excise_unit"),
    "compound": ("excise_pct", "excise_per_unit_fen", "excise_unit"),
}
_EXCISE = ("excise_pct", "excise_per_unit_fen", "excise_unit")
_THRESHOLDS = ("threshold_fen_per_ml_or_g", "threshold_fen_per_piece")


def load_tariff(*, rows: Rows, dry_run: bool = False) -> Loaded:
    """Load rows with the columns COLUMNS; percentages are written as the tariff prints them ("6.5")."""
    return load(TariffLine, rows=rows, columns=COLUMNS, read=_read, dry_run=dry_run)


def _read(row: Row) -> TariffLine:
    line = TariffLine(
        hs_code=row.get("hs_code", code_of(8, 10)),
        first_day=row.get("first_day", date.fromisoformat),
        name_zh=row.get("name_zh", text(200)),
        mfn_rate=row.get("mfn_pct", _percent),
        provisional_rate=row.get("provisional_pct", _percent, needed=False),
        vat_rate=row.get("vat_pct", _percent),
        excise_kind=row.get("excise_kind", one_of(tuple(_NEEDS))),
        excise_rate=row.get("excise_pct", _percent, needed=False),
        excise_per_unit_fen=row.get("excise_per_unit_fen", _fen, needed=False),
        excise_unit=row.get("excise_unit", _unit, needed=False) or "",
        threshold_fen_per_ml_or_g=row.get("threshold_fen_per_ml_or_g", _fen, needed=False),
        threshold_fen_per_piece=row.get("threshold_fen_per_piece", _fen, needed=False),
        **row.source(),
    )
    _check_whole(row, line)
    return line


def _check_whole(row: Row, line: TariffLine) -> None:
    kind = line.excise_kind
    if kind is not None:
        for column in _EXCISE:
            if (column in _NEEDS[kind]) != bool(row.cells[column]):
                row.fault(column, f"{'is needed' if column in _NEEDS[kind] else 'must be empty'} with {kind}")
        if kind == "none" and any(row.cells[column] for column in _THRESHOLDS):
            row.fault("excise_kind", "a threshold without excise")
    if line.first_day is not None and line.vat_rate is not None:
        try:
            allowed = Law(line.first_day).figure("import/vat_rates")
        except NoFigure:
            row.fault("first_day", "before the first rates of value-added tax on file")
        else:
            if line.vat_rate not in allowed:
                row.fault("vat_pct", "is not a rate of value-added tax on that day")


def _percent(cell: str) -> Decimal:
    rate = Decimal(cell) / 100
    if not 0 <= rate < 9 or rate != round(rate, 6):
        raise ValueError(cell)
    return rate


def _fen(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit()) or int(cell) == 0:
        raise ValueError(cell)
    return int(cell)


def _unit(cell: str) -> str:
    unit_of(cell)
    return cell
