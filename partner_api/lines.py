"""A message of many lines is taken whole or not at all, and says which line stood in the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kernel.errors import Invalid, Problem

MOST_LINES: Final = 500


class LineRefused(Invalid):
    """One line cannot be done; of the others nothing was."""

    code = "line_refused"
    title = "Line {line} cannot be done, so nothing was: {because}"
    title_zh = "第 {line} 行无法处理，全部未执行：{because_zh}"

    def __init__(self, line: int, problem: Problem) -> None:
        super().__init__()
        self.line, self.problem = line, problem
        self.because, self.because_zh = problem.text("en"), problem.text("zh")

    def facts(self) -> dict[str, Any]:
        why = {"because": self.because, "because_zh": self.because_zh, "why": self.problem.code}
        return {"line": self.line, **why}


@contextmanager
def line(number: int) -> Iterator[None]:
    """What goes wrong inside is told with the number of its line, from 1."""
    try:
        yield
    except Problem as problem:
        raise LineRefused(number, problem) from problem
