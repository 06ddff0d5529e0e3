"""Which call is to go wrong next, and how: one switch spoils one call, in the order they were set."""

from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

from sandbox.wire import ControlFault, Json

SHIPPING_CALLS = (
    "ship_upload",
    "ship_order",
    "ship_list",
    "ship_remind",
    "ship_path",
    "ship_managed",
    "ship_confirmed",
    "ship_carriers",
)
LOGIN_CALLS = (
    *("jscode2session", "stable_token", "phone", "mini_complaint", "subscribe_send", "msg_sec_check"),
    *SHIPPING_CALLS,
)
PAY_CALLS = ("prepay", "query", "close", "certificates", "refund", "refund_query", "refund_abnormal")
COMPLAINT_CALLS = (
    "complaint_url",
    "complaint_url_query",
    "complaints",
    "complaint",
    "complaint_history",
    "complaint_reply",
    "complaint_refund",
    "complaint_complete",
)
PICTURE_CALLS = ("complaint_image",)
TENCENT_CALLS = ("identity", "kms_encrypt", "kms_decrypt")
BILL_CALLS = ("tradebill", "fundflowbill")
DOWNLOAD = "billdownload"
NOTIFY = "notify"
PUSH = "push"
REFUND_OUTCOME = "refund_outcome"
CUSTOMS_CALLS = ("customs_declare", "customs_amend", "customs_query", "customs_redeclare", "customs_verify")
CUSTOMS_OUTCOME = "customs_outcome"
CUSTOMS_MATCH, MATCH_MODES = "customs_match", ("unchecked",)

CALL_MODES = ("timeout_before", "timeout_after", "timeout_late", "500_before", "500_after", "error")
SIGNATURE_MODES = ("wrong_signature", "stale_timestamp", "signtest")
PUSH_MODES = ("wrong_signature", "lost_notification", "duplicate")
NOTIFY_MODES = (*SIGNATURE_MODES, "lost_notification", "duplicate", "security_echo")
BILL_MODES = (
    "late",
    "wrong_hash",
    "truncated",
    "extra_line",
    "missing_line",
    "wrong_amount",
    "wrong_balance",
    "elsewhere",
)
OUTCOME_MODES = ("success", "abnormal", "closed", "stuck")
DECLARED_MODES = ("success", "fail", "except", "stuck", "slow")
TENCENT_MODES = ("result", "wrong_answer")
RATES, RATES_MODES = "rates", ("old", "garbled", "jump")
TRADE_CALLS = ("shipments", "releases")
TRACKING_PUSH = "tracking_push"
PORT_CALLS = ("receipts", "receipts_taken", "carrier_waybills", "site_entries", "port_upload", "sign")
CEB, CEB_MODES = "ceb", ("lost", "late", "duplicate", "shuffled", "unreadable")
CARRIER_CALLS = ("sf_create", "sf_find", "sf_cancel", "sf_routes", "poll", "poll_query")
SHORT = {"timeout": "timeout_before", "500": "500_before"}
MOST_COPIES = 16
FACEID_RESULTS = ("0", "-1", "-2", "-3", "-4", "-5", "-6", "-7")


@dataclass
class Switch:
    """`times` uses are left; the other fields matter to some modes only (see README)."""

    call: str
    mode: str
    times: int = 1
    out_trade_no: str | None = None
    seconds: float = 6.0  # timeouts: longer than any client of ours waits
    code: str | int | None = None  # error: a v3 or Tencent code, or an errcode; result: FaceID's
    status: int = 400  # error, Pay v3 only
    deliveries: int | None = None  # notify: how many deliveries of the one notification are spoilt
    copies: int = 2  # duplicate: deliveries at the same time
    new_id: bool = False  # duplicate: each copy under an id of its own

    def fits(self, call: str, out_trade_no: str | None) -> bool:
        return self.call == call and self.out_trade_no in (None, out_trade_no)


def _modes(call: str) -> tuple[str, ...]:
    signed = (*CALL_MODES, *SIGNATURE_MODES, "unsigned")
    known = {
        **dict.fromkeys(LOGIN_CALLS, CALL_MODES),
        **dict.fromkeys((*PAY_CALLS, *COMPLAINT_CALLS, *PICTURE_CALLS), signed),
        **dict.fromkeys(CUSTOMS_CALLS, signed),
        **dict.fromkeys(BILL_CALLS, (*signed, *BILL_MODES)),
        DOWNLOAD: CALL_MODES,
        **dict.fromkeys(TENCENT_CALLS, (*CALL_MODES, *TENCENT_MODES)),
        RATES: (*CALL_MODES, *RATES_MODES),
        **dict.fromkeys((*TRADE_CALLS, *CARRIER_CALLS, *PORT_CALLS), CALL_MODES),
        CEB: (*CALL_MODES, *CEB_MODES),
        NOTIFY: NOTIFY_MODES,
        PUSH: PUSH_MODES,
        TRACKING_PUSH: PUSH_MODES,
        REFUND_OUTCOME: OUTCOME_MODES,
        CUSTOMS_OUTCOME: DECLARED_MODES,
        CUSTOMS_MATCH: MATCH_MODES,
    }
    if call not in known:
        raise ControlFault(400, f"unknown call {call!r}: one of {tuple(known)}")
    return known[call]


def _kind_is_right(name: str, value: object) -> bool:
    if name in ("times", "status", "deliveries", "copies"):
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if name == "seconds":
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    if name == "new_id":
        return isinstance(value, bool)
    if name == "code":
        return isinstance(value, str | int)
    return isinstance(value, str)


def parse(told: Json) -> Switch:
    """The switch a control request asks for; ControlFault 400 for anything it does not know."""
    known = set(Switch.__dataclass_fields__)
    for name, value in told.items():
        if name not in known or not _kind_is_right(name, value):
            raise ControlFault(400, f"{name}: not a field of a switch, or of the wrong kind")
    if "call" not in told or "mode" not in told:
        raise ControlFault(400, "a switch needs call and mode")
    switch = Switch(**told)
    switch.mode = SHORT.get(switch.mode, switch.mode)
    if switch.mode not in _modes(switch.call):
        raise ControlFault(400, f"{switch.call} has no mode {switch.mode!r}: one of {_modes(switch.call)}")
    if switch.mode == "error" and not isinstance(switch.code, int if switch.call in LOGIN_CALLS else str):
        raise ControlFault(400, "error needs code: an errcode (number) for log-in calls, else a code as text")
    if switch.mode == "result" and switch.code not in FACEID_RESULTS:
        raise ControlFault(400, f"result needs code: one of {FACEID_RESULTS}")
    if switch.copies > MOST_COPIES:
        raise ControlFault(400, f"at most {MOST_COPIES} copies")
    return switch


class Switches:
    def __init__(self) -> None:
        self._lock = Lock()
        self._set: list[Switch] = []

    def add(self, switch: Switch) -> None:
        with self._lock:
            self._set.append(switch)

    def take(self, call: str, out_trade_no: str | None = None) -> Switch | None:
        """The first switch that fits, used once; None where nothing is to go wrong."""
        with self._lock:
            for switch in self._set:
                if switch.fits(call, out_trade_no):
                    switch.times -= 1
                    if switch.times == 0:
                        self._set.remove(switch)
                    return switch
        return None

    def read(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(switch) for switch in self._set]

    def reset(self) -> None:
        with self._lock:
            self._set.clear()
