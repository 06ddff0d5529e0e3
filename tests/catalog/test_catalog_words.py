"""Words are the same on both sides of a search."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from catalog import words


def test_a_chinese_word_brings_the_shorter_words_inside_it() -> None:
    assert words.words("玫瑰精华液")[:3] == ["玫瑰", "精华", "精华液"]


def test_case_accent_width_and_plural_do_not_matter() -> None:
    assert words.words("ROSÉE ｌｉｐｓｔｉｃｋｓ glass") == ["rosee", "lipstick", "glass"]


def test_digits_and_letters_part_so_that_50ml_finds_50_ml() -> None:
    assert words.words("50ml") == words.words("50 ML") == ["50", "ml"]


def test_weights_stand_by_the_lexemes_and_single_characters_weigh_least() -> None:
    assert words.vector(a="面霜", d="rose") == "'面霜':1A '面':2D '霜':3D 'rose':4D"


def test_the_last_latin_word_of_a_query_may_be_only_begun() -> None:
    assert words.query("玫瑰 ser") == "'玫瑰' & 'ser':*"
    assert words.query("ser ") == "'ser'"
    assert words.query("serum 玫瑰") == "'serum' & '玫瑰'"


def test_a_text_without_words_asks_for_nothing() -> None:
    assert words.query("!? ・") == ""
    assert words.vector(a="--") == ""


def test_a_query_looks_at_sixteen_words_at_most() -> None:
    assert (
        words.query(" ".join(f"w{chr(97 + n)}" for n in range(26)) + " ").count("&") == words.QUERY_WORDS - 1
    )


@pytest.mark.django_db
@given(st.text(max_size=200))
def test_what_was_indexed_is_found_by_itself_whatever_it_is(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [words.vector(a=text), words.query(text)])
        assert cursor.fetchone() == (words.query(text) != "",)
