"""Who locks a row with its neighbours says which of them: a lock on all has an order of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APART = {".venv", "tests", "sandbox", ".local"}


def chains(tree: ast.AST) -> Iterator[dict[str, ast.Call]]:
    """The calls of each chain `a.b(…).c(…)`, by their names."""
    inner = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in inner:
            continue
        found: dict[str, ast.Call] = {}
        call: ast.expr = node
        while isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            inner.add(id(call))
            found[call.func.attr] = call
            call = call.func.value
        yield found


def test_a_lock_with_joined_rows_names_what_it_locks():
    unnamed = []
    for path in sorted(ROOT.rglob("*.py")):
        if APART & set(path.relative_to(ROOT).parts):
            continue
        for chain in chains(ast.parse(path.read_text(encoding="utf-8"))):
            lock = chain.get("select_for_update")
            if lock is None or "select_related" not in chain:
                continue
            if "of" not in {word.arg for word in lock.keywords}:
                unnamed.append(f"{path.relative_to(ROOT)}:{lock.lineno}")
    assert unnamed == []
