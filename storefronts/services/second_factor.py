"""The second step of a log-in: a code of the operator's telephone, or once each a recovery code.

What the library keeps is used as it is: a code is good once, and after each wrong one the next is not looked
at for twice as long. The telephone's secret rests sealed; of recovery codes a keyed hash is kept.
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from compliance import vault
from kernel import events
from kernel.errors import Conflict
from kernel.tenancy import everything
from storefronts.models import Operator, OperatorSession
from storefronts.services import sessions
from storefronts.telephones import Telephone

RECOVERY_CODES = 10
WAITS = timedelta(minutes=15)
Factor = OperatorSession.Factor


class NothingToReset(Conflict):
    """The operator has no second factor."""

    code = "no_second_factor"
    title = "This operator has no second factor."
    title_zh = "该操作员未绑定动态口令。"


def has_factor(operator: Operator) -> bool:
    """Whether a code is asked of this operator, whatever the role."""
    return bool(Telephone.objects.filter(user=operator, confirmed=True).exists())


def secret_of(device: Telephone) -> str:
    """The secret as one types it into a telephone, in groups of four."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


@transaction.atomic
def begin(*, operator: Operator, now: datetime, secret: bytes = b"", shown: int | None = None) -> Telephone:
    """The device that waits for its first code, with a secret of its own or the one given; the device in use
    stays until then.

    `shown` is the one whose secret this session has seen: it waits a quarter of an hour. Any other goes, so
    that no secret that somebody else has seen is bound.
    """
    row = Operator.objects.select_for_update(of=("self",)).select_related("factor_key").get(pk=operator.pk)
    waiting = Telephone.objects.filter(user=operator, confirmed=False)
    known: Telephone | None = waiting.filter(pk=shown, created_at__gt=now - WAITS).first()
    waiting.exclude(pk=known.pk if known else None).delete()
    if known is not None:
        return known
    if row.factor_key is None:
        row.factor_key, key = vault.new_key("operator", None)
        vault.insert_key(row.factor_key)
        row.save(update_fields=["factor_key"])
    else:
        key = vault.unwrap(row.factor_key)
    made = Telephone(user=row, name="totp", confirmed=False)
    made.seal(key, secret or secrets.token_bytes(20))
    made.save()
    Telephone.objects.filter(pk=made.pk).update(created_at=now)  # the library has a clock of its own
    return made


@transaction.atomic
def confirm(*, operator: Operator, shown: int | None, code: str, now: datetime) -> list[str]:
    """Take the waiting device whose secret was `shown` into use by its first code, in place of any other.

    Returns new recovery codes, or nothing when the code is wrong or comes too soon after a wrong one.
    """
    Operator.objects.select_for_update().get(pk=operator.pk)
    waiting = Telephone.objects.select_for_update().filter(user=operator, confirmed=False, pk=shown)
    device = waiting.filter(created_at__gt=now - WAITS).first()
    if device is None or not device.verify_token(_bare(code)):
        return []
    Telephone.objects.filter(user=operator).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save()
    tell(operator, "operator.factor_set", {"by": operator.get_username()}, now)
    return _new_codes(operator)


@transaction.atomic
def renew_recovery(*, operator: Operator, now: datetime) -> list[str]:
    """New recovery codes; those before are good no more."""
    tell(operator, "operator.recovery_renewed", {"by": operator.get_username()}, now)
    return _new_codes(operator)


@transaction.atomic
def check(*, operator: Operator, code: str, now: datetime) -> str:
    """How the code is good, as a Factor, or "": wrong, used before, or too soon after a wrong one."""
    device = Telephone.objects.select_for_update().filter(user=operator, confirmed=True).first()
    bare = _bare(code)
    if device is None:
        return ""
    if bare.isascii() and bare.isdigit():
        return Factor.CODE.value if device.verify_token(bare) else ""
    spare = StaticDevice.objects.select_for_update().filter(user=operator, confirmed=True).first()
    if spare is None or not spare.verify_token(_kept(operator, bare)):
        return ""
    tell(operator, "operator.recovery_used", {"left": codes_left(operator)}, now)
    return Factor.RECOVERY.value


@transaction.atomic
def reset(*, operator: Operator, by: str, reason: str, now: datetime) -> None:
    """Forget a colleague's device, with a reason; they are out at once and bind another at the next log-in.

    Raises NothingToReset.
    """
    row = Operator.objects.select_for_update().get(pk=operator.pk)
    gone, _ = Telephone.objects.filter(user=operator).delete()
    if not gone:
        raise NothingToReset()
    StaticDevice.objects.filter(user=operator).delete()
    if row.factor_key_id is not None:
        vault.destroy_key(key_id=row.factor_key_id, now=now)
        row.factor_key = None
        row.save(update_fields=["factor_key"])
    sessions.end_all(operator=operator)
    tell(operator, "operator.factor_reset", {"by": by, "reason": reason}, now)


def codes_left(operator: Operator) -> int:
    """How many recovery codes are still good."""
    return int(StaticToken.objects.filter(device__user=operator).count())


@everything()
def tell(operator: Operator, name: str, facts: dict[str, Any], now: datetime) -> None:
    """An event in each storefront in which the operator works; of one of the platform, in none."""
    places: list[int | None] = [*operator.memberships.values_list("storefront_id", flat=True).distinct()]
    for storefront_id in places or [None]:
        events.record(
            storefront_id=storefront_id, name=name, key=f"operator:{operator.pk}", facts=facts, now=now
        )


def _new_codes(operator: Operator) -> list[str]:
    StaticDevice.objects.filter(user=operator).delete()
    device = StaticDevice.objects.create(user=operator, name="recovery", confirmed=True)
    codes = [b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_kept(operator, one)) for one in codes)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def _kept(operator: Operator, code: str) -> str:
    """What is kept of a recovery code: sixteen hexadecimal digits, all that the library's column holds."""
    return salted_hmac("recovery code", f"{operator.pk}:{code.lower()}", algorithm="sha256").hexdigest()[:16]


def _bare(code: str) -> str:
    return "".join(code.split()).replace("-", "")
