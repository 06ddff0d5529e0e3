"""A signature is believed once: its number is kept for as long as it would be believed again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection

from kernel.problems import Unauthenticated
from kernel.tenancy import among
from partners.models import Application
from partners.services.accounts import signing_key
from partners.signing import WINDOW, Signed, holds, well_formed

STEP: Final = 5_000
_ONCE = """
INSERT INTO partners_nonce (storefront_id, application_id, nonce, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (application_id, nonce) DO NOTHING
"""
_FORGET = """
DELETE FROM partners_nonce WHERE id IN (SELECT id FROM partners_nonce WHERE at < %s ORDER BY at LIMIT %s)
"""


class SignatureNeeded(Unauthenticated):
    """What changes something is signed."""

    code = "signature_needed"
    title = "Sign this call: X-Timestamp, X-Nonce (16 to 64 of 0-9 A-Z a-z _ -) and X-Signature are needed."
    title_zh = "该请求须签名：请提供 X-Timestamp、X-Nonce（16–64 位，0-9A-Za-z_-）与 X-Signature。"


class SignatureWrong(Unauthenticated):
    """It is not that of this call under this credential's key."""

    code = "signature_wrong"
    title = "The signature is not that of method, path, timestamp, nonce and body under your signing key."
    title_zh = "签名与请求的方法、路径、时间戳、随机串及请求体不符，或签名密钥有误。"


class SignatureLate(Unauthenticated):
    """Signed too long ago, or in a time that has not come."""

    code = "signature_late"
    title = f"X-Timestamp is more than {WINDOW} seconds from our clock, which stands in the header Date."
    title_zh = f"X-Timestamp 与服务器时间相差超过 {WINDOW} 秒，服务器时间见响应头 Date。"


class SignatureReplayed(Unauthenticated):
    """The same number signed a call before."""

    code = "signature_replayed"
    title = "This nonce signed a call before: sign each call, also one that is sent again, with a new nonce."
    title_zh = "该随机串已使用过：每次请求（包括重试）须使用新的随机串重新签名。"


def believe(*, credential: Application, call: Signed, signature: str, now: datetime) -> None:
    """Go on where the call is signed with this credential's key, now, and for the first time.

    Commits at once, so that a call which fails later is not believed again. Raises SignatureNeeded,
    SignatureWrong, SignatureLate, SignatureReplayed.
    """
    if not signature or not well_formed(call):
        raise SignatureNeeded()
    if abs((now - datetime.fromtimestamp(int(call.timestamp), UTC)).total_seconds()) > WINDOW:
        raise SignatureLate()
    if not holds(signing_key(credential), call, signature):
        raise SignatureWrong()
    with among(credential.storefront_id), connection.cursor() as cursor:
        cursor.execute(_ONCE, [credential.storefront_id, credential.pk, call.nonce, now])
        if cursor.rowcount != 1:
            raise SignatureReplayed()


def forget_nonces(*, now: datetime) -> int:
    """Numbers whose signatures are believed no more, on either side of the clock; how many went."""
    before = now - timedelta(seconds=2 * WINDOW)
    gone = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_FORGET, [before, STEP])
            gone += (met := int(cursor.rowcount))
            if met < STEP:
                return gone
