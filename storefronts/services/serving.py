"""Whom the mini-program serves: nobody who comes to buy while it is in maintenance, and no version too old.

Every process keeps its storefront for half a minute (`storefronts.queries`): within that it is obeyed.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from kernel import events
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from storefronts.models import Storefront

VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){2}")
LONGEST_ZH, LONGEST_EN = 120, 160


class BadServing(Invalid):
    """Not what a consumer could be told."""

    code = "bad_serving"
    title = (
        "Maintenance wants a sentence in both languages and an end that is to come; a version is like 1.2.3."
    )
    title_zh = "维护须填写中英文说明，预计结束时间须晚于现在；版本号形如 1.2.3。"


class ServingMoved(Conflict):
    """Someone else has changed it since it was read."""

    code = "serving_moved"
    title = (
        "Maintenance or minimum version was changed meanwhile. Nothing was saved: look again, then decide."
    )
    title_zh = "维护或最低版本已被他人修改，本次未保存；请重新查看后再操作。"


def as_it_stands(row: Storefront) -> str:
    """What a colleague saw of it before they change it."""
    told = (row.maintenance_zh, row.maintenance_en, row.maintenance_until, row.minimum_version)
    return json.dumps(told, default=str)


def hold(*, storefront_id: int, seen: str) -> Storefront:
    """The storefront, held until the transaction ends, still as it was `seen`. Raises ServingMoved."""
    row = Storefront.objects.select_for_update(no_key=True).get(pk=storefront_id)
    if as_it_stands(row) != seen:
        raise ServingMoved()
    return row


def begin_maintenance(
    *, storefront_id: int, zh: str, en: str, until: datetime | None, by: str, now: datetime
) -> None:
    """From now on consumers who come to buy are told this sentence, until somebody ends it.

    `until` is what they are told of its end; it ends nothing. Raises BadServing.
    """
    zh, en = zh.strip(), en.strip()
    told = zh and en and len(zh) <= LONGEST_ZH and len(en) <= LONGEST_EN
    if not told or (until is not None and until <= now):
        raise BadServing()
    columns = {"maintenance_zh": zh, "maintenance_en": en, "maintenance_until": until}
    _set(storefront_id, "maintenance_began", {"by": by}, now, columns)


def end_maintenance(*, storefront_id: int, by: str, now: datetime) -> None:
    """Whoever comes is served again."""
    nothing = {"maintenance_zh": "", "maintenance_en": "", "maintenance_until": None}
    _set(storefront_id, "maintenance_ended", {"by": by}, now, nothing)


def set_minimum_version(*, storefront_id: int, version: str, by: str, now: datetime) -> None:
    """Mini-programs below this version are asked to update; "" lets every one in. Raises BadServing."""
    if version and not VERSION.fullmatch(version):
        raise BadServing()
    facts = {"by": by, "version": version}
    _set(storefront_id, "minimum_version_set", facts, now, {"minimum_version": version})


def older(one: str, other: str) -> bool:
    """Whether a version (1.2.3) comes before another."""
    return [int(part) for part in one.split(".")] < [int(part) for part in other.split(".")]


def _set(
    storefront_id: int, what: str, facts: dict[str, str], now: datetime, columns: dict[str, Any]
) -> None:
    with tenant(storefront_id):
        row = Storefront.objects.select_for_update(no_key=True).get(pk=storefront_id)
        Storefront.objects.filter(pk=row.pk).update(**columns)
        key = f"shop:{row.pk}"
        events.record(storefront_id=row.pk, name=f"storefront.{what}", key=key, facts=facts, now=now)
