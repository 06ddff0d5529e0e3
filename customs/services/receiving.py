"""Receipts are taken in once, kept sealed, and only then the port is told that they were taken.

Nothing that customs says is ever dropped, and nothing is believed of what another must sign and has not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import DataError
from django.db.models import Exists, OuterRef, Q, QuerySet

from customs.ceb.read import Unreadable, fragments, parse, understand
from customs.ceb.tables import shapes
from customs.gateways.port import port_of
from customs.models import Declaration, PortAccount, PortReceipt
from customs.services.believing import disbelieved
from customs.services.keeping import Told, keep_unreadable
from customs.services.takers import TAKERS
from customs.states import AT_CUSTOMS
from kernel.cases import open_failing, settle_open
from kernel.gateways import Unreachable
from kernel.tenancy import tenant

log = structlog.get_logger(__name__)

FAILING = "customs.receipts_failing"


def collect(*, now: datetime) -> int:
    """Fetch what waits at each port account and take it in; returns how many receipts were new.

    The port keeps a receipt until it is told; whoever dies before that is told it again, and it is the same.
    """
    new = 0
    for box in _boxes():
        account = box[0]
        try:
            new += _collect(box, now)
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


def _boxes() -> list[list[PortAccount]]:
    """The accounts of every box: one declaring enterprise has one for all its districts and storefronts.

    One that is not active any more is still told of what it has with customs.
    """
    boxes: dict[tuple[str, str, str], list[PortAccount]] = defaultdict(list)
    awaited = Declaration.objects.filter(account=OuterRef("pk"), state__in=AT_CUSTOMS)
    ours = _accounts().exclude(transport=PortAccount.Transport.BROKER)  # whose box is read by that
    for row in ours.filter(Q(active=True) | Exists(awaited)):
        boxes[row.transport, row.dxp_id, row.folder].append(row)
    return list(boxes.values())


def box_of(account: PortAccount) -> list[PortAccount]:
    """This account, then whoever else reads the box that it reads."""
    rows = _accounts().filter(
        transport=account.transport,
        dxp_id=account.dxp_id,
        folder=account.folder,
        broker=account.broker_id,
    )
    return [account, *rows.exclude(pk=account.pk)]


def _accounts() -> QuerySet[PortAccount]:
    return PortAccount.objects.select_related("storefront__key").order_by("id")


def _collect(box: Sequence[PortAccount], now: datetime) -> int:
    """What waits in one box; a receipt that cannot be taken in now stays there and keeps no other waiting."""
    port, new = port_of(box[0]), 0
    seen: set[str] = set()
    failed: list[Exception] = []
    while came := [one for one in port.receipts() if one.id not in seen]:
        taken: list[str] = []
        for one in came:
            seen.add(one.id)
            try:
                new += len(take_in(account=box[0], raw=one.raw, now=now, beside=box[1:]))
                taken.append(one.id)
            except Exception as failure:
                failed.append(failure)
        if taken:
            port.taken(taken)
    if failed:
        raise failed[0]
    return new


def take_in(
    *, account: PortAccount, raw: bytes, now: datetime, beside: Sequence[PortAccount] = ()
) -> list[PortReceipt]:
    """Take one receipt message in, each document in its own transaction; what was taken before is not new.

    `beside` are the others that read the same box: a document is taken in by the storefront that has it.
    """
    box = [account, *beside]
    try:
        root = parse(raw)
        message = understand(root)
    except Unreadable as fault:
        return _kept([keep_unreadable(account, raw, str(fault), now)])
    taking = TAKERS.get(message.shape.head)
    if taking is None:
        return _kept([keep_unreadable(account, raw, f"{message.name} is not told to us", now)])
    rows = []
    for document, part in zip(message.documents, fragments(root), strict=True):
        told = Told(message.name, document.head, part, document.lines)
        whose = addressee(box, told)
        if why := disbelieved(
            root, message.shape, [one for one in box if one.storefront_id == whose.storefront_id], now
        ):
            rows.append(keep_unreadable(whose, raw, why, now))
            continue
        try:
            rows.append(taking.take(whose, told, now))
        except (DataError, ArithmeticError):  # longer or greater than anything that customs says
            rows.append(keep_unreadable(whose, part, "a value is out of all bounds", now))
    return _kept(rows)


def addressee(box: Sequence[PortAccount], told: Told) -> PortAccount:
    """Whose document it is, of those that read one box; the first one's where it is nobody's."""
    firsts = {row.storefront_id: row for row in reversed(box)}
    if len(firsts) > 1:
        knows = TAKERS[shapes()[told.name].head].knows
        for row in sorted(firsts.values(), key=box.index):
            with tenant(row.storefront_id):
                if knows(row.storefront_id, told):
                    return row
    return box[0]


def _kept(rows: list[PortReceipt | None]) -> list[PortReceipt]:
    return [row for row in rows if row is not None]
