"""An endpoint is made, changed, tried, paused and removed; one secret follows another without a pause."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from compliance import vault
from compliance.crypto import Key
from kernel import events
from kernel.cases import open_case, settle_open
from kernel.errors import Conflict, Invalid
from partners.gateways.webhook.address import Checked
from partners.gateways.webhook.post import PREFIX
from partners.models import Connection, Endpoint, Message
from partners.published import BY_TYPE, PING

MOST: Final = 20
OVERLAP: Final = timedelta(days=1)
SECRET_AS, FORMER_AS = "partners.endpoint.secret", "partners.endpoint.former"
PAUSED: Final = "webhook.paused"


class TooManyEndpoints(Conflict):
    """More than a partner has use for."""

    code = "too_many_endpoints"
    title = f"A partner has at most {MOST} endpoints in a storefront: remove one first."
    title_zh = f"每个合作方在一个店铺最多 {MOST} 个推送地址，请先删除一个。"


class NoSuchType(Invalid):
    """A type of notice that is not published, or not to this partner."""

    code = "no_such_event_type"
    title = "{type} is no type of event that this partner may hear here."
    title_zh = "{type} 不是该合作方可订阅的事件类型。"

    def __init__(self, type: str) -> None:
        super().__init__()
        self.type = type

    def facts(self) -> dict[str, str]:
        return {"type": self.type}


def make_endpoint(
    *, connection: Connection, url: Checked, types: Iterable[str], now: datetime
) -> tuple[Endpoint, str]:
    """An endpoint, and its secret in plain, which is told here alone.

    Raises NoSuchType, TooManyEndpoints.
    """
    with transaction.atomic():
        held = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        own = Endpoint.objects.filter(partner_id=held.partner_id, storefront_id=held.storefront_id)
        if own.exclude(state=Endpoint.State.REMOVED).count() >= MOST:
            raise TooManyEndpoints()
        row = Endpoint(
            storefront_id=held.storefront_id,
            partner_id=held.partner_id,
            url=url,
            types=checked_types(types, held),
            made_at=now,
        )
        secret = _new_secret()
        row.secret_sealed = _key(row).seal(SECRET_AS, row.public_id, secret)
        row.save(force_insert=True)
        _tell("endpoint.made", row, now, url=url, types=row.types)
    return row, secret


def change_endpoint(
    *, row: Endpoint, connection: Connection, url: Checked, types: Iterable[str], now: datetime
) -> None:
    """Another address or other types, for what is told from now on. Raises NoSuchType."""
    row.url, row.types = url, checked_types(types, connection)
    with transaction.atomic():
        row.save(update_fields=["url", "types"])
        _tell("endpoint.changed", row, now, url=row.url, types=row.types)


def remove_endpoint(*, row: Endpoint, now: datetime) -> None:
    """Nothing more is sent to it; what waits is given up."""
    with transaction.atomic():
        Endpoint.objects.filter(pk=row.pk).update(state=Endpoint.State.REMOVED)
        waiting = Message.objects.filter(endpoint=row, state=Message.State.WAITING)
        waiting.update(state=Message.State.GIVEN_UP, ended_at=now)
        settle_open(kinds=[PAUSED], key=f"endpoint:{row.public_id}", by="partner", note="", now=now)
        _tell("endpoint.removed", row, now)


def rotate_secret(*, row: Endpoint, now: datetime) -> str:
    """A new secret, told here alone; for a day each message is signed with the old one too."""
    with transaction.atomic():
        held = Endpoint.objects.select_for_update(of=("self",)).get(pk=row.pk)
        key, secret = _key(held), _new_secret()
        former = key.open(SECRET_AS, held.public_id, bytes(held.secret_sealed))
        held.former_sealed = key.seal(FORMER_AS, held.public_id, former)
        held.secret_sealed = key.seal(SECRET_AS, held.public_id, secret)
        held.former_until = now + OVERLAP
        held.save(update_fields=["former_sealed", "former_until", "secret_sealed"])
        _tell("endpoint.secret_changed", held, now)
    return secret


def secrets_of(row: Endpoint, now: datetime) -> list[str]:
    """With which its messages are signed now, the present one first."""
    key = _key(row)
    secrets = [key.open(SECRET_AS, row.public_id, bytes(row.secret_sealed))]
    if row.former_until is not None and now < row.former_until:
        secrets.append(key.open(FORMER_AS, row.public_id, bytes(row.former_sealed)))
    return secrets


def resume(*, row: Endpoint, by: str, now: datetime) -> bool:
    """Send again, what waited first; False where it was not paused."""
    with transaction.atomic():
        paused = Endpoint.objects.filter(pk=row.pk, state=Endpoint.State.PAUSED)
        changes = {"paused_at": None, "paused_why": "", "failing_since": None, "failures": 0}
        if paused.update(state=Endpoint.State.ACTIVE, **changes) != 1:
            return False
        Message.objects.filter(endpoint=row, state=Message.State.WAITING).update(next_try_at=now)
        settle_open(kinds=[PAUSED], key=f"endpoint:{row.public_id}", by=by, note="", now=now)
        _tell("endpoint.resumed", row, now)
    return True


def pause(*, row: Endpoint, why: str, now: datetime) -> None:
    """Send no more until somebody says so; what is told meanwhile waits. Opens a case."""
    with transaction.atomic():
        active = Endpoint.objects.filter(pk=row.pk, state=Endpoint.State.ACTIVE)
        if active.update(state=Endpoint.State.PAUSED, paused_at=now, paused_why=why[:60]) != 1:
            return
        open_case(
            storefront_id=row.storefront_id,
            kind=PAUSED,
            key=f"endpoint:{row.public_id}",
            title=f"Webhooks to {row.partner} are paused: {why}"[:200],
            facts={"url": row.url, "why": why},
            now=now,
        )
        _tell("endpoint.paused", row, now, why=why)


def ping(*, row: Endpoint, now: datetime) -> Message:
    """A message of the type `ping`, to see whether it arrives."""
    subject = f"endpoint:{row.public_id}"
    where = {"storefront_id": row.storefront_id, "endpoint": row}
    return Message.objects.create(type=PING, subject=subject, at=now, next_try_at=now, **where)


def replay(*, row: Message, now: datetime) -> None:
    """Send it again, from the beginning of the ladder; its number stays, by which the other side knows it."""
    Message.objects.filter(pk=row.pk).update(
        state=Message.State.WAITING, ended_at=None, attempts=0, next_try_at=now
    )


def checked_types(types: Iterable[str], connection: Connection) -> list[str]:
    """The types, each once, in their order; raises NoSuchType for one whose scope is not granted here."""
    wanted = set(types)
    for name in sorted(wanted):
        if name not in BY_TYPE or BY_TYPE[name].scope not in connection.scopes:
            raise NoSuchType(name[:40])
    return [name for name in BY_TYPE if name in wanted]


def _new_secret() -> str:
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def _key(row: Endpoint) -> Key:
    return vault.unwrap(row.storefront.key)


def _tell(name: str, row: Endpoint, now: datetime, **facts: object) -> None:
    key = f"endpoint:{row.public_id}"
    said = {"partner": str(row.partner_id), **facts}
    events.record(storefront_id=row.storefront_id, name=name, key=key, facts=said, now=now)
