"""Before a document goes it is gathered, compared as customs compares, and judged as the law wants."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from customs.ceb.message import MessageInvalid
from customs.documents.build import CHANGED, NEW, Numbers, list_document, order_document
from customs.documents.facts import Trade
from customs.gateways.senders import senders
from customs.matching import Mismatch, mismatches
from customs.models import Declaration, Filing, PortAccount
from customs.services.book import take_out, too_much
from customs.services.carried import as_carried
from customs.services.filing import file_document, new_guid, note_asked, said, standing
from customs.services.gather import OrderUnreadable, disclose, gather
from customs.services.taxes import owed_fen
from customs.steps import STANDS, Step, errors
from kernel.cases import open_anew, open_case, settle_open
from kernel.errors import Conflict
from orders.models import Order
from orders.services.judge_for_declaration import judge_for_declaration
from payments.models import Payment
from payments.services.refund_gate import (
    DeclarationBehind,
    MoneyLeaving,
    NotDeclared,
    NothingLeft,
    PiecesNotNamed,
    demand_settled,
    send_to_customs,
)

Kind = Filing.Kind
MISMATCH, REFUSED, GUARANTEE = "customs.mismatch", "customs.refused", "customs.guarantee"
# Of the payer nothing is known yet: nobody need do anything but wait for WeChat Pay's word.
PAYER, PAYER_ASKED = "PAYER-1", ("", "open", "asked", "renamed")
UNSETTLED: dict[type[Conflict], str] = {
    MoneyLeaving: "refund",
    NothingLeft: "refund",
    PiecesNotNamed: "pieces",
    DeclarationBehind: "payment",
    NotDeclared: "payment",
}


def still(*, order: Order, declaration: Declaration, now: datetime) -> str:
    """What keeps a blocked declaration from going on, as `tell` says it; "" where it is mended."""
    told = standing(declaration, Kind.ORDER)
    listing = told is not None and told.status in STANDS
    try:
        trade = _checked(order, declaration, now, listing=listing)
    except OrderUnreadable:
        return "unreadable"
    return trade if isinstance(trade, str) else ""


def tell(*, order: Order, declaration: Declaration, now: datetime) -> str:
    """File the order (311) and note waybill and payment, which others tell; "" once that is done.

    Else why not: "mismatch", "form" or "refused", which are cases, or "payer", who is still asked about;
    nothing is filed then. Under both rows' locks.
    """
    trade = _checked(order, declaration, now)
    if isinstance(trade, str):
        return trade
    assert declaration.account is not None
    try:
        _file_order(declaration, trade, now)
    except MessageInvalid as fault:
        return _refused_by_form(declaration, fault, now)
    note_asked(
        declaration=declaration,
        kind=Kind.PAYMENT,
        key=f"{trade.payment_firm.code}/{trade.transaction_id}",
        now=now,
        sent_at=now,
    )
    note_asked(
        declaration=declaration,
        kind=Kind.WAYBILL,
        key=f"{trade.waybill.carrier.code}/{trade.waybill.number}",
        now=now,
        sent_at=None if senders() else now,
    )
    disclose(order=order, now=now)
    return ""


def can_list(*, order: Order, declaration: Declaration, now: datetime) -> str:
    """What the list still waits for, order and waybill standing at customs; "" where it may go.

    Account and items of the book are held until the list is on its way: of two lists that have room for one,
    one waits.
    """
    assert declaration.account is not None
    account = PortAccount.objects.select_for_update(no_key=True).get(pk=declaration.account.pk)
    owing = owed_fen(account, but=declaration)
    key = f"port:{account.public_id}"
    if owing + order.tax_fen > account.guarantee_fen:
        open_case(
            storefront_id=declaration.storefront_id,
            kind=GUARANTEE,
            key=key,
            title="The guarantee for tax is used up: lists wait",
            facts={"account": str(account), "guarantee_fen": account.guarantee_fen, "owing_fen": owing},
            now=now,
        )
        return "guarantee"
    settle_open(kinds=[GUARANTEE], key=key, by="system", note="there is room again", now=now)
    if found := too_much(order):
        _put_before(declaration, found, now)
        return "book"
    return ""


def unsettled(order: Order) -> str:
    """Why nothing of an order may be told now: money on its way back, or not what customs has; "" if it may.

    The caller holds the payments that succeeded, and the order.
    """
    paid = list(Payment.objects.filter(order=order, state="succeeded"))
    try:
        demand_settled(order, paid)
    except tuple(UNSETTLED) as fault:
        return UNSETTLED[type(fault)]
    return ""


def list_order(*, order: Order, declaration: Declaration, now: datetime) -> str:
    """File the list (621), once, from what is the same as in the order; no money leaves from here on.

    Else why not, as `tell`: what was told has changed meanwhile ("changed"), and is told anew.
    """
    trade = _checked(order, declaration, now, listing=True)
    if isinstance(trade, str):
        return trade
    told = standing(declaration, Kind.ORDER)
    document = order_document(trade=trade, guid=new_guid(), app_type=NEW, now=now)
    if told is None or told.digest != said(document):
        return "changed"
    numbers = Numbers(declaration.cop_no)
    document = list_document(trade=trade, guid=new_guid(), app_type=NEW, numbers=numbers, now=now)
    try:
        file_document(
            declaration=declaration, kind=Kind.LIST, document=document, key=declaration.cop_no, now=now
        )
    except MessageInvalid as fault:
        return _refused_by_form(declaration, fault, now)
    take_out(order=order, declaration=declaration)
    send_to_customs(number=order.number, now=now)
    declaration.tax_fen = trade.tax_fen
    declaration.duty_fen, declaration.vat_fen = trade.duty_fen, trade.vat_fen
    declaration.excise_fen = trade.excise_fen
    declaration.save(update_fields=["tax_fen", "duty_fen", "vat_fen", "excise_fen"])
    disclose(order=order, now=now)
    return ""


def _file_order(declaration: Declaration, trade: Trade, now: datetime) -> None:
    """Nothing where the port has this very order; a change where it has another version of it."""
    before = standing(declaration, Kind.ORDER)
    fresh = order_document(trade=trade, guid=new_guid(), app_type=NEW, now=now)
    if before is not None and before.digest == said(fresh) and before.status in ("", *STANDS):
        return
    changed = order_document(
        trade=trade, guid=str(fresh.head["guid"]), app_type=_app_type(declaration, before), now=now
    )
    file_document(
        declaration=declaration,
        kind=Kind.ORDER,
        document=changed,
        key=f"{trade.platform.code}/{trade.number}",
        now=now,
    )


def _app_type(declaration: Declaration, before: Filing | None) -> str:
    """New where the port knows nothing of the order, changed where it has a version of it."""
    if before is None:
        return NEW
    known = errors().get(before.status)
    if known is None:
        return CHANGED if before.status else before.app_type
    return CHANGED if known.step is Step.AS_CHANGED else NEW


def _checked(order: Order, declaration: Declaration, now: datetime, *, listing: bool = False) -> Trade | str:
    assert declaration.account is not None
    trade = gather(order=order, account=declaration.account, now=now)
    trade = replace(trade, waybill=as_carried(declaration, trade.waybill, now=now))
    if found := mismatches(trade, listing=listing):
        _put_before(declaration, found, now)
        return "mismatch"
    settle_open(kinds=[MISMATCH], key=declaration.event_key, by="system", note="they match", now=now)
    verdict = judge_for_declaration(number=order.number, waybill_number=trade.waybill.number, now=now)
    if not verdict.allowed:
        rules = {refusal.rule for refusal in verdict.refusals}
        if rules == {PAYER} and trade.payment.payer in PAYER_ASKED:
            return "payer"
        open_case(
            storefront_id=declaration.storefront_id,
            kind=REFUSED,
            key=declaration.event_key,
            title="The law does not let this order be declared",
            facts={"order": order.number, "rules": sorted(rules)},
            now=now,
        )
        return "refused"
    settle_open(kinds=[REFUSED], key=declaration.event_key, by="system", note="allowed", now=now)
    return trade


def _refused_by_form(declaration: Declaration, fault: MessageInvalid, now: datetime) -> str:
    """What the specification does not allow, by the places of its values, which are named and not shown."""
    found = [Mismatch(one["where"], one["what"], "CEB 202205", "operator") for one in fault.faults]
    _put_before(declaration, found, now)
    return "form"


def _put_before(declaration: Declaration, found: list[Mismatch], now: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {"what": one.key, "found": one.found, "wanted": one.wanted, "mender": one.mender} for one in found
    ]
    open_anew(
        storefront_id=declaration.storefront_id,
        kind=MISMATCH,
        key=declaration.event_key,
        title="What customs compares does not match",
        facts={"order": declaration.number, "differences": rows},
        now=now,
    )
