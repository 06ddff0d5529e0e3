"""A rule is a number, its official sentence, the figure that carries its source, and a pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from compliance.facts import Moment, Purchase
from compliance.law import Law
from kernel.errors import Refusal

Check = Callable[[Purchase, Law], dict[str, Any] | None]

RULES: list[Rule] = []
OF_THE_PERSON: tuple[Moment, ...] = ("quote", "checkout", "naming")  # who orders, not what or how


@dataclass(frozen=True, slots=True)
class Rule:
    """One numbered sentence. `check` answers None where all is well, else the facts that say why not."""

    id: str
    sentence: str
    sentence_zh: str
    law: str
    figures: tuple[str, ...]
    since: date
    moments: tuple[Moment, ...]
    check: Check

    def __call__(self, case: Purchase, law: Law) -> Refusal | None:
        """Judge one case."""
        facts = self.check(case, law)
        return None if facts is None else self.refusal(facts, law)

    def refusal(self, facts: dict[str, Any], law: Law) -> Refusal:
        """The rule's refusal, citing the document that was in force on the day."""
        source = law.source(self.law)
        return Refusal(
            rule=self.id,
            sentence=self.sentence,
            sentence_zh=self.sentence_zh,
            citation=source.citation,
            link=source.link,
            facts=facts,
        )


def rule(
    id: str,
    *,
    law: str,
    zh: str,
    since: date,
    also: tuple[str, ...] = (),
    moments: tuple[Moment, ...] = ("quote", "checkout"),
) -> Callable[[Check], Rule]:
    """Enter a function into the rule book; its docstring is the English sentence.

    `law` names the figure whose source the rule cites, `also` further figures it looks at, `since` the first
    day on which it is judged, `moments` when.
    """

    def enter(check: Check) -> Rule:
        sentence = " ".join((check.__doc__ or "").split())
        if not sentence or not zh:
            raise ValueError(f"{id}: a rule has its sentence in both languages")
        if any(known.id == id for known in RULES):
            raise ValueError(f"{id}: there is one rule of each number")
        entry = Rule(id, sentence, zh, law, (law, *also), since, moments, check)
        RULES.append(entry)
        return entry

    return enter
