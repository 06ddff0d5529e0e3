"""500 notifications of WeChat Pay a minute, each payment told 50 times at the same moment, over HTTP."""

from __future__ import annotations

import base64
import secrets
import time
from collections import Counter
from datetime import datetime
from statistics import median

import orjson
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bench import load, stage
from bench.ordering import place, requests_of
from bench.report import Report
from kernel import ids
from kernel.clock import SHANGHAI
from kernel.clock import now as present
from kernel.models import Event
from orders.models import Order
from payments.models import Payment
from storefronts.models import Storefront
from storefronts.services import set_merchant

PAYMENTS, COPIES, EVERY_SECONDS = 10, 50, 6.0  # 500 a minute
MCHID, APIV3_KEY, SERIAL = "1600000099", "k" * 32, "PUB_KEY_ID_0116000000992026"
WARM = 24  # payments that every connection of the server has settled a few of, before anything is timed
SETTLED, IN_FLIGHT = 204, 409  # in flight: another copy is being taken in, and WeChat comes again


def notifications(report: Report, port: int, buyers: list[stage.Buyer], now: datetime) -> None:
    """Bursts of copies against bursts of as many constant answers, in turns within one minute."""
    platform = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    payments = _payments(port, buyers, platform, now)
    warm, payments = payments[PAYMENTS:], payments[:PAYMENTS]
    load.run(port, [copy for one in warm for copy in _copies(one, platform)[:2]], clients=WARM)
    constant = [load.get("/health/live", {})] * COPIES
    load.run(port, constant, clients=COPIES)  # warm
    times: dict[str, list[float]] = {"constant": [], "told": []}
    statuses: Counter[int] = Counter()
    began = time.monotonic()
    for turn, payment in enumerate(payments):
        time.sleep(max(0.0, began + turn * EVERY_SECONDS - time.monotonic()))
        bare = load.run(port, constant, clients=COPIES)
        result = load.run(port, _copies(payment, platform), clients=COPIES)
        times["constant"].append(median(bare.times) * 1000)
        times["told"].append(median(result.times) * 1000)
        statuses.update(result.statuses)
    minutes = max(time.monotonic() - began, PAYMENTS * EVERY_SECONDS) / 60
    rate = statuses.total() / minutes
    report.figure("notifications_a_minute", rate, "notifications", floor=None, target="500")
    report.pairs(
        "notification_answer",
        times["told"],
        f"ms, the median of {COPIES} at once",
        floors=times["constant"],
        target="5",
        at_most=True,
    )
    once = _settled_once(payments)
    report.figure("payments_settled_once", once, "payments", floor=None, target=f"={PAYMENTS}")
    others = sum(count for status, count in statuses.items() if status not in (SETTLED, IN_FLIGHT))
    report.figure("notifications_other_answers", others, "answers", floor=None, target="=0")


def _payments(
    port: int, buyers: list[stage.Buyer], platform: rsa.RSAPrivateKey, now: datetime
) -> list[Payment]:
    """Orders that wait for their payment at a merchant whose notifications `platform` signs."""
    shop = Storefront.objects.get(appid=stage.APPID)
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    set_merchant(
        storefront=shop,
        mchid=MCHID,
        serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        private_key_pem=own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        apiv3_key=APIV3_KEY,
        platform_keys={
            SERIAL: platform.public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode()
        },
    )
    last = Order.objects.order_by("-id").values_list("id", flat=True).first() or 0
    count = PAYMENTS + WARM
    place(port, requests_of(buyers[:count], count, now), 4)
    return [
        Payment.objects.create(
            storefront=shop,
            order=order,
            out_trade_no=ids.number(now),
            mchid=MCHID,
            appid=shop.appid,
            amount_fen=order.total_fen,
            state="prepared",
            description="bench",
            notify_url=f"http://127.0.0.1:{port}/pay/wechat/{MCHID}",
            time_expire=order.expires_at,
            created_at=now,
            next_query_at=order.expires_at,
        )
        for order in Order.objects.filter(id__gt=last).order_by("id")
    ]


def _copies(payment: Payment, platform: rsa.RSAPrivateKey) -> list[bytes]:
    """One notification as often as WeChat may send it at once: the same id and body, each signed anew."""
    at = present().astimezone(SHANGHAI).isoformat(timespec="seconds")
    plain = {
        "appid": payment.appid,
        "mchid": payment.mchid,
        "out_trade_no": payment.out_trade_no,
        "transaction_id": f"4200{payment.pk:024}",
        "trade_state": "SUCCESS",
        "success_time": at,
        "payer": {"openid": "o-bench"},
        "amount": {"total": payment.amount_fen, "payer_total": payment.amount_fen, "currency": "CNY"},
    }
    nonce = secrets.token_hex(6)
    sealed = AESGCM(APIV3_KEY.encode()).encrypt(nonce.encode(), orjson.dumps(plain), b"transaction")
    body = orjson.dumps(
        {
            "id": secrets.token_hex(16),
            "create_time": at,
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": nonce,
            },
        }
    )
    return [load.post(f"/pay/wechat/{MCHID}", _signed(body, platform), body) for _ in range(COPIES)]


def _signed(body: bytes, platform: rsa.RSAPrivateKey) -> dict[str, str]:
    stamp, nonce = str(int(time.time())), secrets.token_hex(16)
    message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    return {
        "Wechatpay-Serial": SERIAL,
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(
            platform.sign(message, padding.PKCS1v15(), SHA256())
        ).decode(),
    }


def _settled_once(payments: list[Payment]) -> int:
    """How many of them have succeeded, paid their order, and were told of exactly once."""
    return sum(
        Payment.objects.filter(pk=one.pk, state="succeeded", order__state="paid").exists()
        and Event.objects.filter(key=one.event_key, name="payment.succeeded").count() == 1
        and Event.objects.filter(key=one.order.event_key, name="order.paid").count() == 1
        for one in payments
    )
