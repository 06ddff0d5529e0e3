"""What WeChat would push, sealed by wechatpy and not by our own hand."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from storefronts.models import Storefront
from storefronts.queries import forget_kept
from storefronts.services import set_messages
from tests import make

TOKEN, AES_KEY = "T" * 32, "k" * 43
PHONE = "13800138000"


def with_keys(shop: Storefront) -> Storefront:
    """The storefront, ready to be pushed to."""
    set_messages(storefront=shop, token=TOKEN, aes_key=AES_KEY)
    forget_kept()
    return shop


def told(**changes: Any) -> dict[str, Any]:
    """The event of a complaint."""
    at = int(make.NOW.timestamp())
    info = {
        "complaint_order_id": "MP-1",
        "status": "201",
        "create_time": str(at),
        "expire_time": str(at + 48 * 3600),
        "order_id": "4200000001",
        "out_trade_no": "",
        "phone_number": PHONE,
        "open_id": "oOPENID",
        "customer_material_content": "包装破损",
        **changes,
    }
    return {
        "ToUserName": "gh_1",
        "FromUserName": "oOPENID",
        "CreateTime": at,
        "MsgType": "event",
        "Event": "complaint_callback",
        "BussiCallBackInfo": info,
    }


def as_xml(message: dict[str, Any]) -> str:
    def within(members: dict[str, Any]) -> str:
        return "".join(
            f"<{name}>{within(value) if isinstance(value, dict) else value}</{name}>"
            for name, value in members.items()
        )

    return f"<xml>{within(message)}</xml>"


def sealed(
    shop: Storefront, message: str, *, token: str = TOKEN, aes_key: str = AES_KEY, appid: str = ""
) -> tuple[str, str]:
    """Query and body of one delivery."""
    nonce, timestamp = "nonce-1", "1780000000"
    made = WeChatCrypto(token, aes_key, appid or shop.appid).encrypt_message(message, nonce, timestamp)
    signature = re.search(r"<MsgSignature><!\[CDATA\[(\w+)\]\]>", made)
    assert signature is not None
    query = {"timestamp": timestamp, "nonce": nonce, "msg_signature": signature.group(1)}
    return urlencode({**query, "signature": signature_of(token, timestamp, nonce)}), made


def as_json(xml: str) -> str:
    """The same delivery where the console is set to JSON."""
    found = re.search(r"<Encrypt><!\[CDATA\[(.+?)\]\]>", xml)
    assert found is not None
    return json.dumps({"ToUserName": "gh_1", "Encrypt": found.group(1)})


def signature_of(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    made: str = signer.signature
    return made


def push(client: Client, shop: Storefront, query: str, body: str, kind: str = "text/xml") -> Any:
    return client.post(f"/wechat/messages/{shop.appid}?{query}", body, content_type=kind)
