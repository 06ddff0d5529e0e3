"""Plays Tencent Cloud: POST / with a TC3-HMAC-SHA256 signature, answered in its envelope, errors with 200."""

import hashlib
import hmac
import re
import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from sandbox import faceid, kms
from sandbox.scene import Scene
from sandbox.switches import Switch
from sandbox.wire import HangUp, Json, Reply, Request, TencentFault, json_reply, loads
from sandbox.world import TencentAccount

ALGORITHM = "TC3-HMAC-SHA256"
WINDOW_SECONDS = 300
FIELDS = re.compile(
    rf"{ALGORITHM} Credential=([^/, ]+)/(\d{{4}}-\d\d-\d\d)/([a-z]+)/tc3_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
# (service, version, action) → the name of the call for switches and journal, and what answers it.
CALLS: dict[tuple[str, str, str], tuple[str, Callable[[Scene, Json, Switch | None], Json]]] = {
    ("faceid", "2018-03-01", "IdCardVerification"): ("identity", faceid.verify),
    ("kms", "2019-01-18", "Encrypt"): ("kms_encrypt", kms.encrypt),
    ("kms", "2019-01-18", "Decrypt"): ("kms_decrypt", kms.decrypt),
}


def answer(scene: Scene, request: Request) -> Reply:
    """The reply to a call of Tencent Cloud; HangUp where a switch says so."""
    at, call, code, switch = time.time(), request.headers.get("x-tc-action", ""), None, None
    request_id = str(uuid.uuid4())
    try:
        service = authorise(scene.world.tencent, request)
        named = (service, request.headers.get("x-tc-version", ""), call)
        if named not in CALLS:
            raise TencentFault("InvalidAction", "The request action is invalid or does not exist.")
        call, act = CALLS[named]
        switch = scene.switches.take(call)
        reply = _played(scene, request, switch, act, request_id)
    except TencentFault as fault:
        code = fault.code
        reply = _envelope({"Error": {"Code": fault.code, "Message": fault.message}}, request_id)
    except HangUp:
        scene.journal.call(at, call=call, status=None, switch=switch.mode if switch else None)
        raise
    scene.journal.call(at, call=call, status=reply.status, code=code, switch=switch.mode if switch else None)
    return reply


def _played(
    scene: Scene,
    request: Request,
    switch: Switch | None,
    act: Callable[[Scene, Json, Switch | None], Json],
    request_id: str,
) -> Reply:
    mode = switch.mode if switch else ""
    if switch and mode == "error":
        raise TencentFault(str(switch.code), "told to fail")
    if switch and mode.startswith("timeout_"):
        time.sleep(switch.seconds)
        raise HangUp
    if mode.startswith("500_"):
        return Reply(500, b"", {"Content-Type": "text/plain"})
    if mode == "wrong_answer":
        return json_reply({"Response": {"RequestId": request_id}})
    try:
        told = loads(request.body)
    except ValueError:
        raise TencentFault("InvalidRequest", "The request body is not JSON.") from None
    return _envelope(act(scene, told, switch), request_id)


def _envelope(content: Json, request_id: str) -> Reply:
    return json_reply({"Response": {**content, "RequestId": request_id}})


def authorise(account: TencentAccount, request: Request) -> str:
    """The service that a rightly signed request of this account calls; else TencentFault AuthFailure.…

    https://cloud.tencent.com/document/api/1007/31322
    """
    found = FIELDS.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        raise TencentFault("AuthFailure.InvalidAuthorization", "Authorization is not in the right form.")
    secret_id, day, service, signed, signature = found.groups()
    timestamp = request.headers.get("x-tc-timestamp", "")
    if not re.fullmatch(r"\d{10}", timestamp):
        raise TencentFault("MissingParameter", "X-TC-Timestamp is missing.")
    if abs(time.time() - int(timestamp)) > WINDOW_SECONDS:
        raise TencentFault("AuthFailure.SignatureExpire", "The signature has expired.")
    if datetime.fromtimestamp(int(timestamp), UTC).date().isoformat() != day:
        raise TencentFault("AuthFailure.SignatureFailure", "The day is not that of X-TC-Timestamp in UTC.")
    if not secrets.compare_digest(secret_id, account.secret_id):
        raise TencentFault("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    names = signed.split(";")
    if names != sorted(names) or not {"content-type", "host"} <= set(names):
        raise TencentFault("AuthFailure.SignatureFailure", "content-type and host are to be signed.")
    lines = "".join(f"{name}:{request.headers.get(name, '').strip().lower()}\n" for name in names)
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = f"{request.method}\n/\n\n{lines}\n{signed}\n{digest}"
    scope = f"{day}/{service}/tc3_request"
    to_sign = f"{ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"TC3" + account.secret_key.encode()
    for part in (day, service, "tc3_request", to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(key.hex(), signature):
        raise TencentFault("AuthFailure.SignatureFailure", "The signature is not valid.")
    return service
