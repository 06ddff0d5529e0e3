"""One plain value in every spelling in which it might lie about: spaced, escaped, in hex or in base64.

What is searched is folded first (letters small; spaces, hyphens, backslashes and percent signs gone), so that
one pattern stands for many spellings. Base64 is looked for unfolded, at each of its three alignments, without
the letters at its ends that depend on what stands beside: a value that differs in its last bits is met too.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from compliance import masking

AWAY = " -\\%"
FEWEST_BASE64 = 7  # 42 bits: shorter pieces would be met by chance
FEWEST_CHINESE, FEWEST_LETTERS = 2, 5


@dataclass(frozen=True)
class Plain:
    """What to look for, never shown but for `masked`."""

    masked: str
    folded: tuple[str, ...] = field(repr=False)  # in folded text
    exact: tuple[str, ...] = field(repr=False)  # in text as it is
    raw: tuple[bytes, ...] = field(repr=False)  # in bytes as they are

    def is_in(self, text: str) -> bool:
        """Whether any spelling is in `text`; bytes of a database come as its hex."""
        small = fold(text)
        return any(one in small for one in self.folded) or any(one in text for one in self.exact)

    def is_in_bytes(self, data: bytes) -> bool:
        """Whether any spelling is in `data`."""
        small = data.lower().translate(None, AWAY.encode())
        return (
            any(one.encode() in small for one in self.folded)
            or any(one.encode() in data for one in self.exact)
            or any(one in data for one in self.raw)
        )


def fold(text: str) -> str:
    """As the database folds: ASCII letters small, and what may stand between characters gone."""
    return text.translate(_FOLD)


def plain(value: str) -> Plain:
    """The spellings of a name, a phone or an identity number; ValueError when it is too short to tell."""
    value = unicodedata.normalize("NFKC", value).strip()
    compact = re.sub(r"[\s-]", "", value)
    if phone := re.fullmatch(r"(?:\+|00)?(?:86)?(1\d{10})", compact):
        number = phone[1]
        return _plain(masking.phone(number), number, spaced=[(3, 7), ()])
    if re.fullmatch(r"\d{17}[\dXx]", compact):
        return _plain(masking.id_number(compact.upper()), compact.upper(), spaced=[(6, 14), ()])
    fewest = FEWEST_LETTERS if value.isascii() else FEWEST_CHINESE
    if len(compact) < fewest:
        raise ValueError(f"a value of {len(compact)} characters is too short to be told apart")
    return _plain(masking.name(value), value, spaced=[()])


def _plain(masked: str, value: str, *, spaced: list[tuple[int, ...]]) -> Plain:
    written = {value, value.lower()}
    for cuts in spaced:
        for gap in " -":
            pieces = [value[a:b] for a, b in zip((0, *cuts), (*cuts, None), strict=True)]
            written.add(gap.join(pieces))
    escaped = json.dumps(value)[1:-1]
    entities = ("".join(f"&#{ord(c)};" for c in value), "".join(f"&#x{ord(c):x};" for c in value))
    cores = sorted({core for one in (value, value.lower(), escaped) for core in _base64(one.encode())})
    in_bytes = [
        *(one.encode() for one in written),
        escaped.encode(),
        escaped.upper().replace("\\U", "\\u").encode(),
    ]
    in_bytes += [core.encode() for core in cores]
    gbk = value.encode("gb18030")
    folded = {
        value,
        escaped,
        quote(value),
        quote_plus(value),
        *entities,
        *(one.hex() for one in in_bytes),
        gbk.hex(),
    }
    return Plain(
        masked, tuple(sorted({fold(one) for one in folded})), tuple(cores), (gbk, value.encode("utf-16-le"))
    )


def _base64(data: bytes) -> list[str]:
    """The part of its base64 that does not depend on what stands before and after."""
    cores = []
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data).decode()
        core = text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(core) >= FEWEST_BASE64:
            cores += [core, core.translate(str.maketrans("+/", "-_"))]
    return cores


_FOLD = str.maketrans({**{chr(c): chr(c + 32) for c in range(65, 91)}, **dict.fromkeys(AWAY, "")})
