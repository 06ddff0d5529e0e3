"""One JSON line a figure, each a ratio against a floor of the same run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Report:
    """Collects the figures and prints each as it comes."""

    missed: list[str] = field(default_factory=list)

    def pairs(
        self,
        name: str,
        values: Sequence[float],
        unit: str,
        *,
        floors: Sequence[float],
        target: str,
        at_most: bool = False,
    ) -> None:
        """Print the middle of what was measured in turns; the ratio is the middle one of the turns' own, so
        that what the machine did besides in one turn meets both its sides or is left out."""
        ratio = median(value / floor for value, floor in zip(values, floors, strict=True))
        floor = median(floors)
        self.figure(name, median(values), unit, floor=floor, target=target, at_most=at_most, ratio=ratio)

    def figure(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        floor: float | None,
        target: str,
        at_most: bool = False,
        ratio: float | None = None,
    ) -> None:
        """Print one figure. `target` is "0.7" for a ratio to the floor, or "=20" for an exact value; `ratio`
        is given where it is not that of the two values."""
        if ratio is None and floor:
            ratio = value / floor
        if target.startswith("="):
            ok = value == float(target[1:])
        else:
            measured = ratio if ratio is not None else value
            ok = measured <= float(target) if at_most else measured >= float(target)
        if not ok:
            self.missed.append(name)
        sign = "" if target.startswith("=") else ("≤ " if at_most else "≥ ")
        print(
            json.dumps(
                {
                    "name": name,
                    "value": _round(value),
                    "unit": unit,
                    "floor": _round(floor),
                    "ratio": _round(ratio),
                    "target": sign + target,
                    "ok": ok,
                },
                ensure_ascii=False,
            ),
            flush=True,
        )


def _round(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.4g}")
