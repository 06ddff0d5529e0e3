"""Lines of the positive list (正面清单) enter strictly; what a remark demands must be fit to judge by."""

from __future__ import annotations

from datetime import date

from compliance.law import Law, NoFigure
from compliance.models import PositiveListLine
from compliance.services.loading import Loaded, Row, Rows, code_of, load, one_of, text

COLUMNS = (
    "hs_code", "first_day", "listed", "name_zh", "remark", "only_modes", "limit_group", "exclusion",
    "source", "link", "confidence", "checked_on",
)  # fmt: skip


def load_positive_list(*, rows: Rows, dry_run: bool = False) -> Loaded:
    """Load rows with the columns COLUMNS; `listed` is "no" in a row that takes a code off the list."""
    return load(PositiveListLine, rows=rows, columns=COLUMNS, read=_read, dry_run=dry_run)


def _read(row: Row) -> PositiveListLine:
    line = PositiveListLine(
        hs_code=row.get("hs_code", code_of(8)),
        first_day=row.get("first_day", date.fromisoformat),
        listed=row.get("listed", one_of(("yes", "no"))) == "yes",
        name_zh=row.get("name_zh", text(200)),
        remark=row.get("remark", text(500), needed=False) or "",
        only_modes=row.get("only_modes", str.split, needed=False) or [],
        limit_group=row.get("limit_group", text(40), needed=False) or "",
        exclusion=row.get("exclusion", text(300), needed=False) or "",
        **row.source(),
    )
    if line.first_day is not None:
        _check_whole(row, line, Law(line.first_day))
    return line


def _check_whole(row: Row, line: PositiveListLine, law: Law) -> None:
    try:
        modes = {*law.figure("import/trade_modes"), *law.figure("import/modes_by_approval")}
        groups = law.figure("import/person_year_quantities")
    except NoFigure:
        row.fault("first_day", "before the first edition of the list on file")
        return
    if not modes.issuperset(line.only_modes):
        row.fault("only_modes", f"the modes are {', '.join(sorted(modes))}")
    if line.limit_group and line.limit_group not in groups:
        row.fault("limit_group", f"the groups are {', '.join(sorted(groups))}")
    demands = bool(line.only_modes or line.limit_group or line.exclusion)
    if demands and not line.remark:
        row.fault("remark", "is empty, and yet something follows from it")
