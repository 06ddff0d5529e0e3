"""A look is published whole, as a version that nobody can change; an earlier one comes back as a new one.

It takes its turn with every other change of what consumers are shown (`catalog.services.editing`): pages that
are kept show it within a second.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from catalog.services.editing import editing
from kernel import events
from kernel.errors import Conflict
from shopfront import queries
from shopfront.checks import astray, bad, must_be_well_formed, unreadable
from shopfront.models import Draft, Version
from shopfront.services.drafting import DraftMoved


class NothingNew(Conflict):
    """What is to be published is what consumers see."""

    code = "shop_look_unchanged"
    title = "The shop already looks like this: nothing was published."
    title_zh = "店铺当前已是此装修，未重复发布。"


def publish(*, storefront_id: int, revision: int, by: str, now: datetime) -> Version:
    """Show consumers the draft, which was looked at as `revision`. Raises BadLook, DraftMoved, NothingNew."""
    with editing(storefront_id):
        draft = Draft.objects.select_for_update().filter(storefront_id=storefront_id).first()
        if draft is None or draft.revision != revision:
            raise DraftMoved()
        must_be_well_formed(draft.content)
        faults = [
            *unreadable(draft.content["look"]),
            *astray(draft.content, storefront_id=storefront_id, now=now),
        ]
        if faults:
            raise bad(faults)
        return _show(storefront_id, draft.content, None, by, now)


def bring_back(*, storefront_id: int, number: int, by: str, now: datetime) -> Version:
    """Show consumers again what version `number` showed; the draft stays as it is. Where a link of it leads
    to nothing any more it is left out, as on every page. Raises NoSuchVersion, NothingNew."""
    with editing(storefront_id):
        content = queries.version(storefront_id, number).content
        return _show(storefront_id, content, number, by, now)


def _show(storefront_id: int, content: Any, brings_back: int | None, by: str, now: datetime) -> Version:
    present = queries.shown_version(storefront_id)
    if present is not None and present.content == content:
        raise NothingNew()
    made = Version.objects.create(
        storefront_id=storefront_id,
        number=present.number + 1 if present else 1,
        content=content,
        brings_back=brings_back,
        published_by=by,
        published_at=now,
    )
    facts = {"version": made.number, "brings_back": brings_back, "by": by}
    events.record(
        storefront_id=storefront_id, name="shop.published", key=made.event_key, facts=facts, now=now
    )
    return made
