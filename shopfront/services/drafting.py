"""The draft is changed by whoever saw it as it is: a change never goes lost under another's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from kernel.errors import Conflict
from kernel.tenancy import tenant
from shopfront import queries
from shopfront.checks import must_be_well_formed
from shopfront.models import Draft


class DraftMoved(Conflict):
    """Someone else has changed the draft since it was read."""

    code = "shop_draft_moved"
    title = "The draft of the shop look was changed meanwhile. Nothing was saved: look again, then decide."
    title_zh = "店铺装修草稿已被他人修改，本次未保存；请重新查看后再操作。"


def save_draft(*, storefront_id: int, content: Any, revision: int, by: str, now: datetime) -> int:
    """Put `content` in place of the draft that the editor saw as `revision`, 0 before the first; returns the
    new revision. Raises BadLook for a form nobody could read, and DraftMoved."""
    must_be_well_formed(content)
    with tenant(storefront_id):
        told = {"content": content, "edited_by": by, "edited_at": now}
        if revision == 0:
            try:
                with transaction.atomic():
                    Draft.objects.create(storefront_id=storefront_id, revision=1, **told)
            except IntegrityError as failure:
                raise DraftMoved() from failure
            return 1
        mine = Draft.objects.filter(storefront_id=storefront_id, revision=revision)
        if not mine.update(revision=revision + 1, **told):
            raise DraftMoved()
    return revision + 1


def draft_again(*, storefront_id: int, number: int | None, revision: int, by: str, now: datetime) -> int:
    """Make the draft what version `number` is, or what a new storefront has. Raises NoSuchVersion."""
    content = queries.version(storefront_id, number).content if number else queries.plain(storefront_id)
    return save_draft(storefront_id=storefront_id, content=content, revision=revision, by=by, now=now)
