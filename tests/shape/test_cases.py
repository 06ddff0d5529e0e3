"""Every kind of case that is opened or settled has a name, and says what is to be done, in both languages."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest
from django.utils import translation

from operators import told
from operators.names import _names
from tests.shape.test_house import HEIGHT, ROOT, sources

OPENS = {"open_case", "open_failing", "settle_open", "settle_over", "resting"}
OF_CUSTOMS = {"customs", "customs_message", "data_request", "clearance"}
KIND = re.compile(r"[a-z_]+\.[a-z_]+")


def modules() -> list[Path]:
    """Those of the apps that speak of cases."""
    return [
        file
        for file in sources()
        if file.relative_to(ROOT).parts[0] in HEIGHT and OPENS & set(re.findall(r"\w+", file.read_text()))
    ]


def constants(module: ModuleType) -> set[str]:
    """What a module has a name in capitals for, a case's kind among it; its events are none."""
    said = {value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)}
    return {value for value in said if KIND.fullmatch(value) and ("event", value) not in _names()}


def kinds(told: ast.expr, module: ModuleType) -> set[str]:
    """What the argument may be; where a variable is told, whatever the module has a name for."""
    match told:
        case ast.Constant(value=str(kind)):
            return {kind}
        case ast.Name(id=name) if isinstance(vars(module).get(name), str):
            return {vars(module)[name]}
        case ast.Name(id=name) if isinstance(vars(module).get(name), (tuple, list, set, frozenset, dict)):
            return set(vars(module)[name])
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return {kind for part in parts for kind in kinds(part, module)}
        case ast.Starred(value=part):
            return kinds(part, module)
        case ast.IfExp(body=one, orelse=other):
            return kinds(one, module) | kinds(other, module)
        case _:
            return constants(module)


def told_in(file: Path) -> set[str]:
    """Every kind of case that a module opens or settles."""
    module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    calls = [one for one in ast.walk(ast.parse(file.read_text())) if isinstance(one, ast.Call)]
    arguments = [
        argument.value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in OPENS
        for argument in call.keywords
        if argument.arg in ("kind", "kinds")
    ]
    return {kind for told in arguments for kind in kinds(told, module)}


@pytest.fixture(scope="module")
def found() -> dict[str, set[str]]:
    """Every kind of case, by the module that opens or settles it."""
    return {str(file.relative_to(ROOT)): told_in(file) for file in modules()}


@pytest.mark.parametrize("word", ["case", "todo"])
def test_every_kind_of_case_has_its_name_and_what_is_to_be_done(
    found: dict[str, set[str]], word: str
) -> None:
    nameless = {
        (file, kind)
        for file, told in found.items()
        for kind in told
        if not all(_names().get((word, kind), ("", "")))
    }
    assert nameless == set()


def recorded() -> set[str]:
    """The names of events that a module of the apps writes as they are."""
    files = [file for file in sources() if file.relative_to(ROOT).parts[0] in HEIGHT]
    calls = [
        one
        for file in files
        if "events.record(" in (text := file.read_text())
        for one in ast.walk(ast.parse(text))
        if isinstance(one, ast.Call)
        and ast.unparse(one.func).rpartition(".")[2] in ("record", "tell", "_tell")
    ]
    said = [
        part for one in calls for part in (*one.args, *(k.value for k in one.keywords if k.arg == "name"))
    ]
    names = {one.value for one in said if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {name for name in names if KIND.fullmatch(name)}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_event_that_is_recorded_has_words_in_the_history(language: str) -> None:
    with translation.override(language):
        assert [name for name in sorted(recorded()) if told.event_name(name) == name] == []


def test_no_case_of_customs_is_named_that_nobody_opens(found: dict[str, set[str]]) -> None:
    opened = set().union(*(told for file, told in found.items() if file.startswith("customs/")))
    named = {key for kind, key in _names() if kind == "case" and key.split(".")[0] in OF_CUSTOMS}
    # Why a declaration stands still (operators/customs_words.py), which is told without a case.
    assert named - opened == {"customs.unreadable"}
    assert opened - named == set()
