"""A bill is believed when it hashes to what was signed, and taken when each of its lines can be read."""

import gzip
import hashlib
import io
import json
import re
from datetime import date, datetime
from urllib.parse import urlsplit

import pytest

from kernel.clock import SHANGHAI
from kernel.gateways import Unreachable
from wechat.errors import (
    NoStatement,
    OutcomeUnknown,
    StatementBroken,
    StatementNotReady,
    StatementUnreadable,
)
from wechat.gateways import gateway
from wechat.pay.bills import fund_bill, trade_bill
from wechat.pay.client import PayClient
from wechat.pay.statements import (
    FUND_COLUMNS,
    FUND_SUMMARY,
    TRADE_COLUMNS,
    TRADE_SUMMARY,
    fund_statement,
    trade_statement,
)

DAY = date(2026, 11, 25)
MCHID = "1900000109"
SALE = (
    "`2026-11-25 12:00:00,`wx2421b1c4370ec43b,`1900000109,`0,`,`4200001,`P26112500001,`oUser,`JSAPI,`SUCCESS,"
    "`OTHERS,`CNY,`120.5,`0.0,`0,`0,`0.0,`0.0,`,`,`咖啡豆, 250g, 深烘,`,`0.72000,`0.60%,`120.50,`0.0,`"
)
REFUND = (
    "`2026-11-25 13:00:00,`wx2421b1c4370ec43b,`1900000109,`0,`,`4200001,`P26112500001,`oUser,`JSAPI,`REFUND,"
    "`OTHERS,`CNY,`0.0,`0.0,`5030001,`R26112500001,`20.5,`0.0,`ORIGINAL,`PROCESSING,`咖啡豆,`,`-0.12,`0.60%,`0.0,"
    "`20.5,`"
)
SUMS = "`2,`120.5,`20.5,`0.0,`0.6,`120.5,`20.5"
MOVED = (
    "`2026-11-25 12:00:01,`4200001,`10001,`交易,`交易,`收入,`120.5,`1120.5,`system,`,`P26112500001",
    "`2026-11-25 12:00:02,`4200001,`10002,`扣除交易手续费,`扣除交易手续费,`支出,`0.72,`1119.78,`system,`,"
    "`P26112500001",
)


def file_of(*lines, bom=True):
    return (b"\xef\xbb\xbf" if bom else b"") + "".join(line + "\r\n" for line in lines).encode()


WHOLE = file_of(TRADE_COLUMNS, SALE, REFUND, TRADE_SUMMARY, SUMS)


def read(content):
    statement = trade_statement(io.BytesIO(content), mchid=MCHID, day=DAY)
    return list(statement), statement.told


@pytest.fixture
def client(server, merchant):
    return PayClient(merchant, server.url)


@pytest.fixture
def serves(server, platform):
    """`serves(content)` tells of a bill, properly signed, and hands `content` over without a signature."""

    def begin(content, *, sha1=None, url=None, status=200, **told):
        def answer(seen):
            path = urlsplit(seen.path).path
            if path == "/v3/billdownload/file":
                return status, {}, content
            body = json.dumps(
                {
                    "hash_type": "SHA1",
                    "hash_value": sha1 or hashlib.sha1(WHOLE).hexdigest(),
                    "download_url": url or f"{server.url}/v3/billdownload/file?token=t%2F1",
                    **told,
                }
            ).encode()
            return 200, platform.sign(body), body

        server.answer = answer

    return begin


@pytest.mark.parametrize("content", [WHOLE, gzip.compress(WHOLE)], ids=["plain", "gzip"])
def test_the_file_arrives_uncompressed_and_as_hashed_whether_packed_or_not(client, serves, server, content):
    serves(content)
    into = io.BytesIO()
    assert trade_bill(client, day=DAY, into=into) == hashlib.sha1(WHOLE).hexdigest()
    assert into.read() == WHOLE
    asked, fetched = server.seen
    assert asked.path == "/v3/bill/tradebill?bill_date=2026-11-25&bill_type=ALL&tar_type=GZIP"
    assert fetched.path == "/v3/billdownload/file?token=t%2F1"
    assert re.match(r'WECHATPAY2-SHA256-RSA2048 .*mchid="1900000109"', fetched.headers["Authorization"])


def test_the_movements_of_an_account_are_asked_for_by_its_name(client, serves, server):
    serves(gzip.compress(WHOLE))
    fund_bill(client, day=DAY, account="BASIC", into=io.BytesIO())
    assert (
        server.seen[0].path == "/v3/bill/fundflowbill?bill_date=2026-11-25&account_type=BASIC&tar_type=GZIP"
    )
    with pytest.raises(ValueError, match="account"):
        fund_bill(client, day=DAY, account="SAVINGS", into=io.BytesIO())


def test_a_file_that_hashes_to_something_else_is_not_taken(client, serves):
    serves(gzip.compress(WHOLE), sha1="0" * 40)
    with pytest.raises(StatementBroken) as refused:
        trade_bill(client, day=DAY, into=io.BytesIO())
    assert refused.value.reason == "its SHA-1 is another one"


def test_half_a_packed_file_is_not_taken(client, serves):
    serves(gzip.compress(WHOLE)[:-20])
    with pytest.raises(StatementBroken) as refused:
        trade_bill(client, day=DAY, into=io.BytesIO())
    assert refused.value.reason == "it does not unpack"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/v3/billdownload/file",
        "http://169.254.169.254/latest/meta-data",
        "https://api.mch.weixin.qq.com/v3/billdownload/file",
        "file:///etc/passwd",
        "{base}.evil.example/v3/billdownload/file",
        "{scheme}://user@{netloc}/v3/billdownload/file",
        "{base}/v3/billdownload/file#fragment",
        "//x/y",
    ],
)
def test_an_address_anywhere_else_is_never_called(client, serves, server, url):
    base = urlsplit(server.url)
    serves(WHOLE, url=url.format(base=server.url, scheme=base.scheme, netloc=base.netloc))
    with pytest.raises(StatementBroken) as refused:
        trade_bill(client, day=DAY, into=io.BytesIO())
    assert refused.value.reason == "the address lies elsewhere"
    assert len(server.seen) == 1


def test_another_hash_than_sha1_is_not_relied_on(client, serves):
    serves(WHOLE, hash_type="MD5")
    with pytest.raises(StatementBroken):
        trade_bill(client, day=DAY, into=io.BytesIO())


def test_an_address_that_has_died_is_no_bill_and_no_empty_day(client, serves):
    serves(b"{}", status=403)
    with pytest.raises(OutcomeUnknown) as unknown:
        trade_bill(client, day=DAY, into=io.BytesIO())
    assert unknown.value.reason == "download: HTTP 403"


@pytest.mark.parametrize(
    ("code", "error"), [("NO_STATEMENT_EXIST", NoStatement), ("STATEMENT_CREATING", StatementNotReady)]
)
def test_an_empty_day_and_a_bill_in_the_making_are_told_apart(client, server, platform, code, error):
    body = json.dumps({"code": code, "message": "账单文件不存在"}).encode()
    server.answer = lambda seen: (400, platform.sign(body), body)
    with pytest.raises(error):
        trade_bill(client, day=DAY, into=io.BytesIO())


def test_a_download_longer_than_allowed_ends_and_counts_as_no_answer(server):
    server.answer = lambda seen: (200, {}, b"x" * 100_000)
    into = io.BytesIO()
    with pytest.raises(Unreachable) as ended:
        gateway("wechat_pay", server.url).download("/big", headers={}, into=into, most=70_000, seconds=5)
    assert ended.value.reason == "TooLong"
    assert len(into.getvalue()) <= 70_000


def test_sales_and_refunds_are_read_to_the_fen_with_commas_in_the_names_of_goods():
    (sale, refund), told = read(WHOLE)
    assert (sale.line, sale.kind, sale.transaction_id, sale.out_trade_no) == (
        2,
        "sale",
        "4200001",
        "P26112500001",
    )
    assert sale.at == datetime(2026, 11, 25, 12, 0, tzinfo=SHANGHAI)
    assert (sale.order_fen, sale.settled_fen, sale.fee_fen, sale.rate_ppm) == (12050, 12050, 72, 6000)
    assert (sale.refund_id, sale.out_refund_no, sale.refund_fen) == ("", "", 0)
    assert (refund.line, refund.kind, refund.refund_id, refund.out_refund_no) == (
        3,
        "refund",
        "5030001",
        "R26112500001",
    )
    assert (refund.refund_fen, refund.refund_asked_fen, refund.fee_fen, refund.refund_state) == (
        2050,
        2050,
        -12,
        "PROCESSING",
    )
    assert told == {
        "总交易单数": 2,
        "应结订单总金额": 12050,
        "退款总金额": 2050,
        "充值券退款总金额": 0,
        "手续费总金额": 60,
        "订单总金额": 12050,
        "申请退款总金额": 2050,
    }


def test_a_file_without_the_byte_order_mark_and_with_bare_line_feeds_reads_the_same():
    assert read(WHOLE[3:].replace(b"\r\n", b"\n")) == read(WHOLE)


@pytest.mark.parametrize(
    ("lines", "line", "issue"),
    [
        ([TRADE_COLUMNS.replace("手续费,", "")], 1, "other column names than documented"),
        ([TRADE_COLUMNS, SALE + ",`more", TRADE_SUMMARY, SUMS], 2, "28 values instead of 27"),
        ([TRADE_COLUMNS, SALE.rsplit(",`", 1)[0], TRADE_SUMMARY, SUMS], 2, "26 values instead of 27"),
        ([TRADE_COLUMNS, SALE.replace("`120.50", "`120.505")], 2, "订单金额 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("`120.50", "`-1.00")], 2, "订单金额 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("`120.50", "`1e3")], 2, "订单金额 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("`120.50", "`１２０")], 2, "订单金额 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("0.60%", "0.60")], 2, "费率 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("SUCCESS", "PAYERROR")], 2, "交易状态 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("1900000109", "1900000110")], 2, "商户号 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("11-25 12", "13-25 12")], 2, "交易时间 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("2026-11-25", "2099-12-31")], 2, "交易时间 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("2026-11-25", "2024-02-29")], 2, "交易时间 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("2026-11-25", "2026-11-23")], 2, "交易时间 is not of its form"),
        ([TRADE_COLUMNS, SALE, REFUND.replace("2026-11-25", "2026-11-27")], 3, "交易时间 is not of its form"),
        ([TRADE_COLUMNS, SALE.replace("4200001", "4" * 33)], 2, "微信订单号 is not of its form"),
        ([TRADE_COLUMNS, SALE, REFUND.replace("`5030001", "`")], 3, "微信退款单号 is not of its form"),
        ([TRADE_COLUMNS, SALE, REFUND], 4, "the file ends too early"),
        ([TRADE_COLUMNS, SALE, TRADE_SUMMARY], 4, "the file ends too early"),
        ([TRADE_COLUMNS, SALE, "总数", SUMS], 3, "other column names than documented"),
        ([TRADE_COLUMNS, SALE, TRADE_SUMMARY, "`1,`2"], 4, "2 values instead of 7"),
        (
            [TRADE_COLUMNS, SALE, TRADE_SUMMARY, SUMS.replace("`2,", "`two,")],
            4,
            "总交易单数 is not of its form",
        ),
        ([TRADE_COLUMNS, SALE, TRADE_SUMMARY, SUMS, SALE], 5, "something follows the summary"),
        ([TRADE_COLUMNS, "`" + "x" * 20_000], 2, "the line is too long"),
        ([], 1, "other column names than documented"),
        ([TRADE_COLUMNS], 2, "the file ends too early"),
    ],
)
def test_a_line_that_cannot_be_read_makes_the_bill_unreadable_and_is_named(lines, line, issue):
    with pytest.raises(StatementUnreadable) as refused:
        read(file_of(*lines))
    assert (refused.value.line, refused.value.issue) == (line, issue)


def test_bytes_that_are_not_utf_8_make_the_bill_unreadable():
    with pytest.raises(StatementUnreadable) as refused:
        read(file_of(TRADE_COLUMNS) + "`咖啡\n".encode("gb18030"))
    assert (refused.value.line, refused.value.issue) == (2, "not UTF-8")


def test_movements_are_read_with_their_sign_and_balance():
    statement = fund_statement(
        io.BytesIO(file_of(FUND_COLUMNS, *MOVED, FUND_SUMMARY, "`2,`1,`120.5,`1,`0.72")), day=DAY
    )
    came, left = list(statement)
    assert (came.flow_id, came.business_type, came.amount_fen, came.balance_fen) == (
        "10001",
        "交易",
        12050,
        112050,
    )
    assert (left.flow_id, left.amount_fen, left.balance_fen, left.voucher) == (
        "10002",
        -72,
        111978,
        "P26112500001",
    )
    assert statement.told == {
        "资金流水总笔数": 2,
        "收入笔数": 1,
        "收入金额": 12050,
        "支出笔数": 1,
        "支出金额": 72,
    }


def test_a_day_apart_and_the_longest_number_are_read_and_so_is_the_refund_of_an_old_payment():
    sale = SALE.replace("2026-11-25", "2026-11-24").replace("4200001", "4" * 32)
    refund = REFUND.replace("2026-11-25", "2026-01-25")
    rows, _ = read(file_of(TRADE_COLUMNS, sale, refund, TRADE_SUMMARY, SUMS))
    assert [(row.kind, f"{row.at:%F}") for row in rows] == [("sale", "2026-11-24"), ("refund", "2026-01-25")]
    assert rows[0].transaction_id == "4" * 32


@pytest.mark.parametrize("day", ["2026-11-23", "2026-11-27", "2099-12-31"])
def test_a_movement_of_another_day_is_unreadable(day):
    lines = (FUND_COLUMNS, MOVED[0].replace("2026-11-25", day))
    with pytest.raises(StatementUnreadable) as refused:
        list(fund_statement(io.BytesIO(file_of(*lines)), day=DAY))
    assert (refused.value.line, refused.value.issue) == (2, "记账时间 is not of its form")


def test_a_movement_that_neither_came_nor_left_is_unreadable():
    lines = (FUND_COLUMNS, MOVED[0].replace("收入", "冻结"))
    with pytest.raises(StatementUnreadable) as refused:
        list(fund_statement(io.BytesIO(file_of(*lines)), day=DAY))
    assert (refused.value.line, refused.value.issue) == (2, "收支类型 is not of its form")
