"""Delivers notifications from its own threads, on WeChat's ladder of retries, until one is acknowledged."""

import heapq
import itertools
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from sandbox.journal import Journal
from sandbox.signatures import lines, probe_signature, sign
from sandbox.world import SigningKey

# 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h, 24 h 4 min in all:
# https://pay.weixin.qq.com/doc/v3/merchant/4012791861
LADDER_SECONDS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
# Of complaints: 5s, ten times 1m, then every 5m for up to a week.
COMPLAINT_LADDER_SECONDS = (5, *[60] * 10, *[300] * 2012)
ANSWER_SECONDS = 5
WORKERS = 16
STALE_SECONDS = 600


@dataclass
class Letter:
    """One notification on its way. `treatments` spoils the next deliveries, one each; `lost` spoils all."""

    id: str
    event_type: str
    mchid: str
    out_trade_no: str | None
    url: str
    body: bytes
    key: SigningKey | None = None
    treatments: deque[str] = field(default_factory=deque)
    lost: bool = False
    retries: bool = True
    original: "Letter | None" = None  # of a copy: acknowledged copies end the original's retries too
    ladder: tuple[int, ...] = LADDER_SECONDS
    attempt: int = 0
    done: bool = False

    @property
    def signer(self) -> str:
        return self.key.serial if self.key else ""

    def envelope(self, treatment: str | None) -> tuple[str, bytes, dict[str, str]]:
        """Address, body and headers of the next delivery."""
        return self.url, self.body, _headers(self, treatment)

    def accepts(self, status: int, text: str) -> bool:
        """Whether this answer ends the deliveries."""
        return status in (200, 204)

    def acknowledged(self) -> None:
        self.done = True
        if self.original is not None:
            self.original.done = True


class Courier:
    """A second of the ladder takes `time_scale` real seconds; the receiver's five are never scaled."""

    def __init__(self, journal: Journal, *, time_scale: float) -> None:
        self._journal = journal
        self._launch_scale = self._scale = time_scale
        self._wakeup = threading.Condition()
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, float, int, Letter]] = []  # due, tie-break, since, wait, letter
        self._under_way = 0
        self._era = 0
        for number in range(WORKERS):
            threading.Thread(target=self._work, name=f"courier-{number}", daemon=True).start()

    def send(self, *letters: Letter) -> None:
        for letter in letters:
            self._schedule(letter, 0, self._era)

    def later(self, wait: int, act: Callable[[], None]) -> None:
        """Run `act` after `wait` seconds of the ladder, unless the sandbox was reset meanwhile."""
        with self._wakeup:
            era = self._era
            self._under_way += 1

        def run() -> None:
            try:
                if era == self._era:
                    act()
            finally:
                with self._wakeup:
                    self._under_way -= 1

        timer = threading.Timer(wait * self._scale, run)
        timer.daemon = True
        timer.start()

    @property
    def seconds_per_second(self) -> float:
        """How many real seconds one second of the ladder takes."""
        return self._scale

    def set_time_scale(self, scale: float) -> None:
        """Also shortens or stretches the waits that have begun."""
        with self._wakeup:
            self._scale = scale
            self._waiting = [
                (since + wait * scale, tie, since, wait, letter)
                for _, tie, since, wait, letter in self._waiting
            ]
            heapq.heapify(self._waiting)
            self._wakeup.notify_all()

    def pending(self) -> int:
        """Letters waiting or being delivered."""
        with self._wakeup:
            return len(self._waiting) + self._under_way

    def arriving(self) -> int:
        """As `pending`, without the letters that are lost on their way, however often they are sent."""
        with self._wakeup:
            return sum(not entry[-1].lost for entry in self._waiting) + self._under_way

    def reset(self) -> None:
        with self._wakeup:
            self._era += 1
            self._scale = self._launch_scale
            self._waiting.clear()

    def _schedule(self, letter: Letter, wait: int, era: int) -> None:
        with self._wakeup:
            if era != self._era:
                return
            since = time.monotonic()
            heapq.heappush(
                self._waiting, (since + wait * self._scale, next(self._order), since, wait, letter)
            )
            self._wakeup.notify()

    def _next(self) -> tuple[Letter, int]:
        with self._wakeup:
            while True:
                if self._waiting:
                    remaining = self._waiting[0][0] - time.monotonic()
                    if remaining <= 0:
                        self._under_way += 1
                        return heapq.heappop(self._waiting)[-1], self._era
                    self._wakeup.wait(remaining)
                else:
                    self._wakeup.wait()

    def _work(self) -> None:
        while True:
            letter, era = self._next()
            try:
                if not letter.done:
                    self._deliver(letter, era)
                if letter.retries and not letter.done and letter.attempt <= len(letter.ladder):
                    self._schedule(letter, letter.ladder[letter.attempt - 1], era)
            finally:
                with self._wakeup:
                    self._under_way -= 1

    def _deliver(self, letter: Letter, era: int) -> None:
        letter.attempt += 1
        treatment = letter.treatments.popleft() if letter.treatments else None
        if letter.lost:
            treatment = "lost_notification"
        at, status, outcome = time.time(), None, "lost"
        if treatment != "lost_notification":
            status, told = self._post(letter, treatment)
            outcome = "unreachable" if status is None else "refused"
            if status is not None and letter.accepts(status, told):
                outcome = "acknowledged"
                if treatment is None:  # taking a probe or a forgery for good is the receiver's mistake
                    letter.acknowledged()
        with self._wakeup:
            if era != self._era:
                return
        self._journal.notification(
            at,
            id=letter.id,
            event_type=letter.event_type,
            mchid=letter.mchid,
            out_trade_no=letter.out_trade_no,
            attempt=letter.attempt,
            copy=letter.original is not None,
            treatment=treatment,
            signed_by=letter.signer,
            status=status,
            outcome=outcome,
        )

    def _post(self, letter: Letter, treatment: str | None) -> tuple[int | None, str]:
        """What the receiver answered with, None if it did not answer in time."""
        url, body, headers = letter.envelope(treatment)
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    url, data=body, headers=headers, timeout=ANSWER_SECONDS, allow_redirects=False
                )
                return answer.status_code, answer.text[:100]
        except (OSError, ValueError):  # unreachable, too slow, or no URL at all
            return None, ""


def _headers(letter: Letter, treatment: str | None) -> dict[str, str]:
    assert letter.key is not None
    stale = STALE_SECONDS if treatment == "stale_timestamp" else 0
    timestamp, nonce = str(int(time.time()) - stale), secrets.token_hex(16)
    signed = letter.body + b" " if treatment == "wrong_signature" else letter.body
    signature = sign(letter.key.key, lines(timestamp, nonce, signed))
    return {
        "Content-Type": "application/json",
        "User-Agent": "Mozilla/4.0",
        "Wechatpay-Serial": letter.key.serial,
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": probe_signature() if treatment == "signtest" else signature,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }
