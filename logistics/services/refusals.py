"""A carrier's words of refusal are kept without what it was told of a person; for ever only their code is."""

from __future__ import annotations

import re

from logistics.carrier_words import masked
from logistics.gateways.waybills import CarrierRefused, Place

NO_CODE, HIDDEN, KEPT = "no code", "…", 160
WINDOW = 4  # so many characters of a street in a row are a part of it, however the rest was spelt
_CODE = re.compile(r"[A-Za-z0-9_. -]{1,20}")
_HIDDEN = re.compile("\0+")


def code_of(refusal: CarrierRefused) -> str:
    """What events and cases hold of a refusal."""
    return refusal.number if _CODE.fullmatch(refusal.number) else NO_CODE


def words_of(refusal: CarrierRefused, receiver: Place | None) -> str:
    """What a colleague reads of it: without name, telephone and street of the receiver, in whatever spacing.

    Where it is not known what the carrier was told, it is the code alone.
    """
    if receiver is None:
        return code_of(refusal)
    text = refusal.why.replace("\0", "")
    street = "".join(receiver.street.split())
    parts = [street[at : at + WINDOW] for at in range(max(1, len(street) - WINDOW + 1))]
    hidden = set[int]()
    for part in (receiver.name, receiver.phone, street, *parts):
        spaced = r"\s*".join(re.escape(c) for c in "".join(part.split()))
        for found in re.finditer(f"(?={spaced})", text) if spaced else ():
            whole = re.compile(spaced).match(text, found.start())
            hidden.update(range(found.start(), whole.end() if whole else found.start()))
    left = "".join("\0" if at in hidden else c for at, c in enumerate(text))
    return masked(_HIDDEN.sub(HIDDEN, left))[:KEPT]
