"""The complaints WeChat Pay knows: who complains of which payment, what was said, and until when."""

import base64
import secrets
from dataclasses import dataclass, field
from threading import RLock

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1

from sandbox.clock import Clock, rfc3339, shanghai_day
from sandbox.orders import Order
from sandbox.wire import Json, PayFault

PENDING, PROCESSING, PROCESSED = "PENDING", "PROCESSING", "PROCESSED"
REPLY_SECONDS, FINISH_SECONDS = 24 * 3600, 72 * 3600
PROBLEMS = ("REFUND", "SERVICE_NOT_WORK", "OTHERS")
MOST_REPLIES = 50


@dataclass
class Complaint:
    """One complaint of one payment; `said` is its negotiation history, the oldest first."""

    order: Order
    complaint_id: str
    created_at: float
    detail: str
    sealed_phone: str
    problem_type: str
    wished: int | None
    state: str = PENDING
    times: int = 1
    waits_for_answer: bool = False
    full_refunded: bool = False
    said: list[Json] = field(default_factory=list)

    def told(self) -> Json:
        """As the list and the detail tell it."""
        told: Json = {
            "complaint_id": self.complaint_id,
            "complaint_time": rfc3339(self.created_at),
            "complaint_detail": self.detail,
            "complaint_state": self.state,
            "complainted_mchid": self.order.mchid,
            "payer_phone": self.sealed_phone,
            "payer_openid": self.order.openid,
            "complaint_order_info": [
                {
                    "transaction_id": self.order.transaction_id,
                    "out_trade_no": self.order.out_trade_no,
                    "amount": self.order.total,
                }
            ],
            "complaint_full_refunded": self.full_refunded,
            "incoming_user_response": self.waits_for_answer,
            "user_complaint_times": self.times,
            "problem_description": "申请退款" if self.problem_type == "REFUND" else "其他问题",
            "problem_type": self.problem_type,
            "user_tag_list": [],
        }
        if self.wished is not None:
            told["apply_refund_amount"] = self.wished
        return told


class Complaints:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = RLock()
        self._known: dict[str, Complaint] = {}
        self.addresses: dict[str, str] = {}
        self.media: dict[str, str] = {}  # uploads, by whom

    def open(
        self,
        order: Order,
        *,
        detail: str,
        phone: str,
        problem_type: str,
        wished: int | None,
        key: RSAPublicKey,
    ) -> Complaint:
        """A consumer complains of a payment; the telephone is encrypted to the merchant's key."""
        now = self._clock.now()
        day = shanghai_day(now).replace("-", "")
        padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303
        complaint = Complaint(
            order=order,
            complaint_id=f"2002010{day}{secrets.randbelow(10**11):011}",
            created_at=now,
            detail=detail,
            sealed_phone=base64.b64encode(key.encrypt(phone.encode(), padding)).decode(),
            problem_type=problem_type,
            wished=wished,
        )
        with self._lock:
            self._known[complaint.complaint_id] = complaint
            self.say(complaint, "投诉人", "USER_CREATE_COMPLAINT", detail)
        return complaint

    def find(self, mchid: str | None, complaint_id: str) -> Complaint | None:
        """The complaint of this number, of this merchant (None: of any)."""
        with self._lock:
            found = self._known.get(complaint_id)
        return found if found is not None and mchid in (None, found.order.mchid) else None

    def of(self, mchid: str, first: str, last: str) -> list[Complaint]:
        """The merchant's complaints made on these days, the newest first."""
        with self._lock:
            found = [
                one
                for one in self._known.values()
                if one.order.mchid == mchid and first <= shanghai_day(one.created_at) <= last
            ]
        return found[::-1]

    def all(self) -> list[Complaint]:
        """Every complaint of every merchant, the oldest first."""
        with self._lock:
            return list(self._known.values())

    def say(
        self, complaint: Complaint, who: str, kind: str, detail: str, pictures: list[str] | None = None
    ) -> None:
        """Put one entry into the history."""
        with self._lock:
            entry = {
                "log_id": secrets.token_hex(14),
                "operator": who,
                "operate_time": rfc3339(self._clock.now()),
                "operate_type": kind,
                "operate_details": detail,
                "image_list": [
                    f"https://api.mch.weixin.qq.com/v3/merchant-service/images/{one}"
                    for one in pictures or []
                ],
            }
            complaint.said.append(entry)

    def reply(self, complaint: Complaint, content: str, pictures: list[str]) -> None:
        """The merchant answers: what was PENDING is PROCESSING."""
        with self._lock:
            self._living(complaint)
            if sum(one["operate_type"] == "MERCHANT_RESPONSE" for one in complaint.said) >= MOST_REPLIES:
                raise PayFault(400, "INVALID_REQUEST", "回复次数超过限制")
            self.say(complaint, "商家", "MERCHANT_RESPONSE", content, pictures)
            complaint.state, complaint.waits_for_answer = PROCESSING, False

    def decide(self, complaint: Complaint, body: Json) -> str:
        """The merchant says what becomes of the refund; the word for it in history and notification."""
        with self._lock:
            self._living(complaint)
            if complaint.problem_type != "REFUND":
                raise PayFault(400, "INVALID_REQUEST", "投诉单非申请退款类型")
            if body["action"] == "APPROVE":
                kind, detail = "MERCHANT_APPROVE_REFUND", f"{body.get('launch_refund_day', 0)}"
            else:
                kind, detail = "MERCHANT_REFUSE_RERUND", body["reject_reason"]  # spelt so by WeChat
            self.say(complaint, "商家", kind, detail)
            complaint.state, complaint.waits_for_answer = PROCESSING, False
            return kind

    def complete(self, complaint: Complaint) -> None:
        """The merchant says that it is dealt with; only what was answered can be."""
        with self._lock:
            if complaint.state != PROCESSING:
                raise PayFault(400, "INVALID_REQUEST", "投诉单状态不允许处理完成")
            self.say(complaint, "商家", "MERCHANT_CONFIRM_COMPLETE", "")
            complaint.state = PROCESSED

    def take_up(self, complaint: Complaint, detail: str) -> None:
        """The consumer complains again of the same."""
        with self._lock:
            self.say(complaint, "投诉人", "USER_CONTINUE_COMPLAINT", detail)
            complaint.state, complaint.times = PENDING, complaint.times + 1
            complaint.waits_for_answer = True

    def withdraw(self, complaint: Complaint) -> None:
        """The consumer is content."""
        with self._lock:
            self.say(complaint, "投诉人", "USER_REVOKE_COMPLAINT", "")
            complaint.state = PROCESSED

    def overdue(self, complaint: Complaint) -> bool:
        """Whether the first reply or the end is late by the sandbox's clock."""
        age = self._clock.now() - complaint.created_at
        if complaint.state == PENDING:
            return age > REPLY_SECONDS
        return complaint.state == PROCESSING and age > FINISH_SECONDS

    def reset(self) -> None:
        with self._lock:
            self._known.clear()
            self.addresses.clear()
            self.media.clear()

    def _living(self, complaint: Complaint) -> None:
        if complaint.state == PROCESSED:
            raise PayFault(400, "INVALID_REQUEST", "投诉单已处理完成")
