"""Messages at the port: signatures that hold, faults that are named, folders, switches, receipts that fit."""

import base64
import threading
from copy import deepcopy

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from customs.ceb.read import read
from customs.ceb.write import write
from customs.signing.envelope import sign
from customs.signing.keys import Sm2Signer
from tests.sandbox.conftest import wait_until
from tests.sandbox.declarant import CEB, DS, Declarant
from tests.sandbox.test_sandbox_customs import paid
from tests.sandbox.test_sandbox_port import declarant, ready
from tests.sandbox.test_sandbox_port_outcomes import ends, last

__all__ = ["declarant", "paid", "ready"]
LIST, ORDER = "CEB622Message", "CEB312Message"


def tree(declarant, paid, waybill, **changed):
    return declarant.tree("CEB621Message", [declarant.listed(paid, waybill, **changed)])


def test_a_list_without_a_signature_that_holds_is_told_so(declarant, paid, ready):
    bare = tree(declarant, paid, ready)
    stranger = declarant.sign(deepcopy(bare), key=rsa.generate_private_key(65537, 2048))
    unknown = declarant.sign(deepcopy(bare), number="FFFF")
    changed = declarant.sign(deepcopy(bare))
    changed.find(f".//{{{CEB}}}buyerTelephone").text = "13900000000"
    digest = declarant.sign(deepcopy(bare))
    digest.find(f".//{{{DS}}}DigestValue").text = base64.b64encode(b"0" * 20).decode()
    for count, root in enumerate((bare, stranger, unknown, changed, digest), 1):
        assert declarant.post(root).text == "OK"
        wait_until(lambda count=count: declarant.statuses(LIST) == ["-621029"] * count)
    assert len(last(declarant, LIST)["preNo"]) == 18


def test_a_list_signed_with_sm2_is_taken(declarant, paid, ready):
    root = tree(declarant, paid, ready)
    card = declarant.sm2
    sign(root, Sm2Signer(bytes.fromhex(card["private_key"]), card["number"], card["certificate"]))
    assert declarant.post(root).text == "OK"
    assert ends(declarant, "899")[-1] == "899"


def test_another_enterprises_signature_is_none(declarant, paid, ready, world, base):
    other = Declarant(world["storefronts"][1]["port"], base)
    declarant.post(other.sign(tree(declarant, paid, ready)))
    assert ends(declarant, "-621029") == ["-621029"]


def test_an_order_may_be_unsigned_but_not_signed_wrongly(declarant, paid):
    root = declarant.sign(declarant.tree("CEB311Message", [declarant.order(paid)]))
    root.find(f".//{{{CEB}}}consignee").text = "别人"
    declarant.post(root)
    assert ends(declarant, "-301008", ORDER) == ["-301008"]
    declarant.post(declarant.tree("CEB311Message", [declarant.order(paid)]))
    assert ends(declarant, "399", ORDER)[-1] == "399"


@pytest.mark.parametrize(
    ("path", "act", "said"),
    [
        ("OrderHead/orderNo", "remove", "Order[1]/OrderHead/orderNo: 缺少或顺序不对"),
        ("OrderHead/guid", "lower", "Order[1]/OrderHead/guid: 不是guid"),
        ("OrderHead/appTime", "20261301000000", "Order[1]/OrderHead/appTime: 不是time"),
        ("OrderHead/freight", "1.000001", "Order[1]/OrderHead/freight: 不是number"),
        ("OrderHead/buyerName", "长" * 61, "Order[1]/OrderHead/buyerName: 长度61，应为1-60"),
        ("OrderHead/consigneeDistrict", "", "Order[1]/OrderHead/consigneeDistrict: 长度0，应为6-6"),
        ("OrderList/gmodel", "", "Order[1]/OrderList[1]/OrderList/gmodel: 长度0，应为1-510"),
        ("OrderList/unit", "after", "Order[1]/OrderList[1]/OrderList/unit: 缺少或顺序不对"),
        ("OrderHead/note", "double", "Order[1]/OrderHead/note: 超过1个"),
    ],
)
def test_what_does_not_fit_is_named(declarant, paid, path, act, said):
    head, lines = declarant.order(paid)
    root = declarant.tree("CEB311Message", [(head | {"consigneeDistrict": "310115", "note": "n"}, lines)])
    element = root.find(".//" + "/".join(f"{{{CEB}}}{name}" for name in path.split("/")))
    parent = element.getparent()
    if act == "remove":
        parent.remove(element)
    elif act == "lower":
        element.text = element.text.lower()
    elif act == "after":
        parent.append(element)
    elif act == "double":
        parent.append(deepcopy(element))
    else:
        element.text = act
    assert declarant.post(root).text == "OK"
    wait_until(lambda: len(declarant.hear()) == 1)
    assert declarant.hear()[0][1]["returnInfo"] == "0002 " + said


def test_a_hundred_orders_are_taken_and_no_more(declarant, paid):
    many = [declarant.order(paid, orderNo=f"{paid['out_trade_no']}-{place}") for place in range(101)]
    assert declarant.post(declarant.tree("CEB311Message", many)).text == "OK"
    wait_until(lambda: len(declarant.hear()) == 1)
    assert declarant.hear()[0][1]["returnInfo"] == "0002 CEB311Message/Order: 超过100个"
    declarant.post(declarant.tree("CEB311Message", many[:100]))
    wait_until(lambda: len(declarant.statuses(ORDER)) == 400)


def test_what_customs_has_to_say_fits_the_specification(declarant, paid, ready):
    """Read and written once more by the product's tables, nothing is refused and nothing is lost."""
    declarant.post(declarant.tree("CEB311Message", [declarant.order(paid, currency="156")]))
    head, lines = declarant.listed(paid, ready)
    declarant.send("CEB621Message", (head, lines))
    kept = []

    def heard():
        kept.extend(declarant.receipts())
        return any(b"CEB816Message" in raw for raw in kept) and any(b">899<" in raw for raw in kept)

    wait_until(heard)
    assert {etree.QName(etree.fromstring(raw)).localname for raw in kept} >= {
        "CEB622Message",
        "CEB816Message",
    }
    for raw in kept:
        told = etree.fromstring(raw)
        assert [one.tag for one in write(read(raw)).iter()] == [one.tag for one in told.iter()]


def test_only_the_enterprises_own_kinds_of_message_are_taken(declarant):
    root = etree.Element(f"{{{CEB}}}CEB312Message", {"guid": "x"})
    assert declarant.post(root).text.startswith("ERROR 2001")


def test_a_saved_order_is_saved_and_nothing_more(declarant, paid):
    declarant.send("CEB311Message", declarant.order(paid, appStatus="1"))
    assert ends(declarant, "1", ORDER) == ["1"]


def test_who_subscribed_is_told_too(declarant, paid, world, base):
    other = Declarant(world["storefronts"][1]["port"], base)
    root = declarant.tree("CEB311Message", [declarant.order(paid)])
    subscribed = etree.SubElement(root, f"{{{CEB}}}BaseSubscribe")
    for name, value in {"status": "ALL", "dxpMode": "DXP", "dxpAddress": other.dxp_id}.items():
        etree.SubElement(subscribed, f"{{{CEB}}}{name}").text = value
    declarant.post(root)
    assert ends(other, "399", ORDER) == ends(declarant, "399", ORDER) == ["2", "3", "120", "399"]


def order(declarant, paid):
    declarant.send("CEB311Message", declarant.order(paid))


def test_a_lost_message_is_answered_and_forgotten(declarant, paid, play):
    play("switches", call="ceb", mode="lost", out_trade_no=paid["out_trade_no"])
    order(declarant, paid)
    order(declarant, paid)
    assert ends(declarant, "399", ORDER) == ["2", "3", "120", "399"]


def test_the_port_fails_before_or_after_it_has_taken_a_message(declarant, paid, play):
    root = declarant.tree("CEB311Message", [declarant.order(paid)])
    play("switches", call="ceb", mode="500")
    assert declarant.post(root).status_code == 500
    assert declarant.hear() == []
    play("switches", call="ceb", mode="timeout_after", seconds=0)
    with pytest.raises(requests.ConnectionError):
        declarant.post(root)
    assert ends(declarant, "399", ORDER) == ["2", "3", "120", "399"]


def test_receipts_come_twice_or_the_first_last(declarant, paid, play):
    play("switches", call="ceb", mode="duplicate")
    order(declarant, paid)
    wait_until(lambda: len(declarant.statuses(ORDER)) == 8)
    assert declarant.statuses(ORDER) == ["2", "2", "3", "3", "120", "120", "399", "399"]
    play("time_scale", seconds_per_second=1)
    play("switches", call="ceb", mode="shuffled")
    declarant.send("CEB311Message", declarant.order(paid, appType="2"))
    play("advance", seconds=60)
    assert declarant.statuses(ORDER)[8:] == ["399", "120", "3", "2"]


def test_receipts_can_be_late_or_unreadable(declarant, paid, play):
    play("time_scale", seconds_per_second=1)
    play("switches", call="ceb", mode="late", seconds=500)
    order(declarant, paid)
    play("advance", seconds=500)
    assert declarant.hear() == []
    play("advance", seconds=5)
    assert ends(declarant, "399", ORDER) == ["2", "3", "120", "399"]
    play("switches", call="ceb", mode="unreadable")
    declarant.send("CEB311Message", declarant.order(paid, appType="2"))
    play("advance", seconds=1)
    broken = declarant.receipts()
    assert len(broken) == 1
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(broken[0])
    play("advance", seconds=9)
    assert len(declarant.statuses(ORDER)) == 4 + 3


def test_the_box_can_be_out_of_reach(declarant, paid, play):
    url = f"{declarant.base}/receipts/{declarant.dxp_id}"
    play("switches", call="receipts", mode="500")
    assert [requests.get(url, timeout=9).status_code for _ in range(2)] == [500, 200]
    play("switches", call="receipts", mode="timeout", seconds=0)
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=9)


def test_orders_can_be_refused_by_any_code(declarant, paid, play):
    number = paid["out_trade_no"]
    play(
        "port", order=number, document="order", outcome="reject", code="-301014", info="接收报文为旧报文数据"
    )
    order(declarant, paid)
    assert ends(declarant, "-301014", ORDER) == ["2", "-301014"]
    order(declarant, paid)
    assert ends(declarant, "399", ORDER)[-1] == "399"
    assert play.refused("port", order=number, document="order", outcome="inspect").status_code == 400
    assert play.refused("port", order=number, outcome="sold").status_code == 400


def test_the_clients_folders_take_and_bring(declarant, paid, play, tmp_path):
    folder = tmp_path / "client"
    play("port_folder", dxp_id=declarant.dxp_id, folder=str(folder))
    root = declarant.tree("CEB311Message", [declarant.order(paid)])
    name = f"CEB311Message_{root.get('guid')}.xml"
    (folder / "send" / "half.tmp").write_bytes(b"<")
    part = folder / "send" / f"{name}.tmp"
    part.write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
    part.rename(folder / "send" / name)
    wait_until((folder / "sent" / name).exists)

    def told():
        found = sorted((folder / "receive").glob("*.xml"))
        return [one.text for path in found for one in etree.parse(path).iter(f"{{{CEB}}}returnStatus")]

    wait_until(lambda: told() == ["2", "3", "120", "399"])
    assert [path.name for path in (folder / "send").iterdir()] == ["half.tmp"]
    assert declarant.receipts() == []
    (folder / "send" / "CEB311Message_2.xml").write_bytes(b"no XML")
    wait_until(lambda: len(told()) == 5)
    assert told()[-1] == "-1"
    play("port_folder", dxp_id=declarant.dxp_id, folder="")
    assert play.refused("port_folder", dxp_id=declarant.dxp_id, folder="here").status_code == 400


def test_messages_from_many_threads_are_all_taken(declarant, paid):
    threads = [
        threading.Thread(
            target=lambda place=place: requests.post(
                f"{declarant.base}/carrier/waybills",
                json={
                    "dxp_id": declarant.dxp_id,
                    "waybill": f"{paid['out_trade_no'][:20]}-{place}",
                    "order_no": "T",
                    "consignee": "a",
                    "phone": "1",
                    "address": "b",
                    "weight": "1",
                },
                timeout=9,
            )
        )
        for place in range(20)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    wait_until(lambda: len(declarant.statuses("CEB512Message")) == 80)
    assert declarant.statuses("CEB512Message").count("399") == 20


def test_a_new_certificate_can_be_registered(declarant, paid, ready, play, base, world):
    told = world["storefronts"][1]["port"]
    keep = [{name: told["certificates"][0][name] for name in ("method", "number", "certificate")}]
    mine = {"dxp_id": declarant.dxp_id, "cop_code": declarant.code, "cop_name": "同一家"}
    play("port_enterprise", **mine, certificates=keep)
    declarant.send("CEB621Message", declarant.listed(paid, ready))
    assert ends(declarant, "-621029") == ["-621029"]
    declarant.post(Declarant(told, base).sign(tree(declarant, paid, ready)))
    assert ends(declarant, "899")[-1] == "899"
