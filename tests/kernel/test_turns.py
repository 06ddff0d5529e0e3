"""One at a time per key within a process; a failure frees the key, and nobody waits for ever."""

from __future__ import annotations

from threading import Thread

import pytest

from kernel.turns import _turns, turn


def beside(key: str, seconds: float, told: list[bool]) -> Thread:
    def work() -> None:
        with turn(key, seconds=seconds) as waited:
            told.append(waited)

    thread = Thread(target=work)
    thread.start()
    return thread


def test_the_second_waits_until_the_first_is_done_and_is_told_so():
    told: list[bool] = []
    with turn("one", seconds=5) as waited:
        second = beside("one", 30, told)
        second.join(0.2)
        assert (waited, told) == (False, [])
    second.join(30)
    assert told == [True]


def test_keys_do_not_wait_for_each_other():
    told: list[bool] = []
    with turn("one", seconds=5):
        beside("two", 30, told).join(30)
    assert told == [False]


def test_who_waits_too_long_goes_on_and_leaves_the_key_to_its_holder():
    told: list[bool] = []
    with turn("one", seconds=5):
        beside("one", 0.05, told).join(30)
        third = beside("one", 30, told)
        third.join(0.1)
        assert told == [True]
    third.join(30)
    assert told == [True, True]


def test_a_failure_frees_the_key_and_nothing_of_it_is_kept():
    with pytest.raises(ZeroDivisionError), turn("one", seconds=5):
        raise ZeroDivisionError
    with turn("one", seconds=5) as waited:
        assert waited is False
    assert "one" not in _turns
