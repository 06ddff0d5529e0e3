"""All processes share one access token per mini-program, a crowd fetches it once, losing Redis loses nothing.

stable_token hands everyone the same valid token until forced, so a fetch too many is harmless; that is why
each trouble with Redis ends in a plain fetch.
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from redis.exceptions import RedisError

from wechat.answers import ask
from wechat.credentials import MiniProgram
from wechat.errors import OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from redis import Redis

# 40001: wrong or replaced token, 42001: expired, 40014: not a token.
TOKEN_ERRCODES = frozenset({"40001", "42001", "40014"})
# In its last five minutes WeChat hands out the next token; ours is renewed then.
RENEW_SECONDS = 300
# A fetch takes at most 5 s (connect 2, read 3); the lock outlives it, and not for long.
LOCK_MILLISECONDS = 6000
WAIT_SECONDS, PAUSE_SECONDS = 3.0, 0.03
_COMPARE_AND_DELETE = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
)

T = TypeVar("T")


class AccessTokens:
    """The access token of one mini-program at one base URL."""

    def __init__(self, app: MiniProgram, redis: "Redis", *, base_url: str) -> None:
        host = hashlib.sha256(base_url.rstrip("/").encode()).hexdigest()[:16]
        self._app, self._redis, self._base_url = app, redis, base_url
        self._key = f"wechat:token:{host}:{app.appid}"

    def use(self, call: Callable[[str], T]) -> T:
        """`call(token)`; if WeChat refuses the token, that token is dropped and the call made once more."""
        token = self.current()
        try:
            return call(token)
        except Rejected as error:
            if error.wechat_code not in TOKEN_ERRCODES:
                raise
        self.drop(token)
        return call(self.current())

    def current(self) -> str:
        """The shared token; fetched when there is none. Raises what `wechat.answers.ask` raises."""
        try:
            return self._shared()
        except RedisError:
            return self._fetch()[0]

    def drop(self, token: str) -> None:
        """Forget this very token; one that someone else has fetched meanwhile stays."""
        self._delete(self._key, token)

    def _shared(self) -> str:
        give_up = time.monotonic() + WAIT_SECONDS
        mine, lock = secrets.token_hex(16), f"{self._key}:lock"
        while time.monotonic() < give_up:
            token = self._cached()
            if token is not None:
                return token
            if self._redis.set(lock, mine, nx=True, px=LOCK_MILLISECONDS):
                try:
                    # Between our look and our lock the one before us may have put it there.
                    return self._cached() or self._fetch_and_share()
                finally:
                    self._delete(lock, mine)
            time.sleep(PAUSE_SECONDS)
        return self._fetch()[0]

    def _cached(self) -> str | None:
        value = self._redis.get(self._key)
        return value.decode() if isinstance(value, bytes) else value or None

    def _fetch_and_share(self) -> str:
        token, expires_in = self._fetch()
        with suppress(RedisError):
            self._redis.set(self._key, token, ex=max(expires_in - RENEW_SECONDS, 1))
        return token

    def _fetch(self) -> tuple[str, int]:
        answer = ask(
            base_url=self._base_url,
            call="stable_token",
            method="POST",
            path="/cgi-bin/stable_token",
            params={},
            content={
                "grant_type": "client_credential",
                "appid": self._app.appid,
                "secret": self._app.secret,
                "force_refresh": False,
            },
        )
        token, expires_in = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(expires_in, int):
            raise OutcomeUnknown(call="stable_token", reason="the answer has no token")
        return token, expires_in

    def _delete(self, key: str, value: str) -> None:
        with suppress(RedisError):
            self._redis.eval(_COMPARE_AND_DELETE, 1, key, value)
