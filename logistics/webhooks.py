"""Where kuaidi100 pushes: believed over the raw text, taken in once, answered with what it understands.

Nothing unsigned is kept. A failure makes it push again, half an hour later and three times at most; what is
lost is asked about.
"""

from __future__ import annotations

import structlog
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kernel import receipts
from kernel.cases import open_case
from kernel.clock import now as present
from kernel.errors import Missing
from kernel.tenancy import among
from logistics import queries
from logistics.gateways.kuaidi100 import PROVIDER, Unreadable, is_signed, read_push
from logistics.services.tracking import UnknownParcel, take_in_tracking

log = structlog.get_logger(__name__)

UNKNOWN, UNREADABLE = "tracking.unknown_parcel", "tracking.unreadable"


@csrf_exempt
@require_POST
def kuaidi100(request: HttpRequest, code: str) -> JsonResponse:
    """One push for the storefront `code`."""
    try:
        door = queries.tracking_door(code)
    except Missing:
        return _fail(404, "no such storefront")
    param, sign = request.POST.get("param", ""), request.POST.get("sign", "")
    if not param or not sign or not is_signed(param, sign, door.salt):
        log.warning("push_rejected", storefront=code)
        return _fail(403, "signature not accepted")
    with among(door.storefront_id):
        return _take_in(door.storefront_id, param)


def _take_in(storefront_id: int, param: str) -> JsonResponse:
    """What is signed, in one transaction with the receipt that makes it once."""
    now, print_ = present(), receipts.fingerprint(param)
    claim = {"source": f"{PROVIDER}:{storefront_id}", "key": print_.hex()}
    with transaction.atomic():
        try:
            if receipts.take(**claim, fingerprint=print_) is not None:
                return _good()
            report = read_push(param)
            take_in_tracking(storefront_id=storefront_id, report=report, now=now)
        except receipts.InFlight:
            return _fail(409, "being taken in")
        except Unreadable as failure:
            _case(storefront_id, UNREADABLE, print_.hex()[:32], "A push cannot be read", why=failure.why)
            return _fail(422, "not understood")
        except UnknownParcel:
            facts = {"waybill": report.waybill, "carrier": report.carrier}
            _case(storefront_id, UNKNOWN, report.waybill, "Something is told of a parcel not ours", **facts)
            return _fail(404, "no such parcel")
        receipts.keep(**claim, fingerprint=print_, answer=receipts.Answer(200, b""), now=now)
    return _good()


def _case(storefront_id: int, kind: str, key: str, title: str, **facts: str) -> None:
    open_case(
        storefront_id=storefront_id,
        kind=kind,
        key=f"push:{key}"[:80],
        title=title,
        facts=facts,
        now=present(),
    )


def _good() -> JsonResponse:
    return JsonResponse({"result": True, "returnCode": "200", "message": "成功"})


def _fail(status: int, message: str) -> JsonResponse:
    return JsonResponse({"result": False, "returnCode": str(status), "message": message}, status=status)
