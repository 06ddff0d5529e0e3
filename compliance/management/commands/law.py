"""`manage.py law [DAY]`: the law in force on a day with its sources, and what is to be checked again."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.law import Law
from compliance.queries import rows_in_force
from compliance.rulebook import CHECKED_AT_LEAST_EVERY, shown
from kernel.clock import now, shanghai_day


class Command(BaseCommand):
    help = (
        "List the figures of the law in force on a day (default: today in Shanghai); exits 1 naming every"
        " figure and every line of tariff, list and rates that was last checked more than a year before."
        " With --diff, say what is different on the second of two days."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("day", nargs="?", type=date.fromisoformat)
        parser.add_argument("--diff", nargs=2, type=date.fromisoformat, metavar=("DAY1", "DAY2"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["diff"]:
            if options["day"]:
                raise CommandError("a day, or two days with --diff, not both")
            for line in _diff(*options["diff"]):
                self.stdout.write(line)
            return
        law = Law(options["day"] or shanghai_day(now()))
        self.stdout.write(f"{law.day}  edition {law.edition[:16]}")
        for figure in law.figures():
            self.stdout.write(
                f"{figure.name:34} {_value(law, figure.name):30} since {figure.first_day}  {figure.citation}"
                f"  {figure.link}  [{figure.confidence}, checked {figure.checked}]"
            )
        old = _unchecked(law)
        for line in old:
            self.stdout.write(line)
        if old:
            raise CommandError(f"{len(old)} not checked for a year on {law.day}")


def _value(law: Law, name: str) -> str:
    return shown(law.topics[name], law.source(name)).replace("<br>", "; ")


def _unchecked(law: Law) -> list[str]:
    """What is in force and was last checked more than a year before the day."""
    figures = [(figure.name, figure.checked) for figure in law.figures()]
    rows = [(f"{type(row).__name__} {row}", row.checked_on) for row in rows_in_force(law.day)]
    return [
        f"{name}: last checked on {checked}"
        for name, checked in figures + rows
        if law.day - checked > CHECKED_AT_LEAST_EVERY
    ]


def _diff(first: date, second: date) -> list[str]:
    """What is in force on `second` and was not on `first`, and the other way round."""
    before, after = (
        {figure.name: f"{_value(law, figure.name)} ({figure.citation})" for figure in law.figures()}
        for law in (Law(first), Law(second))
    )
    lines = [
        f"{name}: {before.get(name, 'nothing')} → {after.get(name, 'nothing')}"
        for name in sorted(before | after)
        if before.get(name) != after.get(name)
    ]
    rows = [{f"{type(row).__name__} {row}" for row in rows_in_force(day)} for day in (first, second)]
    lines += [f"- {row}" for row in sorted(rows[0] - rows[1])]
    lines += [f"+ {row}" for row in sorted(rows[1] - rows[0])]
    return lines
