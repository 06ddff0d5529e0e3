"""A crowd fetches one token, a dead token is replaced once, and a lost Redis costs only fetches."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from redis.exceptions import RedisError

from wechat.credentials import MiniProgram
from wechat.errors import Busy, OutcomeUnknown, RateLimited, Rejected
from wechat.tokens import AccessTokens


@pytest.fixture
def issuer(server):
    """stable_token as a server: hands out `issuer.token`; a test may change token, expires_in and delay."""

    class Issuer:
        token, expires_in, delay = "token-1", 7200, 0.0

    def answer(seen):
        time.sleep(Issuer.delay)
        content = {"access_token": Issuer.token, "expires_in": Issuer.expires_in}
        return 200, {}, json.dumps(content).encode()

    server.answer = answer
    return Issuer


def keys(redis):
    return sorted(key.decode() for key in redis.keys("*"))


def test_a_token_is_fetched_without_force_and_kept_for_its_life_less_five_minutes(app, redis, server, issuer):
    tokens = AccessTokens(app, redis, base_url=server.url)
    assert [tokens.current() for _ in range(3)] == ["token-1"] * 3
    [seen] = server.seen
    assert (seen.method, seen.path) == ("POST", "/cgi-bin/stable_token")
    assert json.loads(seen.body) == {
        "grant_type": "client_credential",
        "appid": app.appid,
        "secret": app.secret,
        "force_refresh": False,
    }
    [key] = keys(redis)
    assert 6898 <= redis.ttl(key) <= 6900
    assert app.secret not in key


def test_a_crowd_of_twenty_makes_one_fetch(app, redis_server, redis, server, issuer):
    issuer.delay = 0.4
    start = threading.Barrier(20)

    def one(_):
        tokens = AccessTokens(app, Redis(port=redis_server), base_url=server.url)
        start.wait()
        return tokens.current()

    with ThreadPoolExecutor(20) as crowd:
        assert list(crowd.map(one, range(20))) == ["token-1"] * 20
    assert len(server.seen) == 1
    assert [key.endswith(":lock") for key in keys(redis)] == [False]


def test_each_app_and_each_host_has_its_own_token(app, redis, server, issuer):
    other = MiniProgram(appid="wxd678efh567hg6787", secret="another")
    assert AccessTokens(app, redis, base_url=server.url).current() == "token-1"
    issuer.token = "token-2"
    assert AccessTokens(other, redis, base_url=server.url).current() == "token-2"
    issuer.token = "token-3"
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    assert AccessTokens(app, redis, base_url=elsewhere).current() == "token-3"
    assert AccessTokens(app, redis, base_url=server.url + "/").current() == "token-1"
    assert len(server.seen) == len(keys(redis)) == 3


@pytest.mark.parametrize("errcode", ["40001", "42001", "40014"])
def test_a_refused_token_is_dropped_and_fetched_once_more(app, redis, server, issuer, errcode):
    tokens, used = AccessTokens(app, redis, base_url=server.url), []

    def call(token):
        used.append(token)
        if token == "token-1":
            issuer.token = "token-2"
            raise Rejected(call="x", wechat_code=errcode)
        return "done"

    assert tokens.use(call) == "done"
    assert used == ["token-1", "token-2"]
    assert len(server.seen) == 2
    assert all(json.loads(seen.body)["force_refresh"] is False for seen in server.seen)


def test_a_token_refused_twice_is_an_error_and_not_a_loop(app, redis, server, issuer):
    used = []

    def call(token):
        used.append(token)
        raise Rejected(call="x", wechat_code="40001")

    with pytest.raises(Rejected):
        AccessTokens(app, redis, base_url=server.url).use(call)
    assert used == ["token-1", "token-1"]
    assert len(server.seen) == 2


def test_another_refusal_leaves_the_token_alone(app, redis, server, issuer):
    tokens, used = AccessTokens(app, redis, base_url=server.url), []

    def call(token):
        used.append(token)
        raise Rejected(call="x", wechat_code="40029")

    with pytest.raises(Rejected):
        tokens.use(call)
    assert used == ["token-1"]
    assert tokens.current() == "token-1"
    assert len(server.seen) == 1


def test_dropping_an_old_token_leaves_the_new_one(app, redis, server, issuer):
    tokens = AccessTokens(app, redis, base_url=server.url)
    tokens.current()
    tokens.drop("token-0")
    assert tokens.current() == "token-1"
    assert len(server.seen) == 1


def test_without_redis_every_call_fetches_and_nothing_fails(app, lost_redis, server, issuer):
    tokens = AccessTokens(app, lost_redis, base_url=server.url)
    assert tokens.current() == "token-1"
    assert tokens.use(lambda token: token) == "token-1"
    tokens.drop("token-1")
    assert len(server.seen) == 2


def test_a_redis_that_dies_during_the_fetch_does_not_cost_the_token(app, redis, server, issuer, monkeypatch):
    tokens, real = AccessTokens(app, redis, base_url=server.url), redis.set

    def dies(name, value, **options):
        if name.endswith(":lock"):
            return real(name, value, **options)
        raise RedisError("gone")

    monkeypatch.setattr(redis, "set", dies)
    assert tokens.current() == "token-1"
    assert len(server.seen) == 1


def test_a_lock_left_by_a_dead_process_delays_but_does_not_stop(app, redis, server, issuer, monkeypatch):
    monkeypatch.setattr("wechat.tokens.WAIT_SECONDS", 0.2)
    tokens = AccessTokens(app, redis, base_url=server.url)
    tokens.current()
    [key] = keys(redis)
    redis.delete(key)
    redis.set(f"{key}:lock", "someone who died")
    assert tokens.current() == "token-1"
    assert redis.get(f"{key}:lock") == b"someone who died"


def test_a_lock_that_has_passed_to_another_is_not_released(app, redis, server, issuer):
    tokens = AccessTokens(app, redis, base_url=server.url)
    seen_keys = []

    def answer(seen):
        [lock] = keys(redis)
        seen_keys.append(lock)
        redis.set(lock, "the next one")
        return 200, {}, b'{"access_token": "token-1", "expires_in": 7200}'

    server.answer = answer
    assert tokens.current() == "token-1"
    assert redis.get(seen_keys[0]) == b"the next one"


def test_a_token_that_came_between_our_look_and_our_lock_is_used(app, redis, server, issuer, monkeypatch):
    tokens, real = AccessTokens(app, redis, base_url=server.url), redis.set

    def set_after_another(name, value, **options):
        real(name.removesuffix(":lock"), "token-of-another")
        return real(name, value, **options)

    monkeypatch.setattr(redis, "set", set_after_another)
    assert tokens.current() == "token-of-another"
    assert server.seen == []


@pytest.mark.parametrize("expires_in", [300, 60, 0])
def test_a_token_about_to_expire_is_kept_for_a_second_only(app, redis, server, issuer, expires_in):
    issuer.expires_in = expires_in
    AccessTokens(app, redis, base_url=server.url).current()
    [key] = keys(redis)
    assert 0 < redis.pttl(key) <= 1000


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"errcode": -1, "errmsg": "system error"}', Busy),
        (200, b'{"errcode": 45009, "errmsg": "reach max api daily quota limit"}', RateLimited),
        (200, b'{"errcode": 40125, "errmsg": "invalid appsecret"}', Rejected),
        (200, b'{"errcode": "x"}', OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (200, b'{"access_token": "", "expires_in": 7200}', OutcomeUnknown),
        (502, b'{"access_token": "a", "expires_in": 7200}', OutcomeUnknown),
    ],
)
def test_a_failed_fetch_frees_the_lock_and_keeps_nothing(app, redis, server, status, body, error):
    server.answer = lambda seen: (status, {}, body)
    with pytest.raises(error):
        AccessTokens(app, redis, base_url=server.url).current()
    assert keys(redis) == []
