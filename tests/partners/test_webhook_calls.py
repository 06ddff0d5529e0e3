"""A stranger's address leads out of the house or is not called; what is posted is signed, once, and ends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import time

import pytest

from partners.gateways.webhook import address, post
from partners.gateways.webhook.address import BadAddress, checked, resolve
from tests.partners.receiver import receiving

SECRET = post.PREFIX + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def names(monkeypatch):
    """What each name leads to, without asking anybody; an address leads to itself."""
    known = {"partner.example": ["93.184.216.34"]}
    real = socket.getaddrinfo

    def looked_up(host, port, **more):
        if host in known:
            return [answer for one in known[host] for answer in real(one, port, **more)]
        try:
            return real(host, port, **more, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            return real(socket.inet_ntoa(socket.inet_aton(host)), port, **more)  # as some resolvers do

    monkeypatch.setattr(address.socket, "getaddrinfo", looked_up)
    return known


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/hooks",
        "ftp://partner.example/",
        "https://",
        "https:///hooks",
        "//partner.example/hooks",
        "https://partner.example:22/hooks",
        "https://partner.example:99999/hooks",
        "https://user:secret@partner.example/hooks",
        "https://partner.example@127.0.0.1/hooks",
        "https://partner.example/hooks#fragment",
        "https://partner.example/a b",
        "https://partner.example/a\\b",
        "https://partner.example\\@127.0.0.1/",
        "https://partner.example/\r\nHost: other",
        "https://合作方.example/hooks",
        "https://partner.example/" + "a" * 500,
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.0.0.192/",
        "https://168.63.129.16/",
        "https://198.18.0.1/",
        "https://192.88.99.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:5ef5:79fd::1]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fc00::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[2001:db8::1]/",
        "https://inside.example/",
        "https://half.example/",
        "https://nowhere.example/",
    ],
)
def test_an_address_that_does_not_lead_out_of_the_house_is_refused(names, url):
    names |= {
        "inside.example": ["10.0.0.7"],
        "half.example": ["93.184.216.34", "127.0.0.1"],
        "nowhere.example": [],
    }
    with pytest.raises(BadAddress):
        checked(url)


@pytest.mark.parametrize(
    ("url", "host", "to", "port", "path"),
    [
        ("https://partner.example", "partner.example", "93.184.216.34", 443, "/"),
        ("https://PARTNER.example:8443/a/b?c=1", "partner.example", "93.184.216.34", 8443, "/a/b?c=1"),
        ("https://93.184.216.34/x", "93.184.216.34", "93.184.216.34", 443, "/x"),
        ("https://[2606:2800:220:1::1]/x", "2606:2800:220:1::1", "2606:2800:220:1::1", 443, "/x"),
    ],
)
def test_an_address_that_leads_out_is_pinned_to_what_its_name_meant(names, url, host, to, port, path):
    found = resolve(url)
    assert (found.host, found.address, found.port, found.path) == (host, to, port, path)


def test_a_name_that_means_another_place_a_moment_later_is_looked_at_again_before_it_is_called(names):
    assert checked("https://partner.example/hooks")
    names["partner.example"] = ["127.0.0.1"]
    met = post.post("https://partner.example/hooks", id="msg_1", secrets=[SECRET], body=b"{}", now=1)
    assert (met.status, met.taken, "public" in met.error) == (None, False, True)


def test_the_call_goes_to_the_address_that_was_looked_at_and_to_no_other(names, monkeypatch):
    dialled = []

    def dial(where, timeout):
        names["partner.example"] = ["127.0.0.1"]  # whoever asks again is led inside
        dialled.append(where)
        raise TimeoutError

    monkeypatch.setattr(post.socket, "create_connection", dial)
    met = post.post("https://partner.example/hooks", id="msg_1", secrets=[SECRET], body=b"{}", now=1)
    assert (dialled, met.error) == ([("93.184.216.34", 443)], "TimeoutError")


def test_a_message_is_signed_as_standard_webhooks_has_it_with_each_secret(settings):
    settings.WEBHOOKS_INSIDE = True
    with receiving() as partner:
        other = post.PREFIX + base64.b64encode(b"o" * 32).decode()
        met = post.post(partner.url, id="msg_1", secrets=[SECRET, other], body=b'{"a":1}', now=1764325200)
        ((headers, body, path),) = partner.got
    assert (met.status, met.taken, path, body) == (204, True, "/hooks", b'{"a":1}')
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", "1764325200")
    wanted = [
        "v1," + base64.b64encode(hmac.digest(key, b'msg_1.1764325200.{"a":1}', hashlib.sha256)).decode()
        for key in (b"k" * 32, b"o" * 32)
    ]
    assert headers["webhook-signature"].split() == wanted


def test_the_example_of_standard_webhooks_comes_out_as_it_is_printed_there():
    made = post.signature(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_redirect_is_an_answer_and_is_not_followed(settings):
    settings.WEBHOOKS_INSIDE = True
    with receiving() as inside, receiving() as partner:

        def away(handler):
            handler.send_response(307)
            handler.send_header("Location", inside.url)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        partner.answer = away
        met = post.post(partner.url, id="msg_1", secrets=[SECRET], body=b"{}", now=1)
    assert (met.status, met.taken, len(partner.got), len(inside.got)) == (307, False, 1, 0)


@pytest.mark.parametrize("drips", ["headers", "nothing"])
def test_who_does_not_end_its_answer_is_hung_up_on(settings, monkeypatch, drips):
    settings.WEBHOOKS_INSIDE = True
    monkeypatch.setattr(post, "SECONDS", 0.4)

    def drip(handler):
        for letter in b"HTTP/1.1 200 OK\r\nX-Drip: " + b"x" * 200:
            if drips == "headers":
                handler.wfile.write(bytes([letter]))
                handler.wfile.flush()
            time.sleep(0.05)

    with receiving(drip) as partner:
        met = post.post(partner.url, id="msg_1", secrets=[SECRET], body=b"{}", now=1)
    assert not met.taken
    assert met.millis < 5_000  # the whole drip takes eleven


def test_when_to_come_back_is_taken_from_the_answer_within_an_hour(settings):
    settings.WEBHOOKS_INSIDE = True
    told = []

    def busy(handler):
        handler.send_response(429)
        handler.send_header("Retry-After", told[0])
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    met = []
    with receiving(busy) as partner:
        for value in ("120", "90000", "tomorrow", "-5"):
            told[:] = [value]
            met.append(post.post(partner.url, id="m", secrets=[SECRET], body=b"{}", now=1).retry_after)
    assert met == [120, 3600, None, None]
