"""Documents leave in signed messages: packed, signed, kept whole, handed over until the port has them.

Four steps, each committed before the next: packed (filings have their message), signed (its bytes are kept),
handed over, known to be taken. Whoever dies in between leaves a row whose time comes again; the same bytes
under the same number go out again, and the port knows them. The time that a claim has set is its hold: who
finds another one there leaves the message, and what is set meanwhile stays.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from compliance import vault
from compliance.vault import VaultClosed
from customs.ceb.write import assemble, taken_apart, to_bytes
from customs.gateways.port import port_of
from customs.gateways.signing_machine import MachineRefused
from customs.models import Filing, PortAccount, PortMessage, PortReceipt
from customs.services.filing import file_once_more, message_name, new_guid, opened
from customs.services.keys import signer_of
from customs.services.transfer import transfer_of
from customs.signing.envelope import sign
from kernel import events
from kernel.cases import open_case, open_failing, settle_open
from kernel.gateways import Unreachable
from kernel.states import WrongState
from kernel.tenancy import tenant
from orders.models import Order

log = structlog.get_logger(__name__)

PACKED, BATCH = 500, 20
IN_OUTBOX = timedelta(minutes=5)  # after which it is looked whether what a broker has to fetch still stands
LEASE = timedelta(minutes=1)  # longer than signing and sending one message take together
FIRST_WAIT, WAIT_AT_MOST = timedelta(seconds=15), timedelta(minutes=30)
TRIES_TO_CASE = 5
FAILING, SILENT = "customs_message.failing", "customs.port_unreachable"
MACHINE_REFUSED = "customs.machine_refused"


def sweep(*, now: datetime) -> int:
    """Pack what waits, then hand over every message whose time has come; returns how many the port took."""
    pack(now=now)
    sent, silent, began = 0, set[int](), time.monotonic()
    for message in _claim(now):
        if message.account_id in silent:  # whoever does not answer is not asked for each of a hundred
            continue
        if not _renewed(message, now + timedelta(seconds=time.monotonic() - began)):
            continue
        try:
            sent += _send(message, now)
        except VaultClosed:
            _leave_out_destroyed(message)
            _again(message, "destroyed", now)
        except Unreachable as failure:
            _again(message, str(failure.reason), now)
            silent.add(message.account_id)
            if isinstance(failure, MachineRefused) and failure.lasting:
                ask_no_more(message.account, failure.reason, now)
        except Exception as failure:
            _again(message, type(failure).__name__, now)
            open_failing(
                storefront_id=message.storefront_id,
                kind=FAILING,
                key=message.event_key,
                title="A customs message cannot be made or sent",
                facts={"message": message.name, "guid": message.guid},
                failure=failure,
                now=now,
            )
    return sent


@transaction.atomic
def pack(*, now: datetime) -> int:
    """Put every document that waits into a message of its kind and account; how many messages were made."""
    waiting = list(
        Filing.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(message=None, superseded=False)
        .exclude(body_sealed=b"")
        .select_related("declaration__account")
        .order_by("declaration__account_id", "kind", "id")[:PACKED]
    )
    made = 0
    for (account, _), rows in groupby(waiting, key=lambda row: (row.declaration.account, row.kind)):
        if account is None:  # a filing was made by way of one
            continue
        filings = list(rows)
        for start in range(0, len(filings), account.batch):
            part = filings[start : start + account.batch]
            _into_message(part, account, at=now, now=now)
            made += 1
    return made


def _into_message(filings: Sequence[Filing], account: PortAccount, *, at: datetime, now: datetime) -> None:
    """Documents of one kind become one message, which leaves at `at`."""
    message = PortMessage.objects.create(
        storefront_id=account.storefront_id,
        account=account,
        name=message_name(filings[0]),
        guid=new_guid(),
        made_at=now,
        next_try_at=at,
    )
    for place, filing in enumerate(filings):
        filing.message, filing.position = message, place
    Filing.objects.bulk_update(filings, ["message", "position"])


def whole(message: PortMessage, *, who: str, purpose: str, now: datetime) -> bytes:
    """The bytes of a signed message as it was sent, opened for one purpose with a row of access a document.

    Raises VaultClosed where the evidence of one of its orders was destroyed, as the law asks.
    """
    return b"".join([bytes(message.before), *_bodies(message, who, purpose, now), bytes(message.after)])


def hand_over_again(message: PortMessage, *, now: datetime) -> None:
    """Nothing was heard of a message: the same bytes go out once more."""
    PortMessage.objects.filter(pk=message.pk).update(next_try_at=now, sent_at=None)


def tell_once_more(filing: Filing, *, at: datetime, now: datetime) -> None:
    """A document goes out once more at `at`: as it went, or alone where others of its message must not.

    One that was answered would be told twice, and one that does not stand any more would stand again.
    """
    message = PortMessage.objects.select_related("account").get(filings=filing)
    if message.filings.exclude(pk=filing.pk).filter(Q(superseded=True) | _answered()).exists():
        _into_message([file_once_more(filing, now=now)], message.account, at=at, now=now)
    else:
        hand_over_again(message, now=at)


def unheard(messages: QuerySet[PortMessage]) -> QuerySet[PortMessage]:
    """Of these messages, those that may go out again: a document of them stands, and none was answered."""
    stands = Filing.objects.filter(message=OuterRef("pk"), superseded=False)
    heard = Filing.objects.filter(_answered(), message=OuterRef("pk"))
    return messages.filter(Exists(stands), ~Exists(heard))


def _answered() -> Exists:
    """Whether a document was answered; a copy of the document itself has no status and is no answer."""
    return Exists(PortReceipt.objects.filter(filing=OuterRef("pk")).exclude(status=""))


def hand_over(*, message: PortMessage, by: str, now: datetime) -> None:
    """A colleague has a message handed over now: the same bytes under the same number.

    Raises WrongState where something was heard of it, or nothing of it stands any more.
    """
    with tenant(message.storefront_id):
        held = PortMessage.objects.select_for_update(of=("self",)).filter(pk=message.pk)
        row = unheard(held).first()
        if row is None:
            raise WrongState(machine="port_message", verb="hand over", state="answered")
        events.record(
            storefront_id=row.storefront_id,
            name="port_message.handed_over",
            key=row.event_key,
            facts={"message": row.name, "by": by},
            now=now,
        )
        hand_over_again(row, now=now)


def _claim(now: datetime) -> list[PortMessage]:
    with transaction.atomic():
        due = list(
            PortMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(~Q(before=b"") | Q(account__machine_refused=""), next_try_at__lte=now)
            .select_related("account__storefront__key")
            .order_by("next_try_at")[:BATCH]
        )
        PortMessage.objects.filter(pk__in=[row.pk for row in due]).update(
            tries=F("tries") + 1, next_try_at=now + LEASE
        )
    for row in due:
        row.next_try_at = now + LEASE
    return due


def _mine(message: PortMessage) -> QuerySet[PortMessage]:
    """The message, while nobody has claimed it again or set another time for it."""
    return PortMessage.objects.filter(pk=message.pk, next_try_at=message.next_try_at)


def _renewed(message: PortMessage, at: datetime) -> bool:
    """Hold a claimed message for another minute; False where it was lost to those before it."""
    kept = _mine(message).update(next_try_at=at + LEASE)
    message.next_try_at = at + LEASE
    return kept == 1


def _send(message: PortMessage, now: datetime) -> bool:
    if not _stands_whole(message, now):
        note = "nothing of it stands any more"
        _mine(message).update(next_try_at=None, error="")
        settle_open(kinds=[FAILING, SILENT], key=message.event_key, by="system", note=note, now=now)
        return False
    if message.account.transport == PortAccount.Transport.BROKER:
        if not message.before:
            _signed(message, now)
        _mine(message).update(next_try_at=now + IN_OUTBOX, error="")
        return False
    raw = _signed(message, now)
    port_of(message.account).send(name=message.name, guid=message.guid, raw=raw, now=now)
    left(message, _mine(message), now=now)
    return True


def left(message: PortMessage, mine: QuerySet[PortMessage], *, now: datetime) -> bool:
    """The port has a message: it and its documents went. `mine` is its row; False where it is another's."""
    with transaction.atomic():  # documents before their message: docs/locking.md
        unsent = message.filings.select_for_update(no_key=True).filter(sent_at=None).order_by("pk")
        Filing.objects.filter(pk__in=[row.pk for row in unsent]).update(sent_at=now)
        kept = mine.update(sent_at=now, next_try_at=None, error="")
    settle_open(
        kinds=[FAILING, SILENT], key=message.event_key, by="system", note="the port has taken it", now=now
    )
    return kept == 1


def _stands_whole(message: PortMessage, now: datetime) -> bool:
    """Whether every document of a message still stands: what was taken back meanwhile is not told customs.

    Before it is signed such a document leaves the message; of one that is signed, and may be at the port, the
    others go in messages of their own.
    """
    if not message.filings.filter(superseded=True).exists():
        return True
    if not message.before:
        message.filings.filter(superseded=True).update(message=None)
        return message.filings.exists()
    standing = message.filings.filter(~_answered(), superseded=False).order_by("declaration__order_id", "id")
    for key, order_id in list(standing.values_list("pk", "declaration__order_id")):
        with tenant(message.storefront_id):
            Order.objects.select_for_update().only("pk").get(pk=order_id)  # docs/locking.md
            held = Filing.objects.select_for_update(of=("self",)).filter(pk=key, superseded=False)
            for filing in held.select_related("declaration__order__key", "declaration__account"):
                _into_message([file_once_more(filing, now=now)], message.account, at=now, now=now)
    return False


def _leave_out_destroyed(message: PortMessage) -> None:
    """What the law had destroyed is told nobody any more; what goes with it goes without it."""
    for filing in message.filings.filter(superseded=False).select_related("declaration__order__key"):
        order = filing.declaration.order
        try:
            vault.unwrap(order.key)
        except VaultClosed:
            with tenant(message.storefront_id):
                Order.objects.select_for_update().only("pk").get(pk=order.pk)  # docs/locking.md
                Filing.objects.filter(pk=filing.pk).update(superseded=True)


def _signed(message: PortMessage, now: datetime) -> bytes:
    """The bytes that go out: signed before, or signed now and kept before anyone outside sees them."""
    with transaction.atomic():
        bodies = _bodies(message, "customs", "sign and send a customs message", now)
        signer, transfer = signer_of(message.account), transfer_of(message.account)
    if message.before:
        return b"".join([bytes(message.before), *bodies, bytes(message.after)])
    root = assemble(message.name, message.guid, bodies, transfer)
    sign(root, signer)
    raw = to_bytes(root)
    before, after = taken_apart(raw, bodies)
    kept = PortMessage.objects.filter(pk=message.pk, before=b"").update(
        before=before, after=after, digest=hashlib.sha256(raw).hexdigest()
    )
    if not kept:  # another sweep was faster: its signature is the one that counts
        message.refresh_from_db(fields=["before", "after"])
        return b"".join([bytes(message.before), *bodies, bytes(message.after)])
    return raw


def _bodies(message: PortMessage, who: str, purpose: str, now: datetime) -> list[bytes]:
    filings = message.filings.select_related("declaration__order__key").order_by("position")
    return [opened(filing, who=who, purpose=purpose, now=now) for filing in filings]


def ask_no_more(account: PortAccount, why: str, now: datetime) -> None:
    """A card that is asked on by a wrong password locks for good: it waits until a person has looked."""
    PortAccount.objects.filter(pk=account.pk).update(machine_refused=why)
    open_case(
        storefront_id=account.storefront_id,
        kind=MACHINE_REFUSED,
        key=f"port:{account.public_id}",
        title="The signing machine's card does not sign: nothing is declared by this account",
        facts={"account": str(account), "why": why},
        now=now,
    )


def _again(message: PortMessage, reason: str, now: datetime) -> None:
    wait = min(FIRST_WAIT * 2 ** min(message.tries, 10), WAIT_AT_MOST)
    log.warning("customs_message_unsent", guid=message.guid, reason=reason)
    _mine(message).update(next_try_at=now + wait, error=reason[:120])
    if message.tries + 1 >= TRIES_TO_CASE:
        open_case(
            storefront_id=message.storefront_id,
            kind=SILENT,
            key=message.event_key,
            title="The port, or the machine that signs, does not answer",
            facts={"message": message.name, "guid": message.guid, "reason": reason[:120]},
            now=now,
        )
