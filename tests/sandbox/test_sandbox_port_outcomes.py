"""What the port makes of a list: reasons of refusals, limits, holds, cancellations, returns, taxes."""

from decimal import Decimal

import pytest

from tests.sandbox.conftest import wait_until
from tests.sandbox.declarant import BUYER, EBP, guid, now
from tests.sandbox.test_sandbox_customs import becomes, declare, paid
from tests.sandbox.test_sandbox_port import declarant, ready

__all__ = ["declarant", "paid", "ready"]
LIST, CANCEL, RETURN = "CEB622Message", "CEB624Message", "CEB626Message"


def ends(declarant, status, name=LIST):
    """The statuses that were told of, once the last one is this."""
    wait_until(lambda: declarant.statuses(name)[-1:] == [status])
    return declarant.statuses(name)


def last(declarant, name=LIST):
    return next(told for kind, told in reversed(declarant.hear()) if kind == name)


def reason(declarant):
    return last(declarant)["returnInfo"]


def books(declarant):
    return declarant.http.get(f"{declarant.base}/sandbox/books", timeout=9).json()["port"]


def sent(declarant, paid, waybill, **changed):
    declarant.send("CEB621Message", declarant.listed(paid, waybill, **changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"buyerName": "李四"}, "清单与订单不一致：buyerName"),
        ({"buyerIdNumber": "110105194912310038"}, "清单与订单不一致：buyerIdNumber"),
        ({"ebcCode": "3302961X99"}, "清单与订单不一致：ebcCode"),
        ({"freight": "14.00"}, "清单与订单不一致：freight"),
        ({"logisticsNo": "SF0"}, "运单不存在：logisticsNo,logisticsCode"),
        ({"ebpCode": "3302961X98"}, "订单不存在：orderNo,ebpCode"),
    ],
)
def test_a_list_that_differs_is_refused_by_the_names_of_the_fields(declarant, paid, ready, changed, said):
    sent(declarant, paid, ready, **changed)
    assert ends(declarant, "100") == ["2", "3", "100"]
    assert said in reason(declarant)
    assert "李四" not in reason(declarant)


def test_lines_are_compared_one_to_one(declarant, paid, ready):
    head, lines = declarant.listed(paid, ready)
    declarant.send("CEB621Message", (head, [lines[0] | {"gname": "口红"}, lines[1]]))
    assert ends(declarant, "100")[-1] == "100"
    assert reason(declarant) == "[Code:1004;Desc:清单与订单不一致：gname]"


def test_the_payment_is_what_wechat_declared_and_the_payer_whom_it_knows(
    declarant, paid, ready, play, maison
):
    play("payer", openid="oSomeoneOrOther", number="110105194912310038", name="李四")
    sent(declarant, paid, ready)
    assert ends(declarant, "100")[-1] == "100"
    assert reason(declarant) == "[Code:1004;Desc:支付单与订单不一致：payerIdNumber,payerName]"
    play("payer", openid="oSomeoneOrOther", number=BUYER["buyerIdNumber"], name=BUYER["buyerName"])
    sent(declarant, paid, ready, appType="2")
    assert "120" in ends(declarant, "899")


def test_a_parcel_for_another_address_is_refused(declarant, paid, maison, play):
    declare(maison, paid, merchant_customs_no=EBP["ebpCode"])
    becomes(maison, paid, "SUCCESS")
    declarant.send("CEB311Message", declarant.order(paid))
    declarant.ask_carrier(paid, "SF711", address="别处")
    wait_until(lambda: declarant.statuses("CEB512Message")[-1:] == ["399"])
    sent(declarant, paid, "SF711")
    ends(declarant, "100")
    assert "运单与订单不一致：consigneeAddress" in reason(declarant)


def test_no_payment_no_list(declarant, paid):
    declarant.send("CEB311Message", declarant.order(paid))
    declarant.ask_carrier(paid, "SF712")
    wait_until(lambda: declarant.statuses("CEB512Message")[-1:] == ["399"])
    sent(declarant, paid, "SF712")
    ends(declarant, "100")
    assert reason(declarant) == "[Code:1004;Desc:支付单不存在：payTransactionId,ebpCode]"


def test_wechats_payment_is_told_of_to_its_merchant(declarant, paid, maison):
    declare(maison, paid, merchant_customs_no=EBP["ebpCode"])
    wait_until(lambda: declarant.statuses("CEB412Message") == ["120", "399"])
    assert last(declarant, "CEB412Message")["payTransactionId"] == paid["transaction_id"]


def test_a_list_is_declared_once_and_a_refused_one_may_be_changed(declarant, paid, ready, play):
    sent(declarant, paid, ready, buyerName="李四")
    ends(declarant, "100")
    sent(declarant, paid, ready, appType="3")
    ends(declarant, "-621012")
    sent(declarant, paid, ready, appType="2")
    ends(declarant, "899")
    sent(declarant, paid, ready)
    assert ends(declarant, "-621004")[-1] == "-621004"
    assert play.refused("port", order=paid["out_trade_no"], outcome="inspect").status_code == 409
    sent(declarant, paid, ready, appType="2")
    assert ends(declarant, "-621012")[-1] == "-621012"
    sent(declarant, paid, ready, copNo="L-unknown", appType="2")
    assert ends(declarant, "-621011")[-1] == "-621011"


def test_orders_are_told_of_by_code(declarant, paid, ready):
    def again(code, **changed):
        declarant.send("CEB311Message", declarant.order(paid, **changed))
        ends(declarant, code, "CEB312Message")

    again("-301010")
    again("-301009", orderNo="unknown", appType="2")
    again("-301008", appType="2", acturalPaid="1.00")
    assert last(declarant, "CEB312Message")["returnInfo"] == "参数校验不通过，acturalPaid"
    sent(declarant, paid, ready)
    ends(declarant, "899")
    again("-301011", appType="2")


def test_bonded_and_direct_lists_need_what_is_their_own(declarant, paid, ready):
    sent(declarant, paid, ready, emsNo=..., country="305", assureCode="0000000000")
    ends(declarant, "-621001")
    assert reason(declarant) == "清单报文校验失败，[emsNo,country,assureCode]"
    sent(declarant, paid, ready, tradeMode="9610")
    ends(declarant, "-621001")
    assert reason(declarant) == "清单报文校验失败，[trafNo,voyageNo,billNo]"
    sent(declarant, paid, ready, agentCode="3302969999", assureCode=EBP["ebcCode"])
    assert ends(declarant, "-621015")[-1] == "-621015"


def test_directly_bought_goods_are_let_in_once_the_site_has_told_of_them(declarant, paid, ready):
    way = {"trafNo": "CA1", "voyageNo": "V1", "billNo": "B-" + paid["out_trade_no"]}
    sent(declarant, paid, ready, tradeMode="9610", country="305", **way)
    ends(declarant, "100")
    assert reason(declarant) == "[Code:1004;Desc:入库明细单不存在：billNo,voyageNo,logisticsNo]"
    entry = {"dxp_id": declarant.dxp_id, "bill_no": way["billNo"], "voyage_no": "V1", "traf_no": "CA1"}
    told = entry | {"customs_code": "3105", "waybills": [ready]}
    url = f"{declarant.base}/site/entries"
    assert declarant.http.post(url, json=told, timeout=9).status_code == 200
    assert ends(declarant, "399", "CEB712Message") == ["2", "3", "120", "399"]
    sent(declarant, paid, ready, tradeMode="9610", country="305", appType="2", **way)
    assert ends(declarant, "899")[-4:] == ["120", "399", "800", "899"]
    declarant.http.post(url, json=told, timeout=9)
    assert [one["code"] for one in books(declarant)["refused"]] == ["-800003"]
    assert ends(declarant, "-800003", "CEB712Message")[-1] == "-800003"
    assert declarant.http.post(url, json=told | {"waybills": []}, timeout=9).status_code == 400


def dear(declarant, paid, waybill, *, qty="1", price="6000.00", **changed):
    total = str(Decimal(qty) * Decimal(price))
    head, lines = declarant.listed(paid, waybill, freight="0", **changed)
    return head, [lines[0] | {"qty": qty, "price": price, "totalPrice": total}]


def test_a_purchase_over_the_single_limit_is_refused_unless_it_is_one_piece(declarant, paid, ready):
    declarant.send("CEB621Message", dear(declarant, paid, ready, qty="2", price="2500.01"))
    assert ends(declarant, "-621005") == ["2", "-621005"]
    assert reason(declarant).endswith("的购买金额超过单笔限额[5000]")
    declarant.send("CEB621Message", dear(declarant, paid, ready))
    assert ends(declarant, "100")[-2:] == ["3", "100"]  # no limit: only its papers differ


def test_what_is_used_of_the_year_counts_and_comes_back(declarant, paid, ready, play):
    number = BUYER["buyerIdNumber"]
    play("port_quota", number=number, used="25885.66")
    sent(declarant, paid, ready)
    assert ends(declarant, "-621018") == ["2", "-621018"]
    copy = last(declarant)["copNo"]
    said = f"清单[{copy}]中购买人[王爱丽]已用购买额度为[25885.66]，本次购买将超过年度限额[26000]"
    assert reason(declarant) == said
    play("port_quota", number=number, used="25885.65")
    play("port", order=paid["out_trade_no"], outcome="inspect")
    sent(declarant, paid, ready)
    ends(declarant, "500")
    assert play("port_quota", number=number) == {"used": "26000.00"}
    declarant.send("CEB623Message", (cancel(declarant, paid, ready), []))
    assert ends(declarant, "399", CANCEL) == ["2", "3", "120", "399"]
    assert play("port_quota", number=number) == {"used": "25885.65"}


def cancel(declarant, paid, waybill, **changed):
    head, _ = declarant.listed(paid, waybill)
    keep = ("orderNo", *EBP, "logisticsNo", "logisticsCode", "logisticsName")
    start = {name: head[name] for name in ("guid", "appType", "appTime", "appStatus", "customsCode")}
    told = start | {"guid": guid(), "appTime": now()} | {name: head[name] for name in keep}
    told |= {"copNo": "C" + paid["out_trade_no"][-15:], "invtNo": last(declarant)["invtNo"], **BUYER}
    told |= {"agentCode": head["agentCode"], "agentName": head["agentName"], "reason": "消费者退单"}
    return told | changed


def test_only_a_list_that_is_not_released_can_be_cancelled(declarant, paid, ready, play):
    play("port", order=paid["out_trade_no"], outcome="review")
    sent(declarant, paid, ready)
    ends(declarant, "300")
    declarant.send("CEB623Message", (cancel(declarant, paid, ready, invtNo="310520261000000000"), []))
    ends(declarant, "-623003", CANCEL)
    play("port", order=paid["out_trade_no"], outcome="release")
    ends(declarant, "899")
    declarant.send("CEB623Message", (cancel(declarant, paid, ready), []))
    ends(declarant, "-623005", CANCEL)


def test_a_cancellation_can_be_refused_and_the_order_declared_anew_after_one(declarant, paid, ready, play):
    order = paid["out_trade_no"]
    play("port", order=order, outcome="review")
    sent(declarant, paid, ready)
    ends(declarant, "300")
    play("port", order=order, document="cancel", outcome="reject", info="已布控")
    declarant.send("CEB623Message", (cancel(declarant, paid, ready), []))
    assert ends(declarant, "100", CANCEL)[-1] == "100"
    assert last(declarant, CANCEL)["returnInfo"] == "已布控"
    declarant.send("CEB623Message", (cancel(declarant, paid, ready), []))
    ends(declarant, "399", CANCEL)
    sent(declarant, paid, ready, copNo="L-anew")
    assert ends(declarant, "899")[-1] == "899"


def give_back(declarant, paid, waybill, *lines):
    head = cancel(declarant, paid, waybill)
    # A return that was handed over is told again under its own number, and another one has another.
    many = sum(name == "CEB626Message" for name, _ in declarant.hear())
    head |= {"reason": "七天无理由", "copNo": f"{head['copNo'][:-3]}{many:03}"}
    declared = declarant.listed(paid, waybill)[1]
    told = [
        {name: declared[at][name] for name in ("gnum", "gcode", "gname")} | {"qty": qty, "unit": "011"}
        for at, qty in lines
    ]
    declarant.send("CEB625Message", (head, told))


def test_goods_come_back_up_to_what_was_declared(declarant, paid, ready, play):
    number = BUYER["buyerIdNumber"]
    sent(declarant, paid, ready)
    ends(declarant, "899")
    assert play("port_quota", number=number) == {"used": "114.35"}
    give_back(declarant, paid, ready, (0, "1"))
    assert ends(declarant, "399", RETURN) == ["2", "3", "120", "399"]
    assert play("port_quota", number=number) == {"used": "91.48"}  # a third of 60.00 and of its 8.61 freight
    give_back(declarant, paid, ready, (0, "3"))
    ends(declarant, "-625004", RETURN)
    give_back(declarant, paid, ready, (0, "2"), (1, "1"))
    wait_until(lambda: "CEB818Message" in [name for name, _ in declarant.hear()])
    assert last(declarant, "CEB818Message")["status"] == "3"
    assert play("port_quota", number=number) == {"used": "0.00"}


def test_nothing_comes_back_before_release_or_after_thirty_days(declarant, paid, ready, play):
    play("port", order=paid["out_trade_no"], outcome="detain", code="502")
    sent(declarant, paid, ready)
    assert ends(declarant, "502")[-1] == "502"
    give_back(declarant, paid, ready, (0, "1"))
    ends(declarant, "-625022", RETURN)
    play("port", order=paid["out_trade_no"], outcome="release")
    ends(declarant, "899")
    play("advance", seconds=30 * 86400 + 60)
    give_back(declarant, paid, ready, (0, "1"))
    ends(declarant, "-625004", RETURN)


@pytest.mark.parametrize(
    ("outcome", "status", "ways"),
    [
        ({"outcome": "return_abroad"}, "700", ["2", "3", "120", "700"]),
        ({"outcome": "reject", "code": "-621022", "info": "申报失败"}, "-621022", ["2", "-621022"]),
        ({"outcome": "reject"}, "100", ["2", "3", "100"]),
        ({"outcome": "inspect"}, "500", ["2", "3", "120", "500"]),
    ],
)
def test_a_list_becomes_what_was_told(declarant, paid, ready, play, outcome, status, ways):
    play("port", order=paid["out_trade_no"], **outcome)
    sent(declarant, paid, ready)
    assert ends(declarant, status) == ways


def test_an_inspected_list_is_released_or_refused_by_hand(declarant, paid, ready, play):
    play("port", order=paid["out_trade_no"], outcome="inspect")
    sent(declarant, paid, ready)
    ends(declarant, "500")
    assert play("port", order=paid["out_trade_no"], outcome="reject", info="查验不符") == {"status": "100"}
    assert ends(declarant, "100")[-1] == "100"
    assert play("port_quota", number=BUYER["buyerIdNumber"]) == {"used": "0.00"}
    assert [one["status"] for one in books(declarant)["lists"]] == ["100"]


def test_the_tax_sheet_is_the_ports_own_computation(declarant, paid, ready, play):
    play("port_rates", gcode="3304990099", vat="0.13", consumption="0.15")
    sent(declarant, paid, ready)
    wait_until(lambda: "CEB816Message" in [name for name, _ in declarant.hear()])
    told = last(declarant, "CEB816Message")
    # Of 68.61 and 45.74: consumption tax 8.48 and 5.65, VAT 7.35 and 4.90, each 70 % of what it would be.
    assert (told["status"], told["taxPrice"]) == ("1", "45.74")
    assert books(declarant)["taxes"][0] | {"taxNo": ""} == {
        "invtNo": last(declarant)["invtNo"],
        "taxNo": "",
        "assureCode": declarant.code,
        "ebcCode": EBP["ebcCode"],
        "logisticsCode": "4403169D99",
        "agentCode": declarant.code,
        "customsCode": "3105",
        "customsTax": "0.00",
        "valueAddedTax": "12.25",
        "consumptionTax": "14.13",
        "status": "1",
    }
    summarised = play("port_tax", order=paid["out_trade_no"], status="2")
    wait_until(lambda: "CEB818Message" in [name for name, _ in declarant.hear()])
    assert last(declarant, "CEB818Message")["entDutyNo"] == summarised["entDutyNo"]


def test_a_delivered_parcel_is_told_to_customs_by_its_carrier(declarant, paid, ready, play):
    play("parcel", waybill=ready, step="delivered", push=False)
    assert ends(declarant, "399", "CEB514Message") == ["2", "3", "120", "399"]
    assert last(declarant, "CEB514Message")["logisticsStatus"] == "S"
