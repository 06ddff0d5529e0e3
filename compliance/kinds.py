"""What goods are by their mark or by their commodity code: one answer for the rules and for every page."""

from __future__ import annotations

from compliance.law import Law


def eaten(*, marked: bool, hs_code: str, law: Law) -> bool:
    """Whether goods are food before the law: an item's own mark only adds to what its code says."""
    return marked or hs_code.startswith(law.figure("goods/food_codes"))


def for_adults(*, marked: bool, hs_code: str, law: Law) -> bool:
    """Whether goods are sold to adults alone: an item's own mark only adds to what its code says."""
    return marked or hs_code.startswith(law.figure("goods/adult_only_codes"))
