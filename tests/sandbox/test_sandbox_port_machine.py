"""The signing machine signs by WebSocket and over HTTP with the card's key, and locks what is guessed at."""

import base64
import json

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

SIGN, CERTIFICATE = "cus-sec_SpcSignDataAsPEM", "cus-sec_SpcGetSignCertAsPEM"
ABSENT = ["[读卡器底层库]复位读卡器失败:错误码=50070", "Err:Custom50070"]


@pytest.fixture
def cards(world):
    rsa, sm2 = world["storefronts"][0]["port"]["certificates"]
    return rsa, sm2


@pytest.fixture
def machine(base, play, cards):
    """The machine with the RSA card in it; its first word is read."""
    with connect(f"ws{base[4:]}/card/{cards[0]['number']}") as socket:
        assert json.loads(socket.recv(5)) == {
            "_method": "open",
            "_status": "00",
            "_args": {"Result": True, "Data": [], "Error": []},
        }
        yield socket


def call(socket, method, /, **args):
    socket.send(json.dumps({"_id": 7, "_method": method, "args": args}))
    told = json.loads(socket.recv(5))
    assert (told["_id"], told["_method"], told["_status"]) == (7, method, "00")
    return told["_args"]


def verify(card, signature, data):
    certificate = x509.load_der_x509_certificate(base64.b64decode(card["certificate"]))
    certificate.public_key().verify(base64.b64decode(signature), data, padding.PKCS1v15(), hashes.SHA1())


def test_a_text_is_signed_as_utf8_and_the_certificate_is_given(machine, cards):
    told = call(machine, SIGN, inData="<a>面霜</a>", passwd="88888888")
    assert (told["Result"], told["Error"], told["Data"][1]) == (True, [], cards[0]["number"])
    verify(cards[0], told["Data"][0], "<a>面霜</a>".encode())
    assert call(machine, CERTIFICATE)["Data"] == [cards[0]["certificate"]]


def test_a_long_text_is_signed_whole(machine, cards):
    text = "清" * 200_000
    verify(cards[0], call(machine, SIGN, inData=text, passwd="88888888")["Data"][0], text.encode())


def test_three_wrong_passwords_lock_the_card_until_it_is_unlocked(machine, play, cards):
    said = [call(machine, SIGN, inData="x", passwd="1")["Error"][-1] for _ in range(3)]
    assert said == ["Err:Custom50011", "Err:Custom50011", "Err:Custom50012"]
    told = call(machine, SIGN, inData="x", passwd="88888888")
    assert (told["Result"], told["Data"], told["Error"][-1]) == (False, [], "Err:Custom50012")
    assert play("card", number=cards[0]["number"], unlock=True) == {"locked": False, "out": False}
    assert call(machine, SIGN, inData="x", passwd="88888888")["Result"] is True


def test_a_card_that_is_out_does_not_sign(machine, play, cards):
    play("card", number=cards[0]["number"], out=True)
    assert call(machine, SIGN, inData="x", passwd="88888888")["Error"] == ABSENT
    assert call(machine, CERTIFICATE)["Error"] == ABSENT
    play("card", number=cards[0]["number"], out=False)
    assert call(machine, SIGN, inData="x", passwd="88888888")["Result"] is True


def test_what_it_does_not_know_is_refused_and_the_line_stays(machine):
    assert call(machine, "cus-sec_Unknown")["Error"][-1] == "Err:Custom50001"
    assert call(machine, SIGN, passwd="88888888")["Error"][-1] == "Err:Custom50001"
    machine.send("no JSON")
    assert json.loads(machine.recv(5))["_args"]["Result"] is False
    assert call(machine, SIGN, inData="x", passwd="88888888")["Result"] is True


def test_switches_fail_the_machine_and_cut_its_line(machine, play):
    play("switches", call="sign", mode="500")
    assert call(machine, SIGN, inData="x", passwd="88888888")["Error"] == ABSENT
    play("switches", call="sign", mode="timeout", seconds=0)
    with pytest.raises(ConnectionClosed):
        call(machine, SIGN, inData="x", passwd="88888888")


def test_without_a_number_it_is_the_card_that_was_chosen(base, play, cards):
    with connect(f"ws{base[4:]}/") as socket:
        socket.recv(5)
        assert call(socket, SIGN, inData="x", passwd="88888888")["Data"][1] == cards[1]["number"]
        play("card", number=cards[0]["number"], choose=True)
        assert call(socket, SIGN, inData="x", passwd="88888888")["Data"][1] == cards[0]["number"]


def test_there_is_no_machine_elsewhere(base):
    with pytest.raises(InvalidStatus, match="404"):
        connect(f"ws{base[4:]}/elsewhere")


def test_the_same_over_http(base, play, cards):
    data = base64.b64encode("面霜".encode()).decode()
    url = f"{base}/card/{cards[0]['number']}/sign"
    told = requests.post(url, json={"data": data, "passwd": "88888888"}, timeout=9).json()
    assert (told["certNo"], told["certificate"]) == (cards[0]["number"], cards[0]["certificate"])
    verify(cards[0], told["signature"], "面霜".encode())
    named = {"data": data, "passwd": "88888888", "certNo": cards[1]["number"]}
    assert (
        len(base64.b64decode(requests.post(f"{base}/sign", json=named, timeout=9).json()["signature"])) == 64
    )
    refused = requests.post(url, json={"data": data, "passwd": "1"}, timeout=9)
    assert (refused.status_code, refused.json()["error"][-1]) == (400, "Err:Custom50011")
    assert requests.post(url, data=b"x", timeout=9).status_code == 400
