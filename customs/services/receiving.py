"""Receipts are taken in once, kept sealed, and only then the port is told that they were taken.

One that is of no document of ours, or that cannot be read, is kept as it came and is a case: nothing that
customs says is ever dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

import structlog
from django.db import IntegrityError, transaction

from compliance import vault
from customs import labels
from customs.ceb.message import Value, Values
from customs.ceb.read import Unreadable, fragments, parse, understand
from customs.gateways.port import port_of
from customs.models import Declaration, Filing, PortAccount, PortMessage, PortReceipt, TaxSheet
from customs.services.answers import follow, take_status
from customs.services.entering import Heard, follow_entry, take_answer, take_entry
from customs.services.filing import note_asked
from customs.services.taxes import KINDS, take_sheet
from customs.steps import code_in
from kernel.cases import open_case, open_failing, settle_open
from kernel.gateways import Unreachable
from kernel.tenancy import tenant
from orders.models import Order

log = structlog.get_logger(__name__)

UNREADABLE, UNKNOWN, FAILING = (
    "customs.receipt_unreadable",
    "customs.receipt_unknown",
    "customs.receipts_failing",
)
# A receipt may be dated before our own clock says that the document left.
SKEW = timedelta(minutes=1)
Kind = Filing.Kind
Outcome = PortReceipt.Outcome


class Told(NamedTuple):
    """One document of a receipt message: what it says, its own bytes, and its lines where it has any."""

    name: str
    head: Values
    raw: bytes
    lines: tuple[Values, ...] = ()


Taker: TypeAlias = Callable[[PortAccount, Told, datetime], PortReceipt | None]


def collect(*, now: datetime) -> int:
    """Fetch what waits at each port account and take it in; returns how many receipts were new.

    The port keeps a receipt until it is told; whoever dies before that is told it again, and it is the same.
    """
    new = 0
    for account in _boxes():
        try:
            new += _collect(account, now)
        except Unreachable as failure:
            log.warning("receipts_unreachable", account=account.pk, reason=failure.reason)
        except Exception as failure:  # an answer that is none
            open_failing(
                storefront_id=account.storefront_id,
                kind=FAILING,
                key=f"port:{account.public_id}",
                title="The receipts of a port account cannot be taken in",
                facts={"account": str(account)},
                failure=failure,
                now=now,
            )
        else:
            settle_open(
                kinds=[FAILING], key=f"port:{account.public_id}", by="system", note="taken in", now=now
            )
    return new


def _boxes() -> list[PortAccount]:
    """The first account of every box: those of one enterprise at several districts share theirs."""
    accounts = PortAccount.objects.filter(active=True).select_related("storefront__key").order_by("-id")
    boxes = {(row.storefront_id, row.transport, row.dxp_id, row.folder): row for row in accounts}
    return list(boxes.values())


def _collect(account: PortAccount, now: datetime) -> int:
    port, new = port_of(account), 0
    while came := port.receipts():
        for one in came:
            new += len(take_in(account=account, raw=one.raw, now=now))
        port.taken([one.id for one in came])
    return new


def take_in(*, account: PortAccount, raw: bytes, now: datetime) -> list[PortReceipt]:
    """Take one receipt message in, each document in its own transaction; what was taken before is not new."""
    try:
        root = parse(raw)
        message = understand(root)
    except Unreadable as fault:
        return _kept([_unreadable(account, raw, str(fault), now)])
    take = TAKERS.get(message.shape.head)
    if take is None:
        return _kept([_unreadable(account, raw, f"{message.name} is not told to us", now)])
    told = zip(message.documents, fragments(root), strict=True)
    return _kept(
        [
            take(account, Told(message.name, document.head, part, document.lines), now)
            for document, part in told
        ]
    )


def _kept(rows: list[PortReceipt | None]) -> list[PortReceipt]:
    return [row for row in rows if row is not None]


def _unreadable(account: PortAccount, raw: bytes, why: str, now: datetime) -> PortReceipt | None:
    with tenant(account.storefront_id):
        row = _keep(account, None, Told("", {}, raw), Outcome.UNREADABLE, now)
        if row is not None:
            open_case(
                storefront_id=account.storefront_id,
                kind=UNREADABLE,
                key=f"receipt:{row.digest}",
                title="A receipt of the port cannot be read",
                facts={"why": why, "account": str(account)},
                now=now,
            )
    return row


def _by(kind: Filing.Kind, key: Callable[[Values], str]) -> Taker:
    """Taker of the receipts of one kind of document, which they name by `key`."""

    def take(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
        with tenant(account.storefront_id):
            return _take(account, told, _filing(account, kind, key(told.head)), now)

    return take


def _take(account: PortAccount, told: Told, filing: Filing | None, now: datetime) -> PortReceipt | None:
    head = told.head
    if filing is None:
        row = _keep(account, None, told, Outcome.UNKNOWN, now)
        if row is not None:
            open_case(
                storefront_id=account.storefront_id,
                kind=UNKNOWN,
                key=f"receipt:{row.digest}",
                title="A receipt of the port is about no document of this house",
                facts={"message": told.name, "status": row.status, "account": str(account)},
                now=now,
            )
        return row
    outcome = (
        Outcome.OLD if filing.superseded or _of_before(filing, head.get("returnTime")) else Outcome.TAKEN
    )
    row = _keep(account, filing, told, outcome, now)
    if row is not None and outcome == Outcome.TAKEN and told.name != "CEB514Message":
        info = str(head.get("returnInfo", ""))
        if take_status(filing=filing, status=row.status, told_at=row.told_at or now, head=head):
            follow(filing=filing, info=info, reference=row.digest, now=now)
    return row


def _of_before(filing: Filing, told_at: Value | None) -> bool:
    """Whether this was told of an earlier version that went by the same key: made before this one left."""
    if not isinstance(told_at, datetime) or filing.sent_at is None or told_at >= filing.sent_at - SKEW:
        return False
    return Filing.objects.filter(kind=filing.kind, key=filing.key, pk__lt=filing.pk).exists()


def _keep(
    account: PortAccount,
    filing: Filing | None,
    told: Told,
    outcome: PortReceipt.Outcome,
    now: datetime,
) -> PortReceipt | None:
    """The receipt as a row; None where it came before. What was about no known document finds it now."""
    status = str(told.head.get("returnStatus") or told.head.get("status", ""))
    told_at = told.head.get("returnTime")
    sealing = filing.declaration.order.key if filing else account.storefront.key
    row = PortReceipt(
        storefront_id=account.storefront_id,
        account=account,
        filing=filing,
        name=told.name,
        digest=hashlib.sha256(told.raw).hexdigest(),
        status=status[:10],
        code=code_in(status, str(told.head.get("returnInfo", ""))),
        told_at=told_at if isinstance(told_at, datetime) else None,
        outcome=outcome,
        received_at=now,
    )
    row.raw_sealed = vault.unwrap(sealing).seal(
        labels.RECEIPT_RAW, row.public_id, told.raw.decode("utf-8", "replace")
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return None if filing is None else _found(row)
    return row


def _found(fresh: PortReceipt) -> PortReceipt | None:
    """A receipt that came before its document was known: from now on it is of that, sealed with its order."""
    row = (
        PortReceipt.objects.select_for_update()
        .filter(account_id=fresh.account_id, digest=fresh.digest, outcome=Outcome.UNKNOWN)
        .first()
    )
    if row is None or fresh.filing is None:
        return None
    raw = vault.unwrap(fresh.account.storefront.key).open(
        labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed)
    )
    order_key = vault.unwrap(fresh.filing.declaration.order.key)
    row.raw_sealed = order_key.seal(labels.RECEIPT_RAW, row.public_id, raw)
    row.filing, row.outcome = fresh.filing, fresh.outcome
    row.save(update_fields=["raw_sealed", "filing", "outcome"])
    settle_open(
        kinds=[UNKNOWN],
        key=f"receipt:{row.digest}",
        by="system",
        note="its document is known",
        now=fresh.received_at,
    )
    return row


def _filing(account: PortAccount, kind: Filing.Kind, key: str) -> Filing | None:
    """The version that stands under a key, or the last that did; its declaration's row is held."""
    rows = Filing.objects.filter(storefront_id=account.storefront_id, kind=kind, key=key)
    found = rows.order_by("superseded", "-id").values_list("pk", "declaration__order_id").first()
    return None if found is None else _held(*found)


def _held(filing_id: int, order_id: int) -> Filing:
    Order.objects.select_for_update().only("pk").get(pk=order_id)  # the order first: docs/locking.md
    return (
        Filing.objects.select_for_update(of=("self", "declaration"))
        .select_related("declaration__order__key", "declaration__account")
        .get(pk=filing_id)
    )


def _of_payment(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
    """CEB412: WeChat Pay has told customs of a payment, often before anything else of its order is told."""
    key = _pair("payCode", "payTransactionId")(told.head)
    with tenant(account.storefront_id):
        filing = _filing(account, Kind.PAYMENT, key)
        if filing is None:
            paid = Declaration.objects.filter(
                storefront_id=account.storefront_id,
                order__transaction_id=str(told.head.get("payTransactionId", "")),
            ).first()
            if paid is not None:
                Order.objects.select_for_update().get(pk=paid.order_id)
                made = note_asked(declaration=paid, kind=Kind.PAYMENT, key=key, now=now, sent_at=now)
                filing = _held(made.pk, paid.order_id)
        return _take(account, told, filing, now)


def _tax(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
    """CEB816 and CEB818: a tax sheet and its state, of the list that goes by customs' number."""
    list_no = str(told.head.get("invtNo", ""))
    with tenant(account.storefront_id):
        listed = Declaration.objects.filter(storefront_id=account.storefront_id, list_no=list_no).first()
        found = (
            None
            if listed is None or not list_no
            else listed.filings.filter(kind=Kind.LIST).order_by("superseded", "-id").first()
        )
        if found is None or not _complete(told.head):
            return _take(account, told, None, now)
        filing = _held(found.pk, found.declaration.order_id)
        news = take_sheet(declaration=filing.declaration, head=told.head, now=now)
        return _keep(account, filing, told, Outcome.TAKEN if news else Outcome.OLD, now)


def _complete(head: Values) -> bool:
    """Whether a sheet is told of with its number, its state and all of its amounts, or none of them."""
    amounts = [element in head for element in KINDS.values()]
    return bool(head.get("taxNo")) and head.get("status") in TaxSheet.Status and len(set(amounts)) == 1


def _entry(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
    """CEB711 and CEB712: what a supervised site entered (入库明细单), and what customs says of that."""
    heard: Heard | None
    with tenant(account.storefront_id):
        if told.name == "CEB711Message":
            heard = take_entry(account=account, head=told.head, lines=told.lines, now=now)
        else:
            heard = take_answer(account=account, head=told.head, now=now)
        if heard is None:
            return _take(account, told, None, now)
        row = _keep(account, None, told, Outcome.TAKEN if heard.news else Outcome.OLD, now)
    follow_entry(heard=heard, now=now)
    return row


def _unreadable_there(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
    """CEB900: the port could not read a message of ours; each of its documents failed with it.

    What comes back with it, the message itself, is kept where it was sent from, and not once more.
    """
    guid = str(told.head.get("oriCopMsgId", ""))
    content = str(told.head.get("oriBizMessage", ""))
    sent = PortMessage.objects.filter(account=account, guid__in=[guid.upper(), _guid_in(content)]).first()
    head = {name: value for name, value in told.head.items() if name != "oriBizMessage"}
    rows = []
    with tenant(account.storefront_id):
        for key, order_id in [] if sent is None else list(_documents(sent)):
            filing = _held(key, order_id)
            part = f"{filing.guid} {head.get('returnStatus', '')} {head.get('returnInfo', '')}"
            rows.append(_take(account, Told(told.name, head, part.encode()), filing, now))
        if not rows:
            rows.append(_take(account, told, None, now))
    return next((row for row in rows if row is not None), None)


def _documents(sent: PortMessage) -> Iterable[tuple[int, int]]:
    return sent.filings.order_by("id").values_list("pk", "declaration__order_id")


def _guid_in(content: str) -> str:
    """The number of a message in the text that came back with its refusal."""
    _, _, after = content.partition('guid="')
    return after[:36].upper()


def _pair(first: str, second: str) -> Callable[[Values], str]:
    return lambda head: f"{head.get(first, '')}/{head.get(second, '')}"


def _one(name: str) -> Callable[[Values], str]:
    return lambda head: str(head.get(name, ""))


TAKERS: Mapping[str, Taker] = {
    "OrderReturn": _by(Kind.ORDER, _pair("ebpCode", "orderNo")),
    "PaymentReturn": _of_payment,
    "LogisticsReturn": _by(Kind.WAYBILL, _pair("logisticsCode", "logisticsNo")),
    "LogisticsStatusReturn": _by(Kind.WAYBILL, _pair("logisticsCode", "logisticsNo")),
    "InventoryReturn": _by(Kind.LIST, _one("copNo")),
    "InvtCancelReturn": _by(Kind.CANCEL, _one("copNo")),
    "InvtRefundReturn": _by(Kind.RETURN, _one("copNo")),
    "DeliveryHead": _entry,
    "DeliveryReturn": _entry,
    "MessageReturn": _unreadable_there,
    "TaxHeadRd": _tax,
    "TaxHeadStatus": _tax,
}
