"""A picture of the shop as it may be shown: encoded anew, at the size of its use, and never taken away.

Versions that were published name it, and an earlier one may be brought back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from catalog.services.pictures import BadPicture
from kernel import pictures
from storefronts.models import Storefront


@dataclass(frozen=True, slots=True)
class Use:
    """The longest side of the picture and of its thumbnail; `clear` ones may be transparent."""

    side: int
    thumbnail: int
    clear: bool


USES = {
    "logo": Use(640, 320, clear=True),
    "banner": Use(1500, 750, clear=False),
    "grid": Use(400, 200, clear=True),
    "icon": Use(162, 81, clear=True),  # WeChat draws tab icons at 81
}


def keep_picture(*, storefront_id: int, use: str, name: str, content: bytes) -> dict[str, Any]:
    """Store an upload called `name`; returns it as a look names it. Raises BadPicture."""
    code = Storefront.objects.values_list("code", flat=True).get(pk=storefront_id)
    how = USES[use]
    try:
        kept = pictures.store(
            f"shopfront/{code}", content, side=how.side, thumbnail=how.thumbnail, clear=how.clear
        )
    except ValueError as failure:
        raise BadPicture(name=name[:80]) from failure
    return asdict(kept)
