"""The rule book and the list of figures come from the rules and figures themselves."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.management.commands import rulebook
from compliance.rulebook import page


def test_the_law_of_a_day_is_listed_with_its_sources():
    out = StringIO()
    call_command("law", "2018-12-31", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("2018-12-31  edition ")
    [single] = [line for line in lines if line.startswith("import/single_transaction_limit")]
    assert "¥2000.00" in single and "财关税〔2016〕18号 第三条" in single


def test_a_page_that_has_fallen_behind_is_told(tmp_path, monkeypatch):
    target = tmp_path / "docs" / "rulebook.md"
    monkeypatch.setattr(rulebook, "TARGET", target)
    with pytest.raises(CommandError, match="fallen behind"):
        call_command("rulebook", "--check")
    call_command("rulebook", stdout=StringIO())
    assert target.read_text(encoding="utf-8") == page()
    call_command("rulebook", "--check")
