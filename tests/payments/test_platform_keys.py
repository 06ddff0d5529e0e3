"""WeChat Pay's keys change while orders come in: fetched, side by side, believed while they hold."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from queue import Queue
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kernel.models import Case, Event
from payments.gateways.wechat_pay import client_of
from payments.models import Notification
from storefronts import queries
from storefronts.models import KeyFetch, MerchantAccount, PlatformKey
from storefronts.services import platform_keys
from storefronts.services.key_watch import watch_keys
from tests import make
from wechat.errors import OrderNotExist, OutcomeUnknown

pytestmark = pytest.mark.django_db

NOW = make.present()
MINUTES, HOURS, DAYS = (lambda n: timedelta(minutes=n)), (lambda n: timedelta(hours=n)), timedelta
STRANGE = "5157F09EFDC096DE15EBE81A47057A7232F1B8FF"


class Letterbox:
    """Where WeChat delivers in these tests; `next()` is the body and the headers of a delivery."""

    def __init__(self) -> None:
        letters: Queue[tuple[bytes, dict[str, str]]] = Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                letters.put((self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.letters, self.server = letters, ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/pay"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def next(self) -> tuple[bytes, dict[str, str]]:
        body, headers = self.letters.get(timeout=10)
        return body, {name: value for name, value in headers.items() if name.startswith("Wechatpay-")}


@pytest.fixture
def letterbox() -> Iterator[Letterbox]:
    box = Letterbox()
    yield box
    box.server.shutdown()
    box.server.server_close()


@pytest.fixture
def mchid(world):
    MerchantAccount.objects.filter(active=False).delete()
    return MerchantAccount.objects.get(storefront=world.shop).mchid


@pytest.fixture
def letter(wechat, letterbox, mchid):
    """A genuine notification as WeChat now signs it."""

    def write(**how):
        wechat.control("notify_raw", mchid=mchid, url=letterbox.url, event_type="SOMETHING.NEW", **how)
        return letterbox.next()

    return write


def deliver(client, mchid, body, headers):
    return client.post(f"/pay/wechat/{mchid}", body, content_type="application/json", headers=headers)


def asked_for_certificates(wechat):
    import requests

    calls = requests.get(f"{wechat.url}/sandbox/log", timeout=9).json()["calls"]
    # A call that an earlier test had hang is told of only when it ends.
    return sum((call["call"], call["status"]) == ("certificates", 200) for call in calls)


def serials(mchid):
    return list(
        PlatformKey.objects.filter(merchant__mchid=mchid).order_by("pk").values_list("serial", flat=True)
    )


def without_keys(mchid):
    PlatformKey.objects.filter(merchant__mchid=mchid).delete()
    queries.forget_kept()


def only_public_key(mchid, wechat, certificates):
    PlatformKey.objects.filter(merchant__mchid=mchid).exclude(serial__startswith="PUB_KEY_ID_").delete()
    queries.forget_kept()
    wechat.control("platform_keys", mchid=mchid, mode="public_key", certificates=certificates)


def fetch_of(mchid):
    return KeyFetch.objects.get(merchant__mchid=mchid)


def test_a_merchant_without_any_key_gets_the_certificates_and_believes_what_they_sign(
    client, wechat, mchid, letter
):
    without_keys(mchid)
    assert platform_keys.refresh(now=NOW) == 1
    key = PlatformKey.objects.get()
    assert key.serial == wechat.world["platform"]["cert_serial"]
    assert key.expires_at is not None and key.expires_at > NOW + DAYS(1800)
    assert fetch_of(mchid).outcome == "fetched"
    assert deliver(client, mchid, *letter(signed_by="certificate")).status_code == 204


def test_the_certificates_are_fetched_again_after_twelve_hours_and_not_before(wechat, mchid):
    assert platform_keys.refresh(now=NOW) == 1
    assert platform_keys.refresh(now=NOW + HOURS(12) - DAYS(0, 1)) == 0
    assert platform_keys.refresh(now=NOW + HOURS(12)) == 1
    assert asked_for_certificates(wechat) == 2


def test_a_failed_fetch_is_tried_again_after_an_hour(wechat, mchid):
    without_keys(mchid)
    wechat.control("switches", call="certificates", mode="500")
    assert platform_keys.refresh(now=NOW) == 1
    assert fetch_of(mchid).outcome == "failed"
    assert platform_keys.refresh(now=NOW + MINUTES(59)) == 0
    assert platform_keys.refresh(now=NOW + MINUTES(60)) == 1
    assert fetch_of(mchid).outcome == "fetched"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "mode", ["wrong_signature", "signtest", "stale_timestamp", "unsigned", "timeout_before"]
)
def test_an_answer_that_cannot_be_believed_brings_no_key(wechat, mchid, mode):
    without_keys(mchid)
    wechat.control("switches", call="certificates", mode=mode)
    platform_keys.refresh(now=NOW)
    assert serials(mchid) == []
    assert fetch_of(mchid).outcome == "failed"


def test_a_notification_under_a_new_certificate_is_refused_then_fetched_for_then_taken(
    client, wechat, mchid, letter
):
    platform_keys.refresh(now=NOW)
    new = wechat.control("platform_keys")["serial"]
    body, headers = letter(signed_by="certificate")
    assert headers["Wechatpay-Serial"] == new
    calls = asked_for_certificates(wechat)
    answer = deliver(client, mchid, body, headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    assert asked_for_certificates(wechat) == calls  # nothing is fetched inside a notification
    assert fetch_of(mchid).asked_serial == new
    KeyFetch.objects.update(asked_at=NOW + MINUTES(4))
    assert platform_keys.refresh(now=NOW + MINUTES(5)) == 1
    assert new in serials(mchid)
    assert deliver(client, mchid, body, headers).status_code == 204
    # The old one signs side by side with it, and so does the public key.
    assert deliver(client, mchid, *letter(signed_by="public_key")).status_code == 204


def test_an_answer_to_a_call_of_ours_under_an_unknown_serial_has_the_keys_fetched(wechat, mchid):
    without_keys(mchid)
    with pytest.raises(OutcomeUnknown):
        client_of(mchid).query_by_out_trade_no("T1234567")
    assert fetch_of(mchid).asked_serial == wechat.world["platform"]["cert_serial"]
    platform_keys.refresh(now=make.present())
    with pytest.raises(OrderNotExist):
        client_of(mchid).query_by_out_trade_no("T1234567")


def test_however_often_strangers_name_serials_one_call_in_five_minutes_is_made(client, wechat, mchid, letter):
    platform_keys.refresh(now=NOW)
    body, headers = letter(signed_by="certificate")
    for n in range(40):
        strange = headers | {"Wechatpay-Serial": f"{n:040X}"}
        assert deliver(client, mchid, body, strange).status_code == 401
    KeyFetch.objects.update(asked_at=NOW + MINUTES(1))
    tried = [platform_keys.refresh(now=NOW + MINUTES(1) * n) for n in range(1, 13)]
    assert tried == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert asked_for_certificates(wechat) == 2
    assert fetch_of(mchid).asked_serial == f"{0:040X}"  # one writing, however many named one


def test_an_unknown_merchant_number_and_a_name_that_is_no_serial_change_nothing(mchid):
    platform_keys.ask(mchid="1", serial=STRANGE, now=NOW)
    platform_keys.ask(mchid=mchid, serial="'; DROP TABLE", now=NOW)
    assert fetch_of(mchid).asked_at is None


@pytest.mark.parametrize(
    ("certificates", "outcome"), [("404", "empty"), ("500", "failed"), ("empty", "empty")]
)
def test_a_merchant_in_public_key_mode_without_certificates_makes_no_noise_and_no_case(
    wechat, mchid, caplog, certificates, outcome
):
    only_public_key(mchid, wechat, certificates)
    platform_keys.refresh(now=NOW)
    assert fetch_of(mchid).outcome == outcome
    assert watch_keys(now=NOW + DAYS(10)) == []
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
    assert Case.objects.count() == 0


def test_certificates_that_cannot_be_fetched_are_a_case_that_settles_itself(wechat, mchid):
    without_keys(mchid)
    wechat.control("switches", call="certificates", mode="500")
    platform_keys.refresh(now=NOW)
    assert watch_keys(now=NOW) == ["keys.platform_expiring", "keys.unfetched"]
    assert watch_keys(now=NOW) == ["keys.platform_expiring", "keys.unfetched"]
    assert list(Case.objects.order_by("kind").values_list("kind", "state", "seen")) == [
        ("keys.platform_expiring", "open", 2),
        ("keys.unfetched", "open", 2),
    ]
    platform_keys.refresh(now=NOW + HOURS(1))
    assert watch_keys(now=NOW + HOURS(1)) == []
    assert set(Case.objects.values_list("state", "settled_by")) == {("settled", "house")}


def test_the_last_certificate_that_ends_within_thirty_days_is_a_case_until_its_successor(wechat, mchid):
    without_keys(mchid)
    wechat.control("platform_keys", keep_old=False, valid_days=29)
    platform_keys.refresh(now=NOW)
    assert watch_keys(now=NOW) == ["keys.platform_expiring"]
    (case,) = Case.objects.all()
    assert case.key == f"merchant:{mchid}"
    assert case.facts["serial"] == serials(mchid)[0]
    wechat.control("platform_keys")
    platform_keys.refresh(now=NOW + HOURS(12))
    assert len(serials(mchid)) == 2
    assert watch_keys(now=NOW + HOURS(12)) == []


def test_the_public_key_lasts_so_that_the_end_of_a_certificate_is_no_case(wechat, mchid):
    wechat.control("platform_keys", keep_old=False, valid_days=3)
    platform_keys.refresh(now=NOW)
    assert watch_keys(now=NOW) == []


def test_an_expired_certificate_verifies_nothing(client, mchid, letter):
    body, headers = letter(signed_by="certificate")
    PlatformKey.objects.exclude(serial__startswith="PUB_KEY_ID_").update(expires_at=make.present())
    queries.forget_kept()
    assert deliver(client, mchid, body, headers).status_code == 401
    assert Notification.objects.get().outcome == "rejected"


def test_a_retired_key_verifies_nothing_and_a_fetch_does_not_bring_it_back(client, wechat, mchid, letter):
    body, headers = letter(signed_by="certificate")
    key = PlatformKey.objects.exclude(serial__startswith="PUB_KEY_ID_").get()
    platform_keys.retire(key=key, by="someone", now=NOW)
    assert deliver(client, mchid, body, headers).status_code == 401
    platform_keys.refresh(now=NOW)
    key.refresh_from_db()
    assert key.retired_at == NOW
    assert key.expires_at is not None  # the fetch saw it
    assert deliver(client, mchid, body, headers).status_code == 401
    told = Event.objects.get(name="platformkey.retired").facts
    assert told == {"by": "someone", "serial": key.serial}


def test_the_last_key_that_holds_is_not_retired(mchid):
    first, last = PlatformKey.objects.order_by("pk")
    platform_keys.retire(key=first, by="someone", now=NOW)
    with pytest.raises(platform_keys.KeyInUse):
        platform_keys.retire(key=last, by="someone", now=NOW)
    last.refresh_from_db()
    assert last.retired_at is None


def test_a_known_serial_under_another_key_is_refused_and_changes_nothing(wechat, mchid):
    key = PlatformKey.objects.exclude(serial__startswith="PUB_KEY_ID_").get()
    other = make.public_pem(make.rsa_key("other"))
    PlatformKey.objects.filter(pk=key.pk).update(public_key_pem=other)
    queries.forget_kept()
    platform_keys.refresh(now=NOW)
    key.refresh_from_db()
    assert key.public_key_pem == other
    assert fetch_of(mchid).outcome == "failed"
    assert "platform_key_differs" in fetch_of(mchid).error
    with pytest.raises(platform_keys.KeyDiffers):
        platform_keys.add(
            merchant=key.merchant,
            serial=key.serial,
            pem=make.public_pem(make.rsa_key("platform")),
            by="x",
            now=NOW,
        )


def test_while_a_merchant_switches_both_keys_are_believed_by_their_serial(client, wechat, mchid, letter):
    wechat.control("platform_keys", mchid=mchid, mode="switching", share=0.2)
    signed_by = []
    for _ in range(10):
        body, headers = letter()
        signed_by.append(headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_"))
        assert deliver(client, mchid, body, headers).status_code == 204
    assert signed_by.count(True) == 2


def test_once_the_public_key_is_added_every_call_asks_for_it(wechat, mchid):
    without_keys(mchid)
    wechat.control("platform_keys", mchid=mchid, mode="switching", share=0.5)
    platform_keys.refresh(now=NOW)
    assert client_of(mchid).merchant.answering_serial is None
    told = wechat.world["platform"]
    platform_keys.add(
        merchant=MerchantAccount.objects.get(mchid=mchid),
        serial=told["public_key_id"],
        pem=told["public_key_pem"],
        by="someone",
        now=NOW,
    )
    assert client_of(mchid).signed("GET", "/v3/x")["Wechatpay-Serial"] == told["public_key_id"]
    with pytest.raises(OrderNotExist):
        client_of(mchid).query_by_out_trade_no("T1234567")


def test_an_unknown_public_key_is_told_once_a_month_and_fetches_nothing(mchid):
    serial = "PUB_KEY_ID_0123456789012345678901234567"
    for day in (0, 1, 29):
        platform_keys.ask(mchid=mchid, serial=serial, now=NOW + DAYS(day))
    case = Case.objects.get()
    assert (case.kind, case.seen, case.facts["serial"]) == ("keys.unknown_public_key", 1, serial)
    Case.objects.update(state="settled", settled_at=NOW, settled_by="someone")
    platform_keys.ask(mchid=mchid, serial=serial, now=NOW + DAYS(29))
    assert Case.objects.count() == 1
    platform_keys.ask(mchid=mchid, serial=serial, now=NOW + DAYS(31))
    assert Case.objects.count() == 2
    assert fetch_of(mchid).asked_at is None


def test_a_strange_serial_has_the_keys_read_again_at_most_once_a_second(mchid, monkeypatch):
    read, clock = [], [1000.0]
    really = queries._merchant
    monkeypatch.setattr(queries, "_merchant", lambda **wanted: read.append(1) or really(**wanted))
    monkeypatch.setattr("storefronts.queries.time.monotonic", lambda: clock[0])
    queries.merchant_by_mchid(mchid)
    for tenth in range(25):
        clock[0] = 1000.0 + tenth / 10
        assert queries.merchant_by_mchid(mchid, serial=STRANGE).platform_key(STRANGE) is None
    assert len(read) == 3  # at once, after a second, after two
    PlatformKey.objects.create(
        storefront_id=MerchantAccount.objects.get(mchid=mchid).storefront_id,
        merchant=MerchantAccount.objects.get(mchid=mchid),
        serial=STRANGE,
        public_key_pem=make.public_pem(make.rsa_key("platform")),
    )
    clock[0] = 1003.1
    assert queries.merchant_by_mchid(mchid, serial=STRANGE).platform_key(STRANGE) is not None
    for _ in range(25):
        queries.merchant_by_mchid(mchid, serial=STRANGE)
    assert len(read) == 4


def said(*words):
    out = StringIO()
    call_command("pay_keys", *words, stdout=out)
    return out.getvalue()


def test_the_command_lists_adds_fetches_and_retires(wechat, mchid, tmp_path):
    only_public_key(mchid, wechat, "500")
    with pytest.raises(CommandError, match="not fetched"):
        said("fetch", mchid)
    with pytest.raises(CommandError, match="a moment ago"):
        said("fetch", mchid)
    told, path = wechat.world["platform"], tmp_path / "certificate.pem"
    path.write_text(told["cert_pem"])
    assert said("add", mchid, told["cert_serial"], path) == (
        f"{mchid}: {told['cert_serial']} is believed from now on\n"
    )
    lines = said("list", mchid).splitlines()
    assert lines[1] == f"{mchid} platform {told['public_key_id']} no end on file believed"
    assert lines[2].startswith(f"{mchid} platform {told['cert_serial']} 20")
    assert "PRIVATE" not in "".join(lines)
    assert (
        said("retire", mchid, told["cert_serial"]) == f"{mchid}: {told['cert_serial']} is believed no more\n"
    )
    with pytest.raises(CommandError, match="only key of WeChat Pay that holds"):
        said("retire", mchid, told["public_key_id"])
    path.write_text("nonsense")
    with pytest.raises(CommandError, match="does not parse"):
        said("add", mchid, "PUB_KEY_ID_01", path)
