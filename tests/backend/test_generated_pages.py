"""A generated page that has fallen behind is refused with the command that writes it anew."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance.management.commands import rulebook

PAGES = {"errors": "errors.md", "rulebook": "rulebook.md", "data_inventory": "data-inventory.md"}
pages = pytest.mark.parametrize(("command", "page"), PAGES.items())


def says(command: str, *options: str) -> str:
    out = StringIO()
    call_command(command, *options, stdout=out)
    return out.getvalue().strip()


@pages
def test_the_page_in_the_repository_is_fresh(command: str, page: str) -> None:
    assert says(command, "--check") == f"docs/{page} is up to date"


@pages
@pytest.mark.parametrize("stale", ["missing", "changed"])
def test_a_stale_page_is_refused_with_the_command_that_writes_it(
    command: str, page: str, stale: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "docs" / page
    written.parent.mkdir()
    settings.ROOT = tmp_path
    monkeypatch.setattr(rulebook, "TARGET", written)
    if stale == "changed":
        says(command)
        written.write_text(written.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(CommandError) as told:
        call_command(command, "--check")
    assert str(told.value) == f"docs/{page} has fallen behind: run manage.py {command}"
    assert written.exists() is (stale == "changed")
    says(command)
    assert says(command, "--check") == f"docs/{page} is up to date"
