"""A document is kept before it leaves: checked, sealed under its order's key, one version in force."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import datetime

import orjson

from compliance import vault
from customs import labels
from customs.ceb.message import Document, Message
from customs.ceb.read import understand
from customs.ceb.tables import shapes
from customs.ceb.write import assemble, body
from customs.models import Declaration, Filing, PortAccount
from customs.services.transfer import transfer_of
from customs.steps import REFUSED, is_error

NAMES = {
    Filing.Kind.ORDER: "CEB311Message",
    Filing.Kind.LIST: "CEB621Message",
    Filing.Kind.CANCEL: "CEB623Message",
    Filing.Kind.RETURN: "CEB625Message",
}
# What differs from one telling of the same to the next.
_PASSING = ("guid", "appTime", "appType", "declTime", "preNo")


def new_guid() -> str:
    """A number for a document or a message: 36 characters in capitals, of no other in the world."""
    return str(uuid.uuid4()).upper()


def file_document(
    *,
    declaration: Declaration,
    kind: Filing.Kind,
    document: Document,
    key: str,
    now: datetime,
    digest: str = "",
) -> Filing:
    """Keep a document to be sent, in the place of the version before it; a return stands by itself.

    `digest` is given where it says what another version says. Called under the declaration's lock.
    Raises MessageInvalid with everything that the specification would refuse; nothing is kept then.
    """
    account = _account(declaration)
    name, guid = NAMES[kind], str(document.head["guid"])
    made = body(Message(name, guid, (document,), transfer_of(account)))
    order_key = vault.unwrap(declaration.order.key)
    filing = Filing(
        storefront_id=declaration.storefront_id,
        declaration=declaration,
        kind=kind,
        guid=guid,
        key=key,
        app_type=str(document.head["appType"]),
        digest=digest or said(document),
        made_at=now,
    )
    filing.body_sealed = order_key.seal(labels.FILING_BODY, filing.public_id, made.decode())
    if kind != Filing.Kind.RETURN:  # each names other pieces
        supersede(declaration=declaration, kind=kind)
    filing.save(force_insert=True)
    return filing


def file_once_more(filing: Filing, *, now: datetime) -> Filing:
    """The same document under another number, for a message of its own.

    What went out with it stays where it is: it was answered, or does not stand any more. Called under the
    declaration's lock. Raises VaultClosed as `opened`.
    """
    document = reads(filing, purpose="tell customs of a document once more", now=now)
    Filing.objects.filter(pk=filing.pk).update(superseded=True)
    head = {**document.head, "guid": new_guid()}
    return file_document(
        declaration=filing.declaration,
        kind=Filing.Kind(filing.kind),
        document=replace(document, head=head),
        key=filing.key,
        now=now,
        digest=filing.digest,
    )


def note_asked(
    *, declaration: Declaration, kind: Filing.Kind, key: str, now: datetime, sent_at: datetime | None
) -> Filing:
    """Note that another party tells customs a document, so that its receipts find it.

    `sent_at` is None where that party is still to be asked. A version that customs refused is told again.
    """
    before = standing(declaration, kind)
    refused = before is not None and (before.status == REFUSED or is_error(before.status))
    if before is not None and before.key == key and not refused:
        return before
    supersede(declaration=declaration, kind=kind)
    return Filing.objects.create(
        storefront_id=declaration.storefront_id,
        declaration=declaration,
        kind=kind,
        guid=new_guid(),
        key=key,
        app_type="2" if refused else "1",
        body_sealed=b"",
        digest="",
        made_at=now,
        sent_at=sent_at,
    )


def opened(filing: Filing, *, who: str, purpose: str, now: datetime) -> bytes:
    """A document as it was told, opened for one purpose with a row of access.

    Raises VaultClosed where its order's evidence was destroyed, as the law asks.
    """
    return vault.open_as(
        who=who,
        purpose=purpose,
        storefront_id=filing.storefront_id,
        key=vault.unwrap(filing.declaration.order.key),
        label=labels.FILING_BODY,
        ref=filing.public_id,
        blob=bytes(filing.body_sealed),
        now=now,
    ).encode()


def reads(filing: Filing, *, purpose: str, now: datetime) -> Document:
    """What a document of ours says, for the house itself. Raises as `opened`."""
    raw = opened(filing, who="customs", purpose=purpose, now=now)
    return understand(assemble(message_name(filing), filing.guid, [raw], {})).documents[0]


def ask_anew(filing: Filing, now: datetime) -> Filing:
    """Who told customs this document is to tell it again, changed. Under the declaration's lock."""
    supersede(declaration=filing.declaration, kind=Filing.Kind(filing.kind))
    return Filing.objects.create(
        storefront_id=filing.storefront_id,
        declaration=filing.declaration,
        kind=filing.kind,
        guid=new_guid(),
        key=filing.key,
        app_type="2",
        body_sealed=b"",
        digest="",
        made_at=now,
    )


def supersede(*, declaration: Declaration, kind: Filing.Kind) -> None:
    """No version of this document stands any more."""
    Filing.objects.filter(declaration=declaration, kind=kind, superseded=False).update(superseded=True)


def standing(declaration: Declaration, kind: Filing.Kind) -> Filing | None:
    """The version that stands; None where there is none."""
    return Filing.objects.filter(declaration=declaration, kind=kind, superseded=False).first()


def said(document: Document) -> str:
    """What a document says, as a hash: the same where only number, time or kind of telling differ."""
    head = {name: str(value) for name, value in document.head.items() if name not in _PASSING}
    lines = [{name: str(value) for name, value in line.items()} for line in document.lines]
    return hashlib.sha256(orjson.dumps([head, lines], option=orjson.OPT_SORT_KEYS)).hexdigest()


def message_name(filing: Filing) -> str:
    """The message that carries a document of this kind."""
    return shapes()[NAMES[Filing.Kind(filing.kind)]].name


def _account(declaration: Declaration) -> PortAccount:
    if declaration.account is None:
        raise ValueError("a declaration without a port account files nothing")
    return declaration.account
