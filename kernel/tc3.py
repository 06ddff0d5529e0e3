"""A request to Tencent Cloud (腾讯云) is signed with TC3-HMAC-SHA256, over exactly the bytes that are sent.

https://tencentcloud.com/document/api/266/34114; the same for every product.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"
CONTENT_TYPE = "application/json; charset=utf-8"
SIGNED_HEADERS = "content-type;host"


@dataclass(frozen=True)
class Credential:
    """A pair of keys of one account at Tencent Cloud."""

    secret_id: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Call:
    """Which call of which product; `host` as it stands in the address, with the port if there is one.

    Without `region` for a product that has none.
    """

    service: str
    host: str
    action: str
    version: str
    region: str = ""


def headers(*, credential: Credential, call: Call, body: bytes, now: datetime) -> dict[str, str]:
    """Every header of a POST of `body` to "/"; it is good for five minutes around `now`."""
    timestamp = int(now.timestamp())
    region = {"X-TC-Region": call.region} if call.region else {}
    return {
        "Authorization": authorization(credential=credential, call=call, body=body, timestamp=timestamp),
        "Content-Type": CONTENT_TYPE,
        "X-TC-Action": call.action,
        "X-TC-Version": call.version,
        "X-TC-Timestamp": str(timestamp),
        **region,
    }


def authorization(*, credential: Credential, call: Call, body: bytes, timestamp: int) -> str:
    """The `Authorization` header; `timestamp` in whole seconds, its day is a day in UTC."""
    day = datetime.fromtimestamp(timestamp, UTC).date().isoformat()
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            f"content-type:{CONTENT_TYPE}",
            f"host:{call.host}",
            "",
            SIGNED_HEADERS,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{day}/{call.service}/tc3_request"
    to_sign = "\n".join([ALGORITHM, str(timestamp), scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"TC3{credential.secret_key}".encode()
    for part in (day, call.service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return (
        f"{ALGORITHM} Credential={credential.secret_id}/{scope}, "
        f"SignedHeaders={SIGNED_HEADERS}, Signature={signature}"
    )
