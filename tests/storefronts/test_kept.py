"""What is kept of a storefront in a process is read anew by one thread, however many ask at that moment."""

import threading
import time

from storefronts import queries


def test_what_has_become_old_is_read_by_the_first_who_asks_and_by_nobody_else():
    queries.forget_kept()
    began, reads, got = threading.Barrier(4), [], []

    def read() -> str:
        reads.append(threading.get_ident())
        time.sleep(0.05)  # long enough for all others to ask meanwhile
        return "value"

    def ask() -> None:
        began.wait()
        got.append(queries._keep("test", 1, read, seconds=60))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert (got, len(reads)) == (["value"] * 4, 1)

    queries.forget_kept()
    queries._keep("test", 1, read, seconds=60)
    assert len(reads) == 2


def test_a_reading_that_fails_is_kept_by_nobody():
    queries.forget_kept()

    def fail() -> str:
        raise LookupError

    for _ in range(2):
        try:
            queries._keep("test", 2, fail)
        except LookupError:
            continue
        raise AssertionError("a failure was answered from what is kept")
    assert queries._keep("test", 2, lambda: "there") == "there"
