"""What each kind of receipt is about, and what it changes.

One that is of no document of ours is kept as it came and is a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from django.db.models import QuerySet

from customs.ceb.message import Value, Values
from customs.models import (
    Consignment,
    Declaration,
    Filing,
    PortAccount,
    PortMessage,
    PortReceipt,
    TaxSheet,
    WarehouseEntry,
)
from customs.services.answers import contradicts, follow, take_status
from customs.services.entering import Heard, follow_entry, take_answer, take_entry
from customs.services.filing import note_asked
from customs.services.keeping import UNKNOWN, Outcome, Told, keep
from customs.services.taxes import KINDS, take_sheet
from customs.steps import REFUSED, Step, is_error, step_for
from kernel.cases import open_case
from kernel.tenancy import tenant
from orders.models import Order

# A receipt may be dated before our own clock says that the document left.
SKEW, SKEW_AT_MOST = timedelta(minutes=1), timedelta(minutes=10)
Kind = Filing.Kind
# Of an order a receipt needs little; the rest is read where it is asked for.
_READ = ("id", "storefront", "key", "number", "state", "gate", "person")
_UNREAD = [
    f"declaration__order__{field.name}" for field in Order._meta.concrete_fields if field.name not in _READ
]


Taker: TypeAlias = Callable[[PortAccount, Told, datetime], PortReceipt | None]


class Taking(NamedTuple):
    """How one kind of receipt is taken in, and whether a storefront has the document that it is about."""

    take: Taker
    knows: Callable[[int, Told], bool]


def _by(kind: Filing.Kind, key: Callable[[Values], str]) -> Taking:
    """The receipts of one kind of document, which they name by `key`."""

    def take(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
        with tenant(account.storefront_id):
            return _take(account, told, _filing(account, kind, key(told.head)), now)

    def knows(storefront_id: int, told: Told) -> bool:
        return Filing.objects.filter(storefront_id=storefront_id, kind=kind, key=key(told.head)).exists()

    return Taking(take, knows)


def _copy(kind: Filing.Kind, key: Callable[[Values], str]) -> Taking:
    """A copy of a document itself, ours or another party's, that a box is told of: kept with its order."""

    def take(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
        with tenant(account.storefront_id):
            filing = _filing(account, kind, key(told.head))
            if filing is None:
                return _take(account, told, None, now)
            row = keep(account, filing, told, Outcome.TAKEN, now)
            if row is not None:  # perhaps what differed was mended by it
                blocked = Declaration.objects.filter(pk=filing.declaration_id, state="blocked")
                blocked.filter(next_try_at__gt=now).update(next_try_at=now)
            return row

    return _by(kind, key)._replace(take=take)


def _take(account: PortAccount, told: Told, filing: Filing | None, now: datetime) -> PortReceipt | None:
    head = told.head
    if filing is None:
        row = keep(account, None, told, Outcome.UNKNOWN, now)
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
    row = keep(account, filing, told, outcome, now)
    if row is not None and outcome == Outcome.TAKEN and told.name != "CEB514Message":
        if _of_another_district(filing, head) or _after_acceptance(filing, row.status, head):
            contradicts(filing.declaration, now)
            return row
        info = str(head.get("returnInfo", ""))
        told_at = min(row.told_at or now, now)  # dated ahead of our clock it would silence what comes after
        if take_status(filing=filing, status=row.status, told_at=told_at, head=head):
            follow(filing=filing, info=info, reference=row.digest, now=now)
    return row


def _speaks_for(account: PortAccount, declared: PortAccount | None) -> bool:
    """Whether a word that came by the box of `account` counts for what was told by that of `declared`: the
    box that is with a broker speaks for that broker's districts, and for no other of the storefront."""
    by_broker = account.transport == PortAccount.Transport.BROKER
    return not by_broker or declared is None or declared.broker_id == account.broker_id


def _of_another_district(filing: Filing, head: Values) -> bool:
    """Whether a receipt of a list names another district than the one that the list was told to."""
    code, account = head.get("customsCode"), filing.declaration.account
    return bool(code) and account is not None and code != account.customs_code


def _after_acceptance(filing: Filing, status: str, head: Values) -> bool:
    """Whether an error is told of a list that customs has accepted, and refuses by 退单 (100) alone."""
    if filing.kind != Kind.LIST or filing.declaration.accepted_at is None or not is_error(status):
        return False
    return step_for(status, str(head.get("returnInfo", ""))) not in (Step.DECLARED, Step.OLD, Step.LATER)


def _of_before(filing: Filing, told_at: Value | None) -> bool:
    """Whether this was told of an earlier version that went by the same key: made before this one left.

    The same words told once more are no other version. Where customs has refused all of those before, nothing
    more is told of them: its clock is behind ours.
    """
    if not isinstance(told_at, datetime) or filing.sent_at is None or told_at >= filing.sent_at - SKEW:
        return False
    earlier = Filing.objects.filter(kind=filing.kind, key=filing.key, pk__lt=filing.pk)
    refused = [
        status == REFUSED or is_error(status)
        for status, digest in earlier.values_list("status", "digest")
        if status == REFUSED or is_error(status) or not digest or digest != filing.digest
    ]
    return bool(refused) and not (all(refused) and told_at >= filing.sent_at - SKEW_AT_MOST)


def _filing(account: PortAccount, kind: Filing.Kind, key: str) -> Filing | None:
    """The version that stands under a key, or the last that did; its declaration's row is held."""
    rows = Filing.objects.filter(storefront_id=account.storefront_id, kind=kind, key=key)
    found = rows.order_by("superseded", "-id").values_list("pk", "declaration__order_id").first()
    filing = None if found is None else _held(*found)
    return filing if filing is None or _speaks_for(account, filing.declaration.account) else None


def _held(filing_id: int, order_id: int) -> Filing:
    """A document with its declaration and order, all held: the order first, as docs/locking.md has it."""
    return (
        Filing.objects.select_for_update(of=("declaration__order", "declaration", "self"))
        .select_related("declaration__order__key", "declaration__account")
        .defer(*_UNREAD)
        .get(pk=filing_id, declaration__order=order_id)
    )


def _of_payment(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
    """CEB412: WeChat Pay has told customs of a payment, often before anything else of its order is told."""
    key = _PAYMENT(told.head)
    with tenant(account.storefront_id):
        filing = _filing(account, Kind.PAYMENT, key)
        if filing is None:
            paid = (
                Declaration.objects.select_related("account")
                .filter(
                    storefront_id=account.storefront_id,
                    order__transaction_id=str(told.head.get("payTransactionId", "")),
                )
                .first()
            )
            if paid is not None and _speaks_for(account, paid.account):
                Order.objects.select_for_update().get(pk=paid.order_id)
                made = note_asked(declaration=paid, kind=Kind.PAYMENT, key=key, now=now, sent_at=now)
                filing = _held(made.pk, paid.order_id)
        return _take(account, told, filing, now)


def _tax(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
    """CEB816 and CEB818: a tax sheet and its state, of the list that goes by customs' number."""
    list_no = str(told.head.get("invtNo", ""))
    with tenant(account.storefront_id):
        rows = Declaration.objects.select_related("account")
        listed = rows.filter(storefront_id=account.storefront_id, list_no=list_no).first()
        found = (
            None
            if listed is None or not list_no or not _speaks_for(account, listed.account)
            else listed.filings.filter(kind=Kind.LIST).order_by("superseded", "-id").first()
        )
        if found is None or not _complete(told.head):
            return _take(account, told, None, now)
        filing = _held(found.pk, found.declaration.order_id)
        news = take_sheet(declaration=filing.declaration, head=told.head, now=now)
        return keep(account, filing, told, Outcome.TAKEN if news else Outcome.OLD, now)


def _complete(head: Values) -> bool:
    """Whether a sheet is told of with its number, its state and all of its amounts, or none of them."""
    amounts = [element in head for element in KINDS.values()]
    return bool(head.get("taxNo")) and head.get("status") in TaxSheet.Status and len(set(amounts)) == 1


def _entry(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
    """CEB711 and CEB712: what a supervised site entered (入库明细单), and what customs says of that."""
    heard: Heard | None
    with tenant(account.storefront_id):
        number = str(told.head.get("copNo") or told.head.get("preNo") or "")
        of = WarehouseEntry.objects.filter(storefront_id=account.storefront_id, cop_no=number)
        if not all(_speaks_for(account, one.account) for one in of.select_related("account")):
            heard = None
        elif told.name == "CEB711Message":
            heard = take_entry(account=account, head=told.head, lines=told.lines, now=now)
        else:
            heard = take_answer(account=account, head=told.head, now=now)
        if heard is None:
            return _take(account, told, None, now)
        row = keep(account, None, told, Outcome.TAKEN if heard.news else Outcome.OLD, now)
    follow_entry(heard=heard, now=now)
    return row


def _unreadable_there(account: PortAccount, told: Told, now: datetime) -> PortReceipt | None:
    """CEB900: the port could not read a message of ours; each of its documents failed with it.

    What comes back with it, the message itself, is kept where it was sent from, and not once more.
    """
    head = {name: value for name, value in told.head.items() if name != "oriBizMessage"}
    rows = []
    with tenant(account.storefront_id):
        sent = _sent(account.storefront_id, told.head).first()
        if sent is not None and not _speaks_for(account, sent.account):
            sent = None
        for key, order_id in [] if sent is None else list(_documents(sent)):
            filing = _held(key, order_id)
            part = f"{filing.guid} {head.get('returnStatus', '')} {head.get('returnInfo', '')}"
            rows.append(_take(account, Told(told.name, head, part.encode()), filing, now))
        if not rows:
            rows.append(_take(account, told, None, now))
    return next((row for row in rows if row is not None), None)


def _sent(storefront_id: int, head: Values) -> QuerySet[PortMessage]:
    """The message of ours that comes back, by its number or by the one in its text."""
    guids = [str(head.get("oriCopMsgId", "")).upper(), _guid_in(str(head.get("oriBizMessage", "")))]
    rows = PortMessage.objects.select_related("account")
    return rows.filter(storefront_id=storefront_id, guid__in=guids)


def _documents(sent: PortMessage) -> Iterable[tuple[int, int]]:
    return sent.filings.order_by("id").values_list("pk", "declaration__order_id")


def _guid_in(content: str) -> str:
    """The number of a message in the text that came back with its refusal."""
    _, _, after = content.partition('guid="')
    return after[:36].upper()


def _pair(first: str, second: str) -> Callable[[Values], str]:
    return lambda head: f"{_said(head, first)}/{_said(head, second)}"


def _one(name: str) -> Callable[[Values], str]:
    return lambda head: _said(head, name)


def _said(head: Values, name: str) -> str:
    return str(head.get(name, "")).strip()


def _pays_here(storefront_id: int, told: Told) -> bool:
    number = str(told.head.get("payTransactionId", ""))
    return Declaration.objects.filter(storefront_id=storefront_id, order__transaction_id=number).exists()


def _listed_here(storefront_id: int, told: Told) -> bool:
    list_no = str(told.head.get("invtNo", ""))
    return bool(list_no) and Declaration.objects.filter(storefront_id=storefront_id, list_no=list_no).exists()


def _comes_here(storefront_id: int, told: Told) -> bool:
    bill, voyage, traffic = (
        str(told.head.get(name, "")).strip() for name in ("billNo", "voyageNo", "trafNo")
    )
    return Consignment.objects.filter(
        storefront_id=storefront_id, bill_no=bill, voyage_no=voyage, traffic_no=traffic
    ).exists()


def _entered_here(storefront_id: int, told: Told) -> bool:
    number = str(told.head.get("copNo") or told.head.get("preNo") or "")
    return WarehouseEntry.objects.filter(storefront_id=storefront_id, cop_no=number).exists()


def _sent_here(storefront_id: int, told: Told) -> bool:
    return _sent(storefront_id, told.head).exists()


_ORDER, _WAYBILL = _pair("ebpCode", "orderNo"), _pair("logisticsCode", "logisticsNo")
_PAYMENT, _NUMBER = _pair("payCode", "payTransactionId"), _one("copNo")

TAKERS: Mapping[str, Taking] = {
    "OrderHead": _copy(Kind.ORDER, _ORDER),
    "OrderReturn": _by(Kind.ORDER, _ORDER),
    "PaymentHead": _copy(Kind.PAYMENT, _PAYMENT),
    "PaymentReturn": Taking(_of_payment, _pays_here),
    "LogisticsHead": _copy(Kind.WAYBILL, _WAYBILL),
    "LogisticsReturn": _by(Kind.WAYBILL, _WAYBILL),
    "LogisticsStatus": _copy(Kind.WAYBILL, _WAYBILL),
    "LogisticsStatusReturn": _by(Kind.WAYBILL, _WAYBILL),
    "InventoryHead": _copy(Kind.LIST, _NUMBER),
    "InventoryReturn": _by(Kind.LIST, _NUMBER),
    "InvtCancel": _copy(Kind.CANCEL, _NUMBER),
    "InvtCancelReturn": _by(Kind.CANCEL, _NUMBER),
    "InvtRefundHead": _copy(Kind.RETURN, _NUMBER),
    "InvtRefundReturn": _by(Kind.RETURN, _NUMBER),
    "DeliveryHead": Taking(_entry, _comes_here),
    "DeliveryReturn": Taking(_entry, _entered_here),
    "MessageReturn": Taking(_unreadable_there, _sent_here),
    "TaxHeadRd": Taking(_tax, _listed_here),
    "TaxHeadStatus": Taking(_tax, _listed_here),
}
