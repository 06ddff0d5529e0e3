"""Lets a Pay v3 request in only if the merchant it names signed exactly these bytes within five minutes."""

import re
import time
from email import message_from_bytes
from email.policy import HTTP

from sandbox.scene import Scene
from sandbox.signatures import lines, matches
from sandbox.wire import Json, PayFault, Request
from sandbox.world import Storefront

UPLOAD, MULTIPART = "/v3/merchant-service/images/upload", "multipart/form-data"
SCHEME = "WECHATPAY2-SHA256-RSA2048"
FIELDS = ("mchid", "nonce_str", "timestamp", "serial_no", "signature")
WINDOW_SECONDS = 300
LONGEST_NONCE = 32
SHOWN_BODY = 8  # characters of the body that WeChat repeats in the detail of a SIGN_ERROR


def parts_of(request: Request) -> dict[str, bytes]:
    """The parts of a form by name; of an upload `meta` alone is signed."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    form = message_from_bytes(head + request.body, policy=HTTP)
    found = {}
    for part in form.iter_parts() if form.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content
    return found


def _sign_error(message: str, field: str, issue: str, **more: Json) -> PayFault:
    # The shape of detail as merchants report it; https://pay.weixin.qq.com/doc/v3/merchant/4012072670
    detail: Json = {"detail": {"issue": issue}, "field": field, "location": "authorization", **more}
    return PayFault(401, "SIGN_ERROR", message, detail)


def _fields(request: Request) -> dict[str, str]:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme != SCHEME:
        raise _sign_error("Http头Authorization认证类型不正确", "authorization", f"scheme must be {SCHEME}")
    found = re.findall(r'(\w+)="([^"]*)"', rest)
    if re.sub(r'\w+="[^"]*"', "", rest).strip(", ") or sorted(n for n, _ in found) != sorted(FIELDS):
        raise _sign_error(
            "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
            "authorization",
            f"must hold each of {', '.join(FIELDS)} once",
        )
    return dict(found)


def check_headers(request: Request) -> None:
    """Accept and User-Agent always, Content-Type where there is a body; this comes before the signature."""
    accept = request.headers.get("accept", "")
    if not ("application/json" in accept or "*/*" in accept) or not request.headers.get("user-agent"):
        raise PayFault(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    taken = MULTIPART if request.path == UPLOAD else "application/json"
    if request.method == "POST" and content_type != taken:
        raise PayFault(400, "INVALID_REQUEST", "Http头Content-Type值不正确")


def authorise(scene: Scene, request: Request) -> Storefront:
    """The merchant that signed the request; PayFault 401 SIGN_ERROR says in its detail what is wrong."""
    check_headers(request)
    fields = _fields(request)
    merchant = scene.world.by_mchid(fields["mchid"])
    if merchant is None:
        raise PayFault(400, "MCH_NOT_EXISTS", "商户号不存在")
    if not re.fullmatch(r"\d{1,12}", fields["timestamp"]):
        raise _sign_error("Http头Authorization值格式错误", "timestamp", "must be seconds since 1970")
    if abs(time.time() - int(fields["timestamp"])) >= WINDOW_SECONDS:
        message = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
        raise _sign_error(message, "timestamp", "more than five minutes off")
    if not 1 <= len(fields["nonce_str"]) <= LONGEST_NONCE:
        raise _sign_error("Http头Authorization值格式错误", "nonce_str", f"1 to {LONGEST_NONCE} characters")
    key = scene.keyring.merchant_key(merchant, fields["serial_no"])
    if key is None:
        message = "商户证书序列号有误。请使用签名私钥匹配的证书序列号"
        raise _sign_error(message, "serial_no", "not the serial of this merchant's certificate")
    head = (request.method, request.target, fields["timestamp"], fields["nonce_str"])
    body = parts_of(request).get("meta", b"") if request.path == UPLOAD else request.body
    message_signed = lines(*head, body)
    if not matches(key, fields["signature"], message_signed):
        shown = lines(*head).decode() + body.decode(errors="replace")[:SHOWN_BODY] + "\n"
        information: Json = {
            "method": request.method,
            "url": request.target,
            "sign_message_length": len(message_signed),
            "truncated_sign_message": shown,
        }
        raise _sign_error("签名错误", "signature", "sign not match", sign_information=information)
    return merchant


def claimed_mchid(request: Request) -> str | None:
    """The merchant number that the request names, whoever signed it."""
    found = re.search(r'mchid="(\d+)"', request.headers.get("authorization", ""))
    return found[1] if found else None
