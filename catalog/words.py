"""The same words are found in a text and in a query, whatever the language, case, accent or width.

Chinese is cut by jieba's dictionary; single characters are kept beside the words, so that a query that cuts
elsewhere still finds. The vector and the query are written out lexeme by lexeme: no parser or locale of the
database has a say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

import rjieba

QUERY_WORDS = 16  # what one query may ask for at most; the rest is not looked at
_RUN = re.compile(r"[㐀-䶿一-鿿豈-﫿]+|[a-z]+|[0-9]+")
_WORD_BYTES = 200  # a lexeme of PostgreSQL holds 2,046 bytes; nothing that long is a word
_POSITIONS = 250  # PostgreSQL keeps 256 positions of one lexeme


def plain(text: str) -> str:
    """`text` with one form per letter: lower case, half width, no accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """Every word of `text` for the index, in order, Chinese words with the shorter words inside them."""
    return [word for word, _ in _words(text, for_index=True)]


def vector(*, a: str = "", b: str = "", c: str = "", d: str = "") -> str:
    """A tsvector literal of four texts, by falling weight; single Chinese characters weigh D everywhere."""
    seen: dict[str, list[str]] = {}
    position = 0
    for weight, text in (("A", a), ("B", b), ("C", c), ("D", d)):
        for word, whole in _words(text, for_index=True):
            position = min(position + 1, 16_000)  # PostgreSQL counts positions up to 16,383
            places = seen.setdefault(word, [])
            if len(places) < _POSITIONS:
                places.append(f"{position}{weight if whole else 'D'}")
    return " ".join(f"{_quote(word)}:{','.join(places)}" for word, places in seen.items())


def query(text: str) -> str:
    """A tsquery literal that asks for every word of `text`; the last one, if Latin, may be only begun.

    Empty when there is no word in `text`.
    """
    found = list(dict.fromkeys(_words(text, for_index=False)))[:QUERY_WORDS]
    parts = [_quote(word) for word, _ in found]
    if found and len(found[-1][0]) > 1 and found[-1][0].isascii() and plain(text)[-1:].isalnum():
        parts[-1] += ":*"
    return " & ".join(parts)


def _words(text: str, *, for_index: bool) -> Iterator[tuple[str, bool]]:
    """Each word with whether it is a whole word, not one character of a longer Chinese run."""
    for run in _RUN.findall(plain(text)):
        if run.isascii():
            yield _singular(run)[:_WORD_BYTES], True
        elif not for_index:
            yield from ((word, True) for word in rjieba.cut(run))
        else:
            yield from _chinese(run)


def _chinese(run: str) -> Iterator[tuple[str, bool]]:
    cut: Iterable[str] = [*rjieba.cut_for_search(run), *rjieba.cut(run)]
    whole = dict.fromkeys(word for word in cut if len(word.encode()) <= _WORD_BYTES)
    yield from ((word, True) for word in whole)
    yield from ((char, False) for char in dict.fromkeys(run) if char not in whole)


def _singular(word: str) -> str:
    """An English plural finds its singular; what this spoils, it spoils on both sides alike."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _quote(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
