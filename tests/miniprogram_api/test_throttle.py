"""Limits: writes are counted in Redis across processes, reads in this process; without Redis all pass."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory
from redis import Redis

from kernel import callers, throttle
from kernel.callers import Buckets, place
from kernel.problems import Throttled
from kernel.throttle import Limit, Windows
from miniprogram_api import kept
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of

TWO = Limit("test", 2, 3600)


@pytest.fixture
def strict(settings: Any, redis: Redis) -> None:
    settings.THROTTLE_FACTOR = 1


def test_the_third_of_two_is_throttled_and_told_when_to_come_back(strict: None) -> None:
    windows = Windows()
    windows.spend(TWO, "alice")
    windows.spend(TWO, "alice")
    with pytest.raises(Throttled) as caught:
        windows.spend(TWO, "alice")
    assert 0 < caught.value.seconds <= 3600
    windows.spend(TWO, "bob")  # counted apart
    with pytest.raises(Throttled):
        Windows().spend(TWO, "alice")  # another process, the same count


def test_a_window_leaves_nothing_behind(strict: None, redis: Redis) -> None:
    Windows().spend(TWO, "alice")
    (key,) = redis.keys("throttle:*")
    assert 0 < redis.ttl(key) <= 3600


def test_without_redis_everything_passes_and_redis_is_left_alone_for_a_moment(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROTTLE_FACTOR = 1
    settings.REDIS_URL = "redis://127.0.0.1:9/0"  # nobody answers
    windows = Windows()
    for _ in range(5):
        windows.spend(TWO, "alice")
    asked = []
    monkeypatch.setattr(Windows, "_counter", lambda self: asked.append(1))
    windows.spend(TWO, "alice")
    assert asked == []


def test_identity_attempts_are_limited_per_customer(
    strict: None, alice: Phone, client: Client, world: make.World
) -> None:
    wrong = {"name": "王爱丽", "number": "110105194912310021"}
    for _ in range(10):
        assert alice.put("me/identity", wrong).status_code == 422
    answer = alice.put("me/identity", wrong)
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert answer["Retry-After"] == str(answer.json()["seconds"])
    bob = phone_of(client, make.customer(world.shop, make.BOB))
    assert bob.put("me/identity", wrong).status_code == 422


def test_orders_are_placed_while_redis_is_away(settings: Any, alice: Phone, world: make.World) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    throttle.writes.reset()
    now = make.present()
    quote = make.quote(world.alice, ("HD-1", 1), now=now)
    body = {"quote": str(quote.token), "risk_notice": make.notice_hash(now)}
    assert alice.post("orders", body, Idempotency_Key="order-0001").status_code == 201


def test_a_bucket_lets_a_burst_pass_and_then_its_rate(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.THROTTLE_FACTOR = 1
    now = [100.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: now[0])
    bucket = Buckets(per_second=2, burst=3)
    for _ in range(3):
        bucket.spend("1.2.3.4")
    with pytest.raises(Throttled):
        bucket.spend("1.2.3.4")
    bucket.spend("5.6.7.8")
    now[0] += 0.5
    bucket.spend("1.2.3.4")
    with pytest.raises(Throttled):
        bucket.spend("1.2.3.4")


def test_who_has_half_of_ipv6_has_one_bucket(settings: Any) -> None:
    settings.THROTTLE_FACTOR = 1
    bucket = Buckets(per_second=0, burst=2)
    bucket.spend("2001:db8:1:2::1")
    bucket.spend("2001:db8:1:2:ffff::7")
    with pytest.raises(Throttled):
        bucket.spend("2001:db8:1:2:3:4:5:6")
    bucket.spend("2001:db8:1:3::1")  # a neighbour
    told = ["::ffff:203.0.113.9", "203.0.113.9", "nonsense", ""]
    assert [place(one) for one in told] == ["203.0.113.9", "203.0.113.9", "nonsense", ""]


def test_the_buckets_of_many_clients_stay_bounded() -> None:
    bucket = Buckets(per_second=2, burst=3, at_most=10)
    for number in range(1000):
        bucket.spend(f"10.0.0.{number}")
    assert len(bucket._held) == 10


def test_public_reads_are_throttled_per_client(
    settings: Any, anyone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROTTLE_FACTOR = 1
    monkeypatch.setattr(kept.public_reads, "per_second", 0)  # however slow the machine is
    fast = {"X_Forwarded_For": "203.0.113.7"}
    statuses = {anyone.get("brands", **fast).status_code for _ in range(700)}
    assert statuses == {200, 429}
    assert anyone.get("brands", X_Forwarded_For="203.0.113.8").status_code == 200
    assert anyone.get("brands").status_code == 200  # this machine itself


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("8.8.4.4", "198.51.100.1", "8.8.4.4"),  # not a proxy of ours: not believed
        ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "evil, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "", ""),
        ("", "", ""),
        ("nonsense", "198.51.100.1", "nonsense"),
    ],
)
def test_the_client_is_whom_a_near_proxy_names(peer: str, forwarded: str, client: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
    assert callers.client(request) == client
