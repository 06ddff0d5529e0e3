"""What the shop says of the law is known to it in both languages."""

from __future__ import annotations

import re
from datetime import date

from backend.house import ROOT
from compliance.law import HOUSE, Law

TITLES = ROOT / "miniprogram" / "src" / "words" / "law.ts"


def test_every_document_that_a_figure_cites_has_an_english_title() -> None:
    titled = re.findall(r'^  "([^"]+)": "', TITLES.read_text(encoding="utf-8"), re.MULTILINE)
    topics = Law(date(2026, 11, 1)).topics.values()
    documents = {figure.document for topic in topics for figure in topic.figures} - {HOUSE}
    assert {one for one in documents if not one.startswith(tuple(titled))} == set()
    assert [one for one in titled if not any(each.startswith(one) for each in documents)] == []
