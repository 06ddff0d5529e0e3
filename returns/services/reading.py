"""What a consumer wrote and showed of a return, opened for a stated purpose; each look is recorded."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from compliance import vault
from kernel import files
from returns import labels
from returns.models import ReturnRequest


@dataclass(frozen=True, slots=True)
class Evidence:
    """The consumer's words, and each picture with its media type."""

    words: str
    pictures: tuple[tuple[str, bytes], ...]


def open_for(*, request: ReturnRequest, who: str, purpose: str, now: datetime) -> Evidence:
    """Raises VaultClosed once the key of the order is destroyed."""
    pictures = list(request.pictures.select_related("file").order_by("id"))
    words = [(labels.WORDS, request.public_id, bytes(request.words_sealed))] if request.words_sealed else []
    shown = [(labels.PICTURE, one.public_id, files.read(one.file)) for one in pictures]
    opened = vault.open_many_as(
        who=who,
        purpose=purpose,
        storefront_id=request.storefront_id,
        key=vault.unwrap(request.order.key),
        sealed=[*words, *shown],
        now=now,
    )
    texts = opened[len(words) :]
    return Evidence(
        words=opened[0] if words else "",
        pictures=tuple(
            (one.file.media_type, base64.b64decode(text)) for one, text in zip(pictures, texts, strict=True)
        ),
    )
