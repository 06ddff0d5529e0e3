"""The dossier of an order (单证档案): all that proves it in one sealed ZIP, for an authority that asks.

Who makes it is an owner or a compliance officer of the order's storefront. Each sealed thing that is opened
leaves its row of access, the whole leaves a row of disclosure, and its digest is an event, which nobody can
rewrite: whoever holds a dossier can ask this house whether it is the one that was made.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

import orjson

from compliance import vault
from compliance.heads import heads
from compliance.law import Law
from compliance.services.disclosure import disclose
from customs.dossier import parts
from customs.dossier.page import digest, index
from customs.dossier.parts import Entry, Opener, keys_of, refs_of
from customs.dossier.sealed import Unopened, opened, seal
from customs.dossier.told_customs import customs_of, message_keys, papers_of
from customs.dossier.told_data import payment_data_of, request_keys, requests_of
from kernel import events
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid, Missing
from kernel.models import Event
from kernel.tenancy import tenant
from orders.models import Order
from storefronts.models import Membership, Operator

MADE = "dossier.made"
MANIFEST, INDEX, SUMS = "manifest.json", "index.html", "SHA256SUMS"
ROLES = frozenset({Membership.Role.OWNER.value, Membership.Role.COMPLIANCE.value})
TOLD = (
    "order_number",
    "order_progress",
    "amount",
    "goods",
    "buyer_name",
    "buyer_number",
    "buyer_phone",
    "consignee_name",
    "consignee_phone",
    "consignee_address",
    "waybill",
    "carrier_name",
    "payment_number",
    "refund_number",
    "openid",
)


class DossierUnreadable(Conflict):
    """The key of the order was destroyed on its day: what proved it can no longer be opened."""

    code = "dossier_unreadable"
    title = "The key of this order was destroyed: its evidence can no longer be opened."
    title_zh = "该订单的密钥已到期销毁，凭证无法再打开。"


class DossierUnpaid(Conflict):
    """No money came for the order: nothing was declared, and there is nobody to tell of."""

    code = "dossier_unpaid"
    title = "This order was never paid: there is no dossier of it."
    title_zh = "该订单未曾付款，没有单证档案。"


class DossierForWhom(Invalid):
    """A dossier goes to somebody by name, for a purpose."""

    code = "dossier_for_whom"
    title = "Say to which authority by its name, and for which purpose."
    title_zh = "请写明提供给哪个机关及目的。"


class Recipient(NamedTuple):
    """To whom a dossier goes: customs or another authority, by its name."""

    kind: str
    name: str


class Opening(NamedTuple):
    """Who opens what is sealed, what for, and when."""

    who: str
    purpose: str
    now: datetime


class Dossier(NamedTuple):
    """A sealed ZIP, the digest over all that is in it, and how many files that is."""

    content: bytes
    digest: str
    files: int


def new_password() -> str:
    """A password of 125 bits, in groups that can be read out."""
    return grouped(secrets.token_bytes(16))


def grouped(random: bytes) -> str:
    """At least sixteen random bytes as such a password."""
    text = base64.b32encode(random).decode()[:25]
    return "-".join(text[start : start + 5] for start in range(0, 25, 5))


def make_dossier(
    *, number: str, by: Operator, purpose: str, recipient: Recipient, password: str, now: datetime
) -> Dossier:
    """The dossier of one order, sealed with `password`, which is kept nowhere.

    Raises Missing where there is no such order or it is not `by`'s to open, DossierForWhom, DossierUnpaid,
    and DossierUnreadable once the key of the order is destroyed.
    """
    if not 0 < len(purpose.strip()) <= 200 or not 0 < len(recipient.name.strip()) <= 120:
        raise DossierForWhom()
    with tenant(_storefront(number, by)):
        return _make(number, Opening(by.get_username(), purpose, now), recipient, password)


def _make(number: str, opening: Opening, recipient: Recipient, password: str) -> Dossier:
    """Under the order's row: what moves it waits, so that all parts tell of one moment."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("key", "storefront", "warehouse")
        .get(number=number)
    )
    if order.paid_at is None or order.subject_id is None:
        raise DossierUnpaid()
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed as closed:
        raise DossierUnreadable() from closed
    now = opening.now
    opener = Opener(opening.who, opening.purpose, order, key, now)
    files = _files(opener, recipient)
    whole = digest(files[SUMS])
    disclose(
        storefront_id=order.storefront_id,
        subject_id=order.subject_id,
        order_number=order.number,
        recipient_kind="customs" if recipient.kind == "customs" else "authority",
        recipient=recipient.name,
        country="CN",
        purpose="dossier",
        basis="law",
        fields=TOLD,
        now=now,
    )
    facts = {"by": opening.who, "recipient": recipient.name, "digest": whole, "files": len(files)}
    events.record(storefront_id=order.storefront_id, name=MADE, key=order.event_key, facts=facts, now=now)
    return Dossier(seal(files, password, now), whole, len(files))


def check_dossier(*, raw: bytes, password: str) -> list[str]:
    """What is wrong with a dossier, a line each; empty where it is as this house made it. Raises Unopened."""
    files = opened(raw, password)
    if not {SUMS, MANIFEST, INDEX} <= files.keys():
        raise Unopened("this is no dossier")
    told = dict(_told(line) for line in files[SUMS].decode().splitlines())
    found = [f"{name} is missing" for name in sorted(told.keys() - files.keys())]
    found += [f"{name} is not in {SUMS}" for name in sorted(files.keys() - told.keys() - {SUMS})]
    changed = (name for name in sorted(told.keys() & files.keys()) if digest(files[name]) != told[name])
    found += [f"{name} was changed" for name in changed]
    key = f"order:{orjson.loads(files[MANIFEST])['order']}"
    if not Event.objects.filter(name=MADE, key=key, facts__digest=digest(files[SUMS])).exists():
        found.append("this house made no dossier of this digest")
    return found


def _storefront(number: str, by: Operator) -> int:
    """Whose order it is, if it is one that `by` may open; the rest is not told apart."""
    storefront_id = Order.objects.filter(number=number).values_list("storefront_id", flat=True).first()
    mine = Membership.objects.filter(operator=by, storefront=storefront_id, role__in=ROLES)
    if storefront_id is None or not by.is_active or not (by.is_superuser or mine.exists()):
        raise Missing()
    return storefront_id


def _files(opener: Opener, recipient: Recipient) -> dict[str, bytes]:
    """Everything, in its order: the page and the manifest first, the sums of all at the end."""
    order, now = opener.order, opener.now
    keys = [*keys_of(order), *message_keys(order), *request_keys(order)]
    refs = [*refs_of(order), *papers_of(order), *requests_of(order)]
    records = parts.records(opener, keys, refs)  # before what is opened here
    entries: list[Entry] = [
        *parts.order_of(opener),
        *parts.judgements(opener),
        *parts.allowance(opener),
        *parts.agreed(opener),
        *parts.money(opener),
        *parts.parcels(opener),
        *customs_of(opener),
        *payment_data_of(opener),
        *records,
    ]
    manifest = {
        "format": 1,
        "order": order.number,
        "storefront": order.storefront.code,
        "made_at": now.isoformat(),
        "by": opener.who,
        "purpose": opener.purpose,
        "recipient": recipient.name,
        "edition": Law(shanghai_day(now)).edition,
        # Where the chains of the logs stood: what was logged before cannot be rewritten after.
        "chain_heads": [asdict(head) for head in heads(storefront_id=order.storefront_id)],
        "files": [
            {
                "path": one.path,
                "zh": one.zh,
                "en": one.en,
                "size": len(one.content),
                "sha256": digest(one.content),
            }
            for one in entries
        ],
        "not_kept": ["returns: this house keeps none", "settlement: its books are apart"],
    }
    files = {
        INDEX: index(manifest, entries),
        MANIFEST: orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n",
        **{one.path: one.content for one in entries},
    }
    sums = "".join(f"{digest(content)}  {name}\n" for name, content in files.items())
    return {**files, SUMS: sums.encode()}


def _told(line: str) -> tuple[str, str]:
    sum, _, name = line.partition("  ")
    return name, sum
