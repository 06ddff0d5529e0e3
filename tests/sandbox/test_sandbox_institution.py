"""The sandbox's institution answers a file at its rate, seals it, and says what the bank credits."""

import hashlib
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import requests

HEAD = "batch,item,bop_code,net_yuan,currency\n"
FILE = HEAD + "S1,1,122030,250.00,EUR\nS1,2,122030,-50.00,EUR\ntotal,2,,200.00,EUR\n"
TODAY = datetime.now(timezone(timedelta(hours=8))).date().isoformat


def lines(told):
    return told["answer"].splitlines()


def test_every_item_is_settled_at_one_rate_and_the_answer_seals_itself_and_the_file(play):
    told = play("institution", file=FILE, rate="815.0000")
    *body, seal = lines(told)
    assert body == [
        "batch,item,status,rate,currency,foreign,settled_on,reason",
        f"S1,1,settled,815.0000,EUR,30.67,{TODAY()},",
        f"S1,2,settled,815.0000,EUR,-6.13,{TODAY()},",
    ]
    own = hashlib.sha256("".join(f"{one}\n" for one in body).encode()).hexdigest()
    assert seal == f"checksum,{own},{hashlib.sha256(FILE.encode()).hexdigest()}"
    assert (told["credit"]["amount"], told["credit"]["currency"]) == ("24.54", "EUR")


def test_its_own_rate_is_a_little_above_the_parity_whichever_way_that_is_quoted(play, base):
    page = requests.get(f"{base}/r/cms/www/chinamoney/data/fx/ccpr.json", timeout=9).json()
    prices = {one["vrtEName"]: Decimal(one["price"]) for one in page["records"]}
    parities = {"EUR": prices["EUR/CNY"] * 100, "JPY": prices["100JPY/CNY"], "SEK": 100 / prices["CNY/SEK"]}
    for currency, parity in parities.items():
        told = play("institution", file=FILE.replace("EUR", currency))
        assert Decimal(told["rate"]) == (parity * Decimal("1.002")).quantize(Decimal("0.0001"))


def test_what_it_refuses_is_not_credited(play):
    told = play("institution", file=FILE, rate="820", refuse=[2])
    assert lines(told)[2] == "S1,2,refused,,EUR,,,资料不符"
    assert told["credit"]["amount"] == "30.49"


def test_a_file_that_does_not_add_up_is_sent_back(play):
    for file in (
        "",
        HEAD,
        FILE.replace("200.00", "200.01"),
        FILE.replace("total,2", "total,3"),
        FILE.replace("S1,2,122030", "S1,2,121010"),
        FILE.replace("EUR", "XXX"),
    ):
        assert play.refused("institution", file=file).status_code == 400
    assert play.refused("institution", file=FILE, rate="-1").status_code == 400
