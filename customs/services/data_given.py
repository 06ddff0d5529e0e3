"""Customs is given the payment data that it asked for: looked up, signed, sealed, handed over until taken.

Each step is committed before the next: the order noted, what is given signed and sealed with its disclosure,
handed over, known to be taken. Whoever dies in between leaves a row whose time comes again; the same bytes go
out again, in the same session.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from compliance import services as compliance
from compliance import vault
from customs import labels
from customs.documents.payment_data import LONGEST_ORIGINAL, nodes, sign_text, upload_text
from customs.gateways.data_upload import TAKEN, UnknownSession, data_upload
from customs.gateways.signing_machine import MachineRefused
from customs.models import DataRequest
from customs.services.data_asked import FAILING, LEASE, REFUSED
from customs.services.data_found import PURPOSE, WHO, Found, NotGiven, find, look_up, paid_by
from customs.services.data_turns import hold, in_turn, is_full, takes_a_turn
from customs.services.gather import CUSTOMS
from customs.services.keys import signer_of
from customs.services.sending import ask_no_more
from customs.states import DATA_REQUEST
from kernel.cases import open_case, open_failing, settle_open
from kernel.clock import shanghai_day
from kernel.gateways import Unreachable
from kernel.models import Case
from kernel.states import WrongState
from kernel.tenancy import tenant
from orders.models import Order

log = structlog.get_logger(__name__)

MOST = 500
SILENT_AT_MOST = 3  # in a row: then whoever does not answer is left alone until the next sweep
FIRST_WAIT, WAIT_AT_MOST = timedelta(seconds=15), timedelta(minutes=30)
TRIES_TO_CASE, GIVE_UP = 5, timedelta(days=7)
UNKNOWN, DISOWNED = "data_request.unknown", "data_request.disowned"
# Sent is told before it leaves the house, and that customs took it once it has: never the one for the other.
SENT, HAS_IT = "customs_inquiry_sent", "customs_inquiry"
GIVEN_FIELDS = ("openid", "order_number", "payment_number", "amount", "goods")


def sweep(*, now: datetime) -> int:
    """Give what was asked for and whose time has come; how many customs took."""
    given = silent = 0
    began = time.monotonic()
    full: set[str] = set()
    for row in in_turn(most=MOST, now=now):
        if silent == SILENT_AT_MOST:
            break
        passed = timedelta(seconds=int(time.monotonic() - began))
        if _waits(row, full, now) or not _claim(row, now, until=now + passed + LEASE):
            continue
        try:
            given += _give(row, now)
            silent = 0
        except NotGiven as why:
            _stop(row, why.trouble, now) if why.lasting else _again(row, why.trouble, now)
        except UnknownSession as told:
            silent = 0
            _disown(row, told.code, now)
        except Unreachable as failure:
            silent += 1
            _again(row, failure.code, now, reason=failure.reason)
        except WrongState:  # it was moved meanwhile: what it is now decides
            continue
        except Exception as failure:
            _again(row, "error", now)
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=_case_key(FAILING, row),
                title="Payment data that customs asked for cannot be made or given",
                facts=_facts(row),
                failure=failure,
                now=now,
            )
    return given


def _waits(row: DataRequest, full: set[str], now: datetime) -> bool:
    """Whether others of its payment go first; after a week it is ended, unsigned."""
    if not takes_a_turn(row):
        return False
    if row.number not in full and is_full(number=row.number, now=now):
        full.add(row.number)
        hold(number=row.number, now=now)
    if row.number not in full:
        return False
    if now - row.asked_at > GIVE_UP:
        row.refresh_from_db()  # whose it is stands there now
        _refuse(row, "crowd", now)
    return True


def _claim(row: DataRequest, now: datetime, *, until: datetime) -> bool:
    """Have it alone `until` then, however long the sweep has gone on, where nobody else has it."""
    with transaction.atomic():
        due = DataRequest.objects.filter(pk=row.pk, next_try_at__lte=now)
        if due.select_for_update(skip_locked=True, of=("self",)).first() is None:
            return False
        due.update(tries=F("tries") + 1, next_try_at=until)
    row.refresh_from_db()
    return True


def _give(row: DataRequest, now: datetime) -> bool:
    text = _kept(row, now) if row.made_at else _made(row, now)
    code = data_upload().give(text)
    if code != TAKEN:
        _again(row, "not_taken", now, code=code)
        return False
    assert row.order is not None
    with tenant(row.order.storefront_id):
        _disclose(HAS_IT, paid_by(row.order), now)
        DATA_REQUEST.move(
            row, "give", now=now, code=code, trouble="", given_at=now, next_try_at=None, facts=_facts(row)
        )
        settle_open(
            kinds=[FAILING, REFUSED], key=row.event_key, by="system", note="customs has taken it", now=now
        )
    return True


def _made(row: DataRequest, now: datetime) -> str:
    """What is given, signed over the letters in which it goes, and sealed before anyone outside sees it."""
    payment = look_up(row)
    with tenant(payment.storefront_id):
        found = find(session=row.session, payment=payment, now=now)
        signer = signer_of(found.account)
    if found.data.longest > LONGEST_ORIGINAL:
        raise NotGiven("too_long")  # an original is never shortened: a person asks customs how to give it
    made = nodes(found.data, now)
    try:
        signature = signer.sign(sign_text(made).encode())
    except MachineRefused as refused:
        if refused.lasting:
            ask_no_more(found.account, refused.reason, now)
        raise
    text = upload_text(made, certificate_number=signer.number, signature=signature)
    return text if _keep(row, found, text, now) else _kept(row, now)


def _keep(row: DataRequest, found: Found, text: str, now: datetime) -> bool:
    """Seal it with the disclosure that goes before it; False where another sweep was faster."""
    with tenant(found.order.storefront_id):
        sealed = vault.unwrap(found.order.key).seal(labels.DATA_GIVEN, row.public_id, text)
        kept = DataRequest.objects.filter(pk=row.pk, made_at=None).update(body_sealed=sealed, made_at=now)
        if kept:
            _disclose(SENT, found.orders, now)
    row.refresh_from_db(fields=["body_sealed", "made_at"])
    return bool(kept)


def _disclose(purpose: str, orders: tuple[Order, ...], now: datetime) -> None:
    for order in orders:
        assert order.subject_id is not None  # a paid order keeps its subject
        compliance.disclose(
            storefront_id=order.storefront_id,
            subject_id=order.subject_id,
            order_number=order.number,
            recipient_kind="customs",
            recipient=CUSTOMS,
            country="CN",
            purpose=purpose,
            basis="law",
            fields=GIVEN_FIELDS,
            now=now,
        )


def _kept(row: DataRequest, now: datetime) -> str:
    assert row.order_id is not None  # it was noted before anything was made
    order = Order.objects.select_related("key").get(pk=row.order_id)
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed as closed:
        raise NotGiven("unreadable") from closed
    return vault.open_as(
        who=WHO,
        purpose=PURPOSE,
        storefront_id=order.storefront_id,
        key=key,
        label=labels.DATA_GIVEN,
        ref=row.public_id,
        blob=bytes(row.body_sealed),
        now=now,
    )


def _stop(row: DataRequest, trouble: str, now: datetime) -> None:
    """It cannot be given as things stand: a person decides. Numbers that nobody knows are one case a day."""
    unknown = row.order_id is None
    with transaction.atomic():
        _refuse(row, trouble, now)
        open_case(
            storefront_id=row.storefront_id,
            kind=UNKNOWN if unknown else REFUSED,
            key=f"data_request:{shanghai_day(row.asked_at)}" if unknown else _case_key(REFUSED, row),
            title="Customs asks for payment data that cannot be given",
            facts={**_facts(row), "why": trouble} | _declared_as(row, trouble),
            now=now,
        )


def _declared_as(row: DataRequest, trouble: str) -> dict[str, str]:
    """By which number customs knows the order, where it asked by another."""
    return {"out_trade_no": row.order.out_trade_no} if row.order and trouble == "own_number" else {}


def _disown(row: DataRequest, code: str, now: datetime) -> None:
    """Customs did not ask in this session: it ends, with one case a day and storefront."""
    with transaction.atomic():
        _refuse(row, "session_unknown", now, code=code)
        settle_open(kinds=[FAILING], key=row.event_key, by="system", note="customs did not ask", now=now)
        open_case(
            storefront_id=row.storefront_id,
            kind=DISOWNED,
            key=f"data_request:{row.storefront_id}:{shanghai_day(now)}",
            title="Payment data was asked for in a session that customs does not know",
            facts={**_facts(row), "customs_code": code},
            now=now,
        )


def _refuse(row: DataRequest, trouble: str, now: datetime, **changes: str) -> None:
    DATA_REQUEST.move(
        row, "refuse", now=now, trouble=trouble, next_try_at=None, facts={"trouble": trouble}, **changes
    )


def _case_key(kind: str, row: DataRequest) -> str:
    """One case an order, however many sessions ask for it: that of the first."""
    told = Case.objects.filter(kind=kind, state=Case.State.OPEN, facts__order=row.number)
    return told.values_list("key", flat=True).first() or row.event_key


def _again(row: DataRequest, trouble: str, now: datetime, *, code: str = "", reason: str = "") -> None:
    """Not this time: later, twice as long each time, and a case when it keeps failing."""
    log.warning("payment_data_not_given", session=row.session, trouble=trouble, code=code, reason=reason)
    if now - row.asked_at > GIVE_UP:
        _stop(row, "gave_up", now)
        return
    wait = min(FIRST_WAIT * 2 ** min(row.tries - 1, 10), WAIT_AT_MOST)
    changes = {"trouble": trouble, "code": code or row.code, "next_try_at": now + wait}
    with transaction.atomic():
        if row.state == "asked":
            DATA_REQUEST.move(row, "fail", now=now, facts={"trouble": trouble}, **changes)
        else:
            DataRequest.objects.filter(pk=row.pk, state="failing").update(**changes)
        if row.tries >= TRIES_TO_CASE:
            open_case(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=_case_key(FAILING, row),
                title="Payment data that customs asked for is not taken, or cannot be signed",
                facts={**_facts(row), "why": trouble, "customs_code": code or row.code},
                now=now,
            )


def _facts(row: DataRequest) -> dict[str, str]:
    return {"order": row.number, "session": row.session}
