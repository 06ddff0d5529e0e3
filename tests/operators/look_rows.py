"""One row of everything about how a shop looks."""

from __future__ import annotations

from typing import Any

from shopfront.models import Draft, Version
from tests.make_looks import look
from tests.make_tables import NOW


def look_rows(shop: Any, round: int) -> None:
    """The draft, and a published version more each round."""
    Draft.objects.get_or_create(
        storefront=shop, defaults={"content": look(), "edited_by": "someone", "edited_at": NOW}
    )
    Version.objects.create(
        storefront=shop, number=round + 1, content=look(), published_by="someone", published_at=NOW
    )
