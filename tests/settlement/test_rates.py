"""The central parity enters once a workday, as it was published; what cannot be right is a case."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from django.db import ProgrammingError, connection, transaction

from compliance.models import ReferenceRate
from kernel.models import Case
from settlement.gateways.cfets import central_parity
from settlement.gateways.cfets.central_parity import Unreadable
from settlement.models import RatePublication
from settlement.services.rates import fetch_rates, keep_rates
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
FRIDAY = date(2026, 11, 20)
AT_9_20 = datetime(2026, 11, 20, 1, 20, tzinfo=UTC)


def page(stamp: str = "2026-11-20 9:15", code: str = "200", **prices: object) -> bytes:
    pairs = {"USD/CNY": "7.0512", "100JPY/CNY": "4.5678", "CNY/KRW": "203.50", **prices}
    return orjson.dumps(
        {
            "head": {"rep_code": code},
            "data": {"lastDate": stamp},
            "records": [{"vrtEName": pair, "price": price} for pair, price in pairs.items()],
        }
    )


@pytest.fixture
def cfets(provider, settings):
    """The stand-in, on the clock of the test's own day."""
    settings.CFETS_BASE = provider.url
    return provider


def workday() -> datetime:
    """Noon in Shanghai of the weekday whose rates the stand-in has published last, at 9:15 of its clock."""
    at = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0)
    if at - timedelta(hours=2, minutes=45) > datetime.now(UTC):
        at -= timedelta(days=1)
    while at.weekday() >= 5:
        at -= timedelta(days=1)
    return at


def test_a_page_is_read_as_yuan_for_a_hundred_units_whichever_way_it_is_quoted():
    parity = central_parity.read(page(**{"CNY/MOP": "---"}))
    assert parity.published_at == datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
    assert parity.cny_per_100 == {
        "USD": Decimal("705.1200"),
        "JPY": Decimal("4.5678"),
        "KRW": Decimal("0.4914"),
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "not JSON"),
        (b"[]", "no head"),
        (b'{"head": {}, "data": {}, "records": {}}', "no records"),
        (page(code="500"), "rep_code '500'"),
        (page(stamp="20/11/2026"), "lastDate '20/11/2026'"),
        (page(stamp="2026-02-30 9:15"), "lastDate '2026-02-30 9:15'"),
        (page(**{"EUR/USD": "1.0800"}), "pair 'EUR/USD'"),
        (page(**{"CNY/USD": "0.1418"}), "USD twice"),
        (page(**{"EUR/CNY": 8.2}), "price 8.2 of EUR/CNY"),
        (page(**{"EUR/CNY": "0.0000"}), "price '0.0000' of EUR/CNY"),
        (page(**{"EUR/CNY": "-8.2000"}), "price '-8.2000' of EUR/CNY"),
        (page(**{"EUR/CNY": "8,2000"}), "price '8,2000' of EUR/CNY"),
        (page(**{"USD/CNY": "---"}), "no USD"),
    ],
)
def test_what_is_no_page_of_rates_is_no_rate(body, reason):
    with pytest.raises(Unreadable) as said:
        central_parity.read(body)
    assert said.value.reason == reason


def test_a_day_is_kept_once_with_its_source_and_time(settings):
    body = page()
    kept = {"parity": central_parity.read(body), "source": "https://cfets.test/ccpr.json", "now": AT_9_20}
    assert (keep_rates(**kept), keep_rates(**kept)) == (True, False)
    day = RatePublication.objects.get()
    assert (day.day, day.published_at, day.fetched_at) == (
        FRIDAY,
        datetime(2026, 11, 20, 1, 15, tzinfo=UTC),
        AT_9_20,
    )
    assert (day.sha256, day.source) == (hashlib.sha256(body).hexdigest(), "https://cfets.test/ccpr.json")
    assert day.rates == {"USD": "705.1200", "JPY": "4.5678", "KRW": "0.4914"}
    rate = ReferenceRate.objects.get(currency="USD")
    assert (rate.first_day, rate.cny_per_100, rate.confidence) == (FRIDAY, Decimal("705.1200"), "C")
    assert rate.source == "中国外汇交易中心 人民币汇率中间价 2026-11-20 09:15"


def test_a_rate_that_was_loaded_by_hand_for_the_day_stays():
    ReferenceRate.objects.create(
        currency="USD", first_day=FRIDAY, cny_per_100=706, source="x", confidence="C", checked_on=FRIDAY
    )
    assert keep_rates(parity=central_parity.read(page()), source="x", now=AT_9_20) is True
    assert ReferenceRate.objects.get(currency="USD").cny_per_100 == 706
    assert ReferenceRate.objects.filter(first_day=FRIDAY).count() == 3


def test_a_rate_that_jumps_by_more_than_a_tenth_is_a_case_and_none_is_taken():
    ReferenceRate.objects.create(
        currency="USD",
        first_day=date(2026, 11, 19),
        cny_per_100=641,
        source="x",
        confidence="C",
        checked_on=FRIDAY,
    )
    assert keep_rates(parity=central_parity.read(page()), source="x", now=AT_9_20) is False
    assert (RatePublication.objects.count(), ReferenceRate.objects.count()) == (0, 1)
    assert Case.objects.get(kind="forex.rates_jumped").facts == {
        "day": "2026-11-20",
        "USD": "641.0000 → 705.1200",
    }
    ReferenceRate.objects.update(cny_per_100=642)  # 641.02 is the least from which 705.12 is no jump
    assert keep_rates(parity=central_parity.read(page()), source="x", now=AT_9_20) is True


def test_four_fetchers_at_once_keep_one_day():
    parity = central_parity.read(page())
    results = at_once([lambda: keep_rates(parity=parity, source="x", now=AT_9_20)] * 4)
    assert sorted(results) == [False, False, False, True]
    assert ReferenceRate.objects.count() == 3


def test_the_day_is_fetched_from_the_other_side_and_only_once(cfets):
    noon = workday()
    assert fetch_rates(now=noon) is True
    assert fetch_rates(now=noon) is False
    assert RatePublication.objects.get().rates.keys() >= {"USD", "EUR", "JPY", "KRW"}
    assert Case.objects.count() == 0


@pytest.mark.parametrize(
    "now", [datetime(2026, 11, 20, 1, 14, tzinfo=UTC), datetime(2026, 11, 21, 4, tzinfo=UTC)]
)
def test_before_it_is_published_and_on_saturdays_nobody_is_asked(settings, now):
    settings.CFETS_BASE = "http://127.0.0.1:9"  # nobody answers there
    assert fetch_rates(now=now) is False
    assert Case.objects.count() == 0


def test_that_nobody_answers_is_a_case_from_noon_on(settings):
    settings.CFETS_BASE = "http://127.0.0.1:9"
    assert fetch_rates(now=AT_9_20) is False
    assert Case.objects.count() == 0
    assert fetch_rates(now=AT_9_20 + timedelta(hours=3)) is False
    assert Case.objects.get().facts == {"day": "2026-11-20", "reason": "ConnectionError"}


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("garbled", "forex.rates_unreadable"), ("500", "forex.rates_missing")],
)
def test_what_goes_wrong_on_the_other_side_is_a_case_and_mended_by_the_next_fetch(cfets, mode, kind):
    noon = workday()
    cfets.control("switches", call="rates", mode=mode)
    assert fetch_rates(now=noon) is False
    assert [case.kind for case in Case.objects.all()] == [kind]
    assert RatePublication.objects.count() == 0
    assert fetch_rates(now=noon + timedelta(minutes=15)) is True
    case = Case.objects.get()
    assert (case.state, case.settled_by, case.note) == ("settled", "system", "the rates of the day are there")


def test_a_day_on_which_nothing_is_published_is_no_case_as_it_may_be_a_holiday(cfets):
    noon = workday()
    cfets.control("switches", call="rates", mode="old")
    assert fetch_rates(now=noon) is False
    assert (RatePublication.objects.count(), Case.objects.count()) == (0, 0)
    assert fetch_rates(now=noon + timedelta(minutes=15)) is True


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize("act", ["UPDATE {} SET rates = rates", "DELETE FROM {}"])
def test_nobody_who_serves_rewrites_what_was_published(role, act):
    with (
        connection.cursor() as cursor,
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(act.format("settlement_ratepublication"))


def test_the_worker_keeps_rates_with_the_rights_that_are_left():
    parity = central_parity.read(page())
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        try:
            assert keep_rates(parity=parity, source="s", now=AT_9_20) is True
            assert keep_rates(parity=parity, source="s", now=AT_9_20) is False
        finally:
            cursor.execute("RESET ROLE")
    assert ReferenceRate.objects.get(currency="USD").cny_per_100 == Decimal("705.1200")


def test_the_web_keeps_none():
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE web")
        try:
            with pytest.raises(ProgrammingError, match="denied for table settlement_ratepublication"):
                keep_rates(parity=central_parity.read(page()), source="s", now=AT_9_20)
        finally:
            cursor.execute("RESET ROLE")
    assert (RatePublication.objects.count(), ReferenceRate.objects.count()) == (0, 0)
