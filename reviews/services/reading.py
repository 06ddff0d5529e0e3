"""Words that are not shown open for a colleague with a stated purpose; each look is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from compliance import vault
from kernel import files
from reviews.models import ReviewWords

LOOKED = "reviews.words.text"


@dataclass(frozen=True, slots=True)
class Seen:
    """The words, and each picture with its media type."""

    text: str
    pictures: tuple[tuple[str, bytes], ...]


def open_for(*, words: ReviewWords, who: str, purpose: str, now: datetime) -> Seen:
    """The words and pictures, once the look is on record."""
    refs = [words.public_id]
    vault.looked(who=who, purpose=purpose, storefront_id=words.storefront_id, what=LOOKED, refs=refs, now=now)
    pictures = words.pictures.select_related("file")
    return Seen(words.text, tuple((one.file.media_type, files.read(one.file)) for one in pictures))
