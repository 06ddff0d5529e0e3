"""What is taken back and asked for anew is told to customs once: tax and the year come back all the same."""

from __future__ import annotations

import pytest

from kernel.models import Case
from returns.services.arrive import receive
from returns.services.decide import withdraw
from tests.customs.test_declaring import port, ready  # noqa: F401 -- fixtures
from tests.payments.conftest import wechat, world  # noqa: F401
from tests.returns import parts
from tests.returns.parts import asked, graded, wish
from tests.returns.test_customs import DAY, allowance, delivered, filing_of, restored, says, sent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("pieces", "passed"), [(2, True), (1, False)])
def test_what_customs_was_told_of_for_one_that_is_over_is_the_next_ones(port, ready, pieces, passed):  # noqa: F811
    order, at = ready
    first = delivered(port, order, at)
    parts.had(order, first + 27 * DAY)
    at = first + 28 * DAY
    used = allowance()["used"]
    row = asked(order, wish(2), at=at)
    filing = filing_of(row)
    withdraw(request=row, by="consumer", now=at)
    at = says(port, "CEB626Message", filing, at, "399")
    anew = sent(asked(order, wish(pieces), at=at, key="k-2"), at)
    at += DAY
    receive(request=anew, by="op", now=at)
    graded(anew, at)
    for one in (row, anew):
        one.refresh_from_db()
    open_cases = set(Case.objects.filter(state="open").values_list("kind", flat=True))
    if passed:
        assert (row.return_no, anew.return_no, anew.restorable) == ("", filing.key, True)
        assert (restored(), open_cases) == ([used], set())
    else:  # it is another return, and customs has the pieces in the first one
        assert (row.return_no, anew.return_no, restored()) == (filing.key, "", [])
        assert {"return.not_all_there", "return.not_declared"} <= open_cases
