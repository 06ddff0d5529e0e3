"""Access tokens as stable_token (稳定版接口调用凭据) gives them: the same one until its last five minutes."""

import secrets
from dataclasses import dataclass
from threading import Lock

from sandbox.clock import Clock, shanghai_day
from sandbox.wire import Json, LoginFault

# https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html
LIFE_SECONDS = 7200
LAST_MINUTES_SECONDS = 300
FORCED_PER_DAY = 20
FORCED_APART_SECONDS = 30


@dataclass
class Token:
    value: str
    appid: str
    expires_at: float
    revoked: bool = False


class Tokens:
    """All tokens of all mini-programs; each appid has one current token of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._current: dict[str, Token] = {}
        self._issued: dict[str, Token] = {}
        self._forced: dict[str, list[float]] = {}

    def stable(self, appid: str, *, force_refresh: bool) -> Json:
        """The current token, or a new one in its last five minutes, when forced, or when there is none."""
        with self._lock:
            now = self._clock.now()
            current = self._current.get(appid)
            if force_refresh:
                self._count_forced(appid, now)
                if current is not None:
                    current.revoked = True  # a forced refresh ends the old token at once
                current = None
            # In the last five minutes a new token is given while the old one lives out its time.
            if current is None or now >= current.expires_at - LAST_MINUTES_SECONDS:
                current = Token(secrets.token_urlsafe(102), appid, now + LIFE_SECONDS)
                self._current[appid] = self._issued[current.value] = current
            return {"access_token": current.value, "expires_in": round(current.expires_at - now)}

    def _count_forced(self, appid: str, now: float) -> None:
        past = self._forced.setdefault(appid, [])
        if past and now - past[-1] < FORCED_APART_SECONDS:
            raise LoginFault(45011, "api minute-quota reach limit, must slower, retry next minute")
        if sum(shanghai_day(at) == shanghai_day(now) for at in past) >= FORCED_PER_DAY:
            raise LoginFault(45009, "reach max api daily quota limit")
        past.append(now)

    def check(self, value: str | None) -> str:
        """The appid the token speaks for; LoginFault 41001, 40001 or 42001."""
        if not value:
            raise LoginFault(41001, "access_token missing")
        with self._lock:
            token = self._issued.get(value)
            if token is None or token.revoked:
                raise LoginFault(
                    40001, "invalid credential, access_token is invalid or not latest, could get access_token"
                )
            if self._clock.now() >= token.expires_at:
                raise LoginFault(42001, "access_token expired")
            return token.appid

    def reset(self) -> None:
        with self._lock:
            self._current.clear()
            self._issued.clear()
            self._forced.clear()
