"""Customs: order messages built, checked and signed on one core, and receipts taken in one by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic, process_time

import psutil
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection

from bench import stage
from bench.ordering import place, requests_of
from bench.report import Report
from customs.ceb.message import Document, Message, Value
from customs.ceb.write import to_bytes, write
from customs.documents.build import NEW, order_document
from customs.documents.facts import Consignee, Line, Orderer, Party, Payment, Place, Trade, Waybill
from customs.models import Declaration, Filing, PortAccount
from customs.services.filing import new_guid
from customs.services.receiving import take_in
from customs.signing.envelope import sign
from customs.signing.keys import RsaSigner, Signer, Sm2Signer
from orders.models import Order
from storefronts.models import Storefront

MESSAGES, SETTLED, OF_SM2, ORDERS, CLIENTS = 10_000, 1_000, 500, 500, 8
MEGABYTE = 1 << 20
TRANSFER: dict[str, Value] = {
    "copCode": "3302W0F06T",
    "copName": "申报企业",
    "dxpMode": "DXP",
    "dxpId": "DXPENT0000012345",
}
_LISTED = """
ALTER TABLE orders_order DISABLE TRIGGER USER;
UPDATE orders_order SET state = 'paid', paid_at = placed_at, out_trade_no = number,
    transaction_id = number, gate = 'with_customs' WHERE id = ANY(%s::bigint[]);
ALTER TABLE orders_order ENABLE TRIGGER USER
"""


def messages(report: Report, now: datetime) -> None:
    """10,000 messages of one order of five lines each: CPU of this process, and what it grew by."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signer, process = RsaSigner(key, "0001", "TUlJ"), psutil.Process()
    began = process_time()
    _made(signer, SETTLED, now)
    before = process.memory_info().rss
    _made(signer, MESSAGES - SETTLED, now)
    seconds = process_time() - began
    grown = max(process.memory_info().rss - before, 0) / MEGABYTE
    report.figure("customs_10k_messages", seconds, "s CPU, RSA-SHA1", floor=None, target="60", at_most=True)
    report.figure(
        "customs_messages_memory",
        grown,
        "MB more after 10,000 than 1,000",
        floor=None,
        target="8",
        at_most=True,
    )
    began = process_time()
    _made(Sm2Signer(bytes(31) + b"\x07", "0002", "TUlJ"), OF_SM2, now)
    ms = (process_time() - began) / OF_SM2 * 1000
    report.figure("customs_message_sm2", ms, "ms CPU a message", floor=None, target="20", at_most=True)


def _made(signer: Signer, count: int, now: datetime) -> None:
    for n in range(count):
        document = order_document(trade=_trade(n), guid=new_guid(), app_type=NEW, now=now)
        root = write(Message("CEB311Message", new_guid(), (document,), TRANSFER))
        sign(root, signer)
        assert to_bytes(root).endswith(b"CEB311Message>")


def _trade(n: int) -> Trade:
    lines = tuple(
        Line(
            position=place,
            sku=f"SKU-{n}-{place}",
            name="玫瑰焕亮精华液",
            specification="品牌:欧贝兰;规格:30ml",
            hs_code="3304990039",
            origin="305",
            bar_code="3600000000000",
            quantity=3,
            goods_fen=25_000,  # does not divide: two lines
            unit="140",
            unit1="035",
            quantity1=Decimal("0.03"),
            unit2="",
            quantity2=None,
            weight_g=120,
            item_record="",
        )
        for place in range(5)
    )
    firm = Party("4403169D3W", "财付通支付科技有限公司")
    return Trade(
        number=f"2611271234567890{n:06d}",
        transaction_id=f"42000000{n:020d}",
        trade_mode="1210",
        goods_fen=125_000,
        freight_fen=0,
        discount_fen=0,
        duty_fen=0,
        vat_fen=11_375,
        excise_fen=0,
        platform=Party("3302W0B02P", "电商平台"),
        seller=Party("3302W0A01P", "电商企业"),
        payment_firm=firm,
        declarant=Party("3302W0F06T", "申报企业"),
        guarantor=Party("3302W0F06T", "申报企业"),
        orderer=Orderer("u", "测试用户", "110101199003070011", "13800138000"),
        consignee=Consignee("测试用户", "13800138000", "上海市浦东新区示例路1号", "310115"),
        lines=lines,
        payment=Payment("", 136_375, "succeeded", "same", "3302W0B02P"),
        waybill=Waybill("SF1000000000001", Party("3302W0E05L", "物流企业"), 2_000, 1),
        place=Place("3105", "3104", "Y", "142", "", "T3105W000077", Party()),
    )


def receipts(report: Report, account: PortAccount, cop_nos: list[str], now: datetime) -> None:
    """Acceptance (120) and release (800) of 500 lists, each a message of its own, by one process."""
    raws = [
        _receipt(cop_no, n, status, now + timedelta(seconds=later))
        for later, status in ((1, "120"), (2, "800"))
        for n, cop_no in enumerate(cop_nos)
    ]
    began = monotonic()
    for raw in raws:
        take_in(account=account, raw=raw, now=now)
    seconds = monotonic() - began
    released = Declaration.objects.filter(account=account, state="released").count()
    report.figure("customs_receipts", len(raws) / seconds, "receipts/s", floor=None, target="100")
    report.figure("customs_released", released, "lists", floor=None, target=f"={ORDERS}")


def declared(port: int, buyers: list[stage.Buyer], now: datetime) -> tuple[PortAccount, list[str]]:
    """500 orders whose lists are with customs, by our numbers of them."""
    last = Order.objects.order_by("-id").values_list("id", flat=True).first() or 0
    place(port, requests_of(buyers, ORDERS, now), CLIENTS)
    orders = list(Order.objects.filter(id__gt=last).order_by("id"))
    with connection.cursor() as cursor:
        for statement in _LISTED.split(";"):
            cursor.execute(statement, [[one.pk for one in orders]] if "%s" in statement else None)
    shop = Storefront.objects.select_related("key").get(appid=stage.APPID)
    account = PortAccount.objects.create(
        storefront=shop, customs_code="3105", port_code="3104", traffic="Y", dxp_id="DXP", signer="machine"
    )
    account.storefront = shop
    made = Declaration.objects.bulk_create(
        Declaration(
            storefront=shop,
            order=one,
            account=account,
            number=one.number,
            state="listed",
            cop_no=f"BENCH{n:015d}",
            opened_at=now,
            listed_at=now,
        )
        for n, one in enumerate(orders)
    )
    Filing.objects.bulk_create(
        Filing(
            storefront=shop,
            declaration=row,
            kind=Filing.Kind.LIST,
            guid=new_guid(),
            key=row.cop_no,
            app_type=NEW,
            body_sealed=b"",
            digest="",
            made_at=now,
            sent_at=now,
        )
        for row in made
    )
    return account, [row.cop_no for row in made]


def _receipt(cop_no: str, n: int, status: str, at: datetime) -> bytes:
    head: dict[str, Value] = {
        "guid": new_guid(),
        "customsCode": "3105",
        "copNo": cop_no,
        "preNo": f"B{n:017d}",
        "invtNo": f"31052026I{n:09d}",
        "returnStatus": status,
        "returnTime": at,
        "returnInfo": "[Code:2600;Desc:处理成功]",
    }
    return to_bytes(write(Message("CEB622Message", new_guid(), (Document(head),))))
