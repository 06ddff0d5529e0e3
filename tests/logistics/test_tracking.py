"""What is told of a parcel is taken in once, in any order; what goes wrong is a case."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

import pytest

from kernel.clock import SHANGHAI
from kernel.models import Case, Event, Receipt
from logistics.carrier_words import masked
from logistics.gateways.tracking import Report, Told
from logistics.models import Parcel, Shipment, TrackingEvent
from logistics.services import accounts, packing
from logistics.services.tracking import take_in_tracking
from logistics.vocabulary import Code
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
WAYBILL = "SF7444500123456"
BEGUN = datetime(2026, 11, 20, 18, 0, tzinfo=SHANGHAI)
WAY = [
    ("103", "已揽收"),
    ("1002", "干线"),
    ("1001", "到达"),
    ("5", "派件员 13900001111"),
    ("301", "本人签收"),
]


@pytest.fixture
@step
def salt(world):
    account = shipping.kuaidi100(world.shop)
    return accounts.credential(account).salt


@pytest.fixture
def parcel(world, salt) -> Parcel:
    """Labelled, and waiting for the carrier."""
    shipping.sf(world.shop)
    made = shipping.shipment(world)
    parcel = packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    Parcel.objects.filter(pk=parcel.pk).update(state="issued", waybill=WAYBILL, issued_at=LATER)
    Shipment.objects.update(state="labelled")
    parcel.refresh_from_db()
    return parcel


def lines(*way: tuple[str, str], begun: datetime = BEGUN) -> list[dict[str, str]]:
    return [
        {
            "time": f"{begun + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}",
            "context": text,
            "statusCode": code,
            "status": "",
        }
        for hour, (code, text) in enumerate(way)
    ]


def param(data, waybill: str = WAYBILL, status: str = "polling", **more) -> str:
    result = {"state": "0", "com": "shunfeng", "nu": waybill, "data": data}
    return json.dumps({"status": status, "lastResult": result, **more}, ensure_ascii=False)


def push(client, said: str, salt: str, code: str = "maison", sign: str | None = None):
    signed = hashlib.md5((said + salt).encode()).hexdigest().upper() if sign is None else sign
    body = urlencode({"param": said, "sign": signed})
    kind = "application/x-www-form-urlencoded"
    return client.post(f"/carriers/kuaidi100/{code}", data=body, content_type=kind)


def state() -> str:
    return Shipment.objects.get().state


def test_a_push_is_taken_in_once_and_answered_alike(client, parcel, salt):
    said = param(lines(*WAY[:2]))
    for _ in range(2):
        answer = push(client, said, salt)
        assert (answer.status_code, answer.json()) == (
            200,
            {"result": True, "returnCode": "200", "message": "成功"},
        )
    codes = list(TrackingEvent.objects.values_list("code", "raw_code", "at"))
    assert codes == [
        ("picked_up", "103", BEGUN),
        ("in_transit", "1002", BEGUN + timedelta(hours=1)),
    ]
    assert (state(), Receipt.objects.filter(source__startswith="kuaidi100:").count()) == ("in_transit", 1)


def test_the_carriers_first_scan_is_the_handover_that_evidence_rests_on(client, parcel, salt):
    push(client, param(lines(("102", "待揽收"))), salt)
    assert (state(), Event.objects.filter(name="shipment.handed_over").count()) == ("labelled", 0)
    push(client, param(lines(("102", "待揽收"), *WAY[:1])), salt)
    push(client, param(lines(("102", "待揽收"), *WAY[:4])), salt)
    (told,) = Event.objects.filter(name="shipment.handed_over")
    number = parcel.shipment.number
    assert told.key == f"order:{number}"
    assert (told.facts["order"], told.facts["waybill"], told.facts["carrier"]) == (
        number,
        WAYBILL,
        "顺丰速运",
    )
    assert datetime.fromisoformat(told.facts["at"]) == BEGUN + timedelta(hours=1)


def test_told_in_any_order_it_ends_the_same(client, parcel, salt):
    data = lines(*WAY)
    pieces = [data[4:], data[:1], data[2:4], data[1:2], data]
    random.Random(7).shuffle(pieces)
    for piece in pieces:
        push(client, param(piece), salt)
    parcel.refresh_from_db()
    shipment = Shipment.objects.get()
    assert (shipment.state, shipment.handed_over_at, shipment.delivered_at) == (
        "delivered",
        parcel.scanned_at,
        BEGUN + timedelta(hours=4),
    )
    assert (TrackingEvent.objects.count(), parcel.latest, parcel.next_try_at) == (5, "delivered", None)
    assert parcel.scanned_at == BEGUN


def test_no_whole_telephone_is_kept_of_what_a_carrier_says(client, parcel, salt):
    push(client, param(lines(*WAY[:4])), salt)
    assert TrackingEvent.objects.get(raw_code="5").text == "派件员 139****1111"
    assert masked("电话 0755-12345678，400-1234567，单号 7444500123456") == (
        "电话 0755-****5678，400-1234567，单号 7444500123456"
    )


@pytest.mark.parametrize(
    ("sign", "code", "status"),
    [("", "maison", 403), ("0" * 32, "maison", 403), ("中文", "maison", 403), (None, "nobody", 404)],
)
def test_what_is_not_signed_or_not_for_us_leaves_nothing(client, parcel, salt, sign, code, status):
    answer = push(client, param(lines(*WAY)), salt, code=code, sign=sign)
    assert (answer.status_code, answer.json()["result"]) == (status, False)
    assert (TrackingEvent.objects.count(), Case.objects.count(), Receipt.objects.count()) == (0, 0, 0)


def test_a_push_under_another_storefronts_salt_is_refused(client, parcel, salt):
    other = make.storefront("swift")
    theirs = accounts.credential(shipping.kuaidi100(other)).salt
    assert push(client, param(lines(*WAY)), theirs).status_code == 403
    assert push(client, param(lines(*WAY)), theirs, code="swift").status_code == 404
    assert TrackingEvent.objects.count() == 0


def test_a_megabyte_is_refused_unread(client, parcel, salt):
    answer = push(client, "x" * 1_000_000, salt)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "said",
    [
        "[]",
        "{",
        '{"lastResult": 1}',
        '{"lastResult": {"nu": "SF7444500123456", "com": "shunfeng", "data": [{"time": "soon"}]}}',
        '{"lastResult": {"nu": "SF7444500123456", "com": "shunfeng", "data": {"time": "soon"}}}',
    ],
)
def test_a_signed_push_that_is_none_is_one_case_and_nothing_else(client, parcel, salt, said):
    for _ in range(2):
        assert push(client, said, salt).status_code == 422
    (case,) = Case.objects.all()
    assert (case.kind, case.seen, TrackingEvent.objects.count()) == ("tracking.unreadable", 2, 0)


def test_a_waybill_that_is_not_ours_is_a_case(client, parcel, salt):
    answer = push(client, param(lines(*WAY), waybill="SF0000000000001"), salt)
    assert (answer.status_code, TrackingEvent.objects.count()) == (404, 0)
    case = Case.objects.get()
    told = {"waybill": "SF0000000000001", "carrier": "SF"}
    assert (case.kind, case.facts) == ("tracking.unknown_parcel", told)


def test_what_is_told_of_another_carrier_is_not_of_our_parcel_though_the_number_is_the_same(
    client, parcel, salt
):
    said = param(lines(*WAY)).replace("shunfeng", "yuantong")
    assert push(client, said, salt).status_code == 404
    assert (state(), TrackingEvent.objects.count()) == ("labelled", 0)
    case = Case.objects.get()
    assert (case.kind, case.facts) == ("tracking.unknown_parcel", {"waybill": WAYBILL, "carrier": "YTO"})


@pytest.mark.parametrize(
    ("arrives", "kept"),
    [
        ("9999-12-31 23:59", None),
        ("2027-06-30", None),
        ("2026-11-01", None),
        ("2026-11-25 18:00", date(2026, 11, 25)),
    ],
)
def test_a_day_of_arrival_that_cannot_be_is_not_believed(client, parcel, salt, arrives, kept):
    said = param(lines(*WAY[:1])).replace('"state"', f'"arrivalTime": "{arrives}", "state"')
    assert push(client, said, salt).status_code == 200
    parcel.refresh_from_db()
    assert (parcel.expected_on, parcel.latest) == (kept, "picked_up")


@pytest.mark.parametrize(
    ("was", "now", "answer"),
    [
        (WAYBILL, "SF\\u0000", 422),
        ("shunfeng", "sf\\u0000", 422),
        ('"103"', '"103\\u0000"', 200),
        ('"status": "polling"', '"status": "abort", "message": "3天\\u0000无轨迹"', 200),
    ],
)
def test_a_character_that_no_table_keeps_is_told_or_left_out(client, parcel, salt, was, now, answer):
    assert push(client, param(lines(*WAY[:1])).replace(was, now), salt).status_code == answer


@pytest.mark.parametrize(
    ("code", "text", "kind", "after"),
    [
        ("13", "清关异常", "tracking.customs_hold", "customs_hold"),
        ("209", "外包装破损", "tracking.damaged", "damaged"),
        ("2", "快件遗失", "tracking.lost", "lost"),
        ("4", "退回件已签收", "tracking.returned", "returned"),
        ("6", "退回中", "tracking.returning", "in_transit"),
        ("14", "收件人拒收", "tracking.refused", "in_transit"),
    ],
)
def test_what_goes_wrong_is_a_case_once(client, parcel, salt, code, text, kind, after):
    for end in (2, 3):
        push(client, param(lines(*WAY[:2], (code, text), (code, text + "。"))[: end + 1]), salt)
    case = Case.objects.get(kind=kind)
    assert (case.key, case.facts["waybill"], case.state) == (parcel.event_key, WAYBILL, "open")
    assert state() == after


def test_what_comes_right_again_settles_its_case(client, parcel, salt):
    push(client, param(lines(*WAY[:1], ("13", "清关异常"))), salt)
    assert Case.objects.get(kind="tracking.customs_hold").state == "open"
    push(client, param(lines(*WAY[:1], ("13", "清关异常"), ("12", "已清关"))), salt)
    assert (Case.objects.get(kind="tracking.customs_hold").state, state()) == ("settled", "in_transit")


def test_a_parcel_of_a_cancelled_order_that_moves_is_a_case(client, parcel, salt):
    Shipment.objects.update(state="cancelled")
    push(client, param(lines(*WAY[:1])), salt)
    assert (Case.objects.get(kind="tracking.unexpected").key, state()) == (parcel.event_key, "cancelled")
    assert not Event.objects.filter(name="shipment.handed_over").exists()


def test_a_bonded_parcel_that_leaves_before_its_release_is_a_case(client, parcel, salt):
    push(client, param(lines(*WAY[:1])), salt)
    assert Case.objects.get(kind="tracking.left_before_release").facts["order"] == parcel.shipment.number


def test_a_released_one_may_leave(client, parcel, salt):
    type(parcel.shipment.order).objects.update(gate="after_release")
    push(client, param(lines(*WAY[:1])), salt)
    assert (state(), Case.objects.count()) == ("handed_over", 0)


@pytest.mark.parametrize("year", ["0001", "2099", "1970"])
def test_a_line_of_an_unbelievable_day_is_left_out_and_harms_no_other(client, parcel, salt, year):
    odd = {"time": f"{year}-01-01 00:00:00", "context": "在途", "statusCode": "0", "status": ""}
    assert push(client, param([*lines(*WAY), odd]), salt).status_code == 200
    assert list(TrackingEvent.objects.values_list("raw_code", flat=True)) == [code for code, _ in WAY]
    parcel.refresh_from_db()
    assert (state(), parcel.latest, parcel.scanned_at) == ("delivered", "delivered", BEGUN)


def test_a_line_is_believed_from_30_days_before_its_parcel_was_asked_for_until_tomorrow(parcel):
    edge = [LATER - timedelta(days=30), LATER + timedelta(days=1)]
    told = [Told(at + timedelta(seconds=by), Code.IN_TRANSIT, "0", "…") for at in edge for by in (-1, 0, 1)]
    report = Report("kuaidi100", "SF", WAYBILL, tuple(told))
    assert take_in_tracking(storefront_id=parcel.storefront_id, report=report, now=LATER).new == 2
    assert list(TrackingEvent.objects.values_list("at", flat=True)) == [told[2].at, told[3].at]


def test_one_scan_told_by_two_providers_in_other_words_stands_once(parcel):
    def tell(provider, *said):
        told = tuple(Told(at, code, "x", text) for at, code, text in said)
        report = Report(provider, "SF", WAYBILL, told)
        return take_in_tracking(storefront_id=parcel.storefront_id, report=report, now=LATER).new

    first = (BEGUN, Code.PICKED_UP, "顺丰速运 已收取快件")
    assert tell("sf", first) == 1
    assert tell("kuaidi100", (BEGUN, Code.PICKED_UP, "【宁波市】已揽收")) == 0
    later = BEGUN + timedelta(seconds=1)
    assert tell("kuaidi100", (BEGUN, Code.IN_TRANSIT, "在途"), (later, Code.PICKED_UP, "已揽收")) == 2
    # two things that one provider tells of one instant are two
    assert tell("sf", first, (BEGUN, Code.PICKED_UP, "已扫描")) == 1
    assert list(TrackingEvent.objects.order_by("id").values_list("text", flat=True)) == [
        "顺丰速运 已收取快件",
        "在途",
        "已揽收",
        "已扫描",
    ]


def test_a_parcel_that_the_tracker_gives_up_is_a_case(client, parcel, salt):
    push(client, param(lines(*WAY[:2]), status="abort", message="60天无变化"), salt)
    assert Case.objects.get(kind="tracking.silent").facts["why"] == "60天无变化"
