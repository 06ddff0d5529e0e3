"""Writes notifications as WeChat does, encrypted, and spoils them where a switch says so."""

import time
import uuid
from collections import deque
from typing import Any

from sandbox.clock import rfc3339
from sandbox.courier import COMPLAINT_LADDER_SECONDS, LADDER_SECONDS, Letter
from sandbox.scene import Scene
from sandbox.signatures import encrypt
from sandbox.switches import NOTIFY, SIGNATURE_MODES, Switch
from sandbox.wire import ControlFault, Json, dumps
from sandbox.world import SigningKey, Storefront


def signing_key(scene: Scene, mchid: str, asked: Any) -> SigningKey:
    """`certificate`, `public_key`, or as the merchant stands: at first by turns."""
    keys = {"certificate": scene.keyring.newest, "public_key": scene.world.public_key}
    if asked is None:
        return scene.keyring.notifying(mchid)
    if not isinstance(asked, str) or asked not in keys:
        raise ControlFault(400, f"signed_by: one of {tuple(keys)}")
    return keys[asked]


def write(
    merchant: Storefront,
    *,
    event_type: str,
    summary: str,
    original_type: str,
    resource: Json,
    url: str,
    key: SigningKey,
    out_trade_no: str | None,
) -> Letter:
    """One notification under a new id; its resource is encrypted with the merchant's APIv3 key."""
    notice_id = str(uuid.uuid4())
    body = {
        "id": notice_id,
        "create_time": rfc3339(time.time()),
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": summary,
        "resource": {
            "original_type": original_type,
            **encrypt(merchant.apiv3_key, dumps(resource), original_type),
        },
    }
    return Letter(
        id=notice_id,
        event_type=event_type,
        mchid=merchant.mchid,
        out_trade_no=out_trade_no,
        url=url,
        body=dumps(body),
        key=key,
        ladder=COMPLAINT_LADDER_SECONDS if event_type.startswith("COMPLAINT.") else LADDER_SECONDS,
    )


def paid(
    scene: Scene, merchant: Storefront, *, transaction: Json, url: str, out_trade_no: str, signed_by: Any
) -> Letter:
    """Send word of a payment; returns the letter, which may by then be on its way, doubled or lost."""
    return sent(
        scene,
        merchant,
        event_type="TRANSACTION.SUCCESS",
        summary="支付成功",
        original_type="transaction",
        resource=transaction,
        url=url,
        key=signing_key(scene, merchant.mchid, signed_by),
        out_trade_no=out_trade_no,
    )


def sent(scene: Scene, merchant: Storefront, **facts: Any) -> Letter:
    """Write one notification and send it, spoilt where a switch says so; `facts` are those of `write`."""
    letter = write(merchant, **facts)
    switch = scene.switches.take(NOTIFY, facts["out_trade_no"])
    letters = [letter]
    if switch is not None:
        _spoil(letter, switch)
        if switch.mode == "duplicate":
            for _ in range(switch.copies - 1):
                copy = write(merchant, **facts) if switch.new_id else Letter(**_same(letter))
                copy.original, copy.retries = letter, False
                letters.append(copy)
        if switch.mode == "security_echo":
            echo = {"mchid": merchant.mchid, "echo": uuid.uuid4().hex}
            told = {"event_type": "SECURITY_ECHO.SUCCESS", "summary": "安全回显", "resource": echo}
            letters.insert(0, write(merchant, **{**facts, **told, "original_type": "security_echo"}))
    scene.courier.send(*letters)
    return letter


def _same(letter: Letter) -> dict[str, Any]:
    return {
        name: getattr(letter, name)
        for name in ("id", "event_type", "mchid", "out_trade_no", "url", "body", "key", "ladder")
    }


def _spoil(letter: Letter, switch: Switch) -> None:
    if switch.mode == "lost_notification" and switch.deliveries is None:
        letter.lost = True
    elif switch.mode == "lost_notification" or switch.mode in SIGNATURE_MODES:
        letter.treatments = deque([switch.mode] * (switch.deliveries or 1))
