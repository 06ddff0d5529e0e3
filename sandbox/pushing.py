"""Pushes messages to a mini-program's server in safe mode (安全模式), and plays its complaints (交易投诉)."""

import base64
import hashlib
import secrets
import struct
import time
from collections import deque
from dataclasses import dataclass
from xml.sax.saxutils import escape

import requests
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from sandbox.courier import ANSWER_SECONDS, Letter
from sandbox.fields import Url
from sandbox.minicomplaints import MiniComplaint
from sandbox.scene import Scene
from sandbox.switches import PUSH, Switch
from sandbox.wire import ControlFault, Json, LoginFault, PayFault, Reply, Request, dumps, json_reply
from sandbox.world import Storefront

# "three repetitions" is all that is documented; five seconds apart is the sandbox's choice.
LADDER_SECONDS = (5, 5, 5)
MERCHANT_SECONDS = 48 * 3600
OURS = ("201", "206")
BLOCK = 32


@dataclass
class Push(Letter):
    """One message on its way; each delivery is sealed and signed anew."""

    storefront: Storefront | None = None
    as_json: bool = False

    @property
    def signer(self) -> str:
        return "message token"

    def envelope(self, treatment: str | None) -> tuple[str, bytes, dict[str, str]]:
        assert self.storefront is not None
        sealed = seal(self.storefront, self.body)
        query = signed(self.storefront, sealed, wrong=treatment == "wrong_signature")
        to = self.storefront.appid
        if self.as_json:
            body = dumps({"ToUserName": to, "Encrypt": sealed})
        else:
            body = (
                f"<xml><ToUserName><![CDATA[{to}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
            ).encode()
        kind = "application/json" if self.as_json else "text/xml"
        return f"{self.url}?{query}", body, {"Content-Type": kind, "User-Agent": "Mozilla/4.0"}

    def accepts(self, status: int, text: str) -> bool:
        return status == 200 and text in ("success", "")


def seal(to: Storefront, message: bytes) -> str:
    """16 random bytes, length, message and appid, padded to 32, AES-256-CBC."""
    key = base64.b64decode(f"{to.message_key}=")
    plain = secrets.token_bytes(16) + struct.pack(">I", len(message)) + message + to.appid.encode()
    rest = BLOCK - len(plain) % BLOCK
    writer = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(writer.update(plain + bytes([rest]) * rest) + writer.finalize()).decode()


def signed(to: Storefront, sealed: str | None, *, wrong: bool = False) -> str:
    """The query of a push, or of the check of an address where nothing is sealed."""
    timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
    token = f"{to.message_token}x" if wrong else to.message_token
    plain = _sha1(token, timestamp, nonce)
    query = f"signature={plain}&timestamp={timestamp}&nonce={nonce}"
    if sealed is None:
        return query
    return f"{query}&encrypt_type=aes&msg_signature={_sha1(token, timestamp, nonce, sealed)}"


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def set_address(scene: Scene, told: Json) -> Json:
    """POST /sandbox/message_url: as in the console, the address is taken once it echoes what it is asked."""
    storefront, url = _storefront(scene, told), told.get("url")
    try:
        Url().check(url, "url")
    except PayFault as fault:
        raise ControlFault(400, fault.message) from None
    word = str(secrets.randbelow(10**18))
    query = f"{signed(storefront, None)}&echostr={word}"
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{url}?{query}", timeout=ANSWER_SECONDS, allow_redirects=False)
    except OSError:
        raise ControlFault(409, "the address does not answer") from None
    if answer.status_code != 200 or answer.text != word:
        raise ControlFault(409, "the address does not echo")
    with scene.pushes.lock:
        scene.pushes.addresses[storefront.appid] = str(url)
    return {}


def complain(scene: Scene, told: Json) -> Json:
    """POST /sandbox/mini_complain: a consumer complains in the mini-program, or a complaint gets `status`."""
    if "complaint_id" in told:
        complaint = scene.pushes.complaints.get(str(told["complaint_id"]))
        if complaint is None:
            raise ControlFault(404, "no such complaint")
        complaint.status = str(told.get("status", complaint.status))
        option = "2"
    else:
        complaint, option = _new(scene, told), "1"
    now = scene.clock.now()
    complaint.expires_at = now + MERCHANT_SECONDS if complaint.status in OURS else 0
    storefront = scene.world.by_appid(complaint.appid)
    facts = {"complaint_id": complaint.number, "expire_time": int(complaint.expires_at), "message_id": ""}
    if storefront is None:
        return facts
    message = _message(storefront, complaint, option, now)
    number, as_json = complaint.out_trade_no, told.get("json") is True
    push = _push(scene, storefront, message, number, as_json)
    return {**facts, "message_id": push.id if push else ""}


def event(
    scene: Scene,
    to: Storefront,
    name: str,
    members: Json,
    *,
    openid: str = "",
    out_trade_no: str = "",
    as_json: bool = False,
) -> Letter | None:
    """Push an event of this name; None where the mini-program has no address for messages."""
    told = {
        "ToUserName": to.appid,
        "FromUserName": openid,
        "CreateTime": int(scene.clock.now()),
        "MsgType": "event",
        "Event": name,
        **members,
    }
    return _push(scene, to, told, out_trade_no, as_json)


def _push(
    scene: Scene, storefront: Storefront, message: Json, out_trade_no: str, as_json: bool
) -> Push | None:
    url = scene.pushes.addresses.get(storefront.appid)
    if url is None:
        return None
    push = Push(
        id=secrets.token_hex(8),
        event_type=str(message["Event"]),
        mchid=storefront.mchid,
        out_trade_no=out_trade_no,
        url=url,
        body=(dumps if as_json else _xml)(message),
        ladder=LADDER_SECONDS,
        storefront=storefront,
        as_json=as_json,
    )
    _send(scene, push, scene.switches.take(PUSH, out_trade_no))
    return push


def detail(scene: Scene, request: Request) -> Reply:
    """GET /wxaapi/minishop/complaintOrderDetail?access_token=&complaintOrderId=: one complaint as it stands.

    A number of another mini-program or of none is a "system error", as WeChat answers.
    """
    appid = scene.tokens.check(request.query.get("access_token"))
    complaint = scene.pushes.complaints.get(request.query.get("complaintOrderId", ""))
    if complaint is None or complaint.appid != appid:
        raise LoginFault(-1, "system error")
    told = {
        "complaintOrderId": int(complaint.number),
        "openId": complaint.openid,
        "createTime": int(complaint.created_at),
        "phoneNumber": complaint.phone,
        "type": 1,
        "status": int(complaint.status),
        "customerMaterial": {"content": complaint.detail, "mediaIdList": []},
        "orderId": complaint.transaction_id,
        "outTradeNo": complaint.out_trade_no,
        "expireTime": int(complaint.expires_at),
    }
    return json_reply({"errcode": 0, "errmsg": "ok", "complaintOrder": told, "item": []})


def _send(scene: Scene, push: Push, switch: Switch | None) -> None:
    copies = []
    if switch is not None and switch.mode == "duplicate":
        for _ in range(switch.copies - 1):
            same = {
                name: getattr(push, name) for name in ("id", "event_type", "mchid", "out_trade_no", "url")
            }
            copy = Push(
                **same, body=push.body, ladder=push.ladder, storefront=push.storefront, as_json=push.as_json
            )
            copy.original, copy.retries = push, False
            copies.append(copy)
    elif switch is not None and switch.mode == "lost_notification" and switch.deliveries is None:
        push.lost = True
    elif switch is not None:
        push.treatments = deque([switch.mode] * (switch.deliveries or 1))
    scene.courier.send(push, *copies)


def _new(scene: Scene, told: Json) -> MiniComplaint:
    storefront, number = _storefront(scene, told), told.get("out_trade_no")
    order = scene.orders.paid_or_not(storefront.mchid, str(number), "")
    if order is None or order.success_at is None:
        raise ControlFault(409, "only of what was paid does one complain")
    made = MiniComplaint(
        appid=storefront.appid,
        number=str(secrets.randbelow(9 * 10**11) + 10**11),
        created_at=scene.clock.now(),
        transaction_id=order.transaction_id or "",
        out_trade_no=order.out_trade_no,
        detail=str(told.get("detail", "商品有问题，申请退款")),
        phone=str(told.get("phone", "13800138000")),
        openid=order.openid,
    )
    with scene.pushes.lock:
        scene.pushes.complaints[made.number] = made
    return made


def _message(to: Storefront, complaint: MiniComplaint, option: str, now: float) -> Json:
    return {
        "ToUserName": to.appid,
        "FromUserName": complaint.openid,
        "CreateTime": int(now),
        "MsgType": "event",
        "Event": "complaint_callback",
        "BussiCallBackInfo": {
            "appid": to.appid,
            "option_type": option,
            "complaint_order_id": complaint.number,
            "status": complaint.status,
            "create_time": int(complaint.created_at),
            "expire_time": int(complaint.expires_at),
            "type": "1",
            "order_id": complaint.transaction_id,
            "out_trade_no": complaint.out_trade_no,
            "phone_number": complaint.phone,
            "open_id": complaint.openid,
            "customer_material_content": complaint.detail,
            "customer_material_media_id_list": "",
            "history": {"time": int(complaint.created_at), "content": complaint.detail, "media_id_list": ""},
        },
    }


def _xml(told: Json) -> bytes:
    def within(members: Json) -> str:
        return "".join(
            f"<{name}>{within(value) if isinstance(value, dict) else escape(str(value))}</{name}>"
            for name, value in members.items()
        )

    return f"<xml>{within(told)}</xml>".encode()


def _storefront(scene: Scene, told: Json) -> Storefront:
    found = scene.world.by_appid(str(told.get("appid", "")))
    if found is None:
        raise ControlFault(404, "no such appid")
    return found
