"""Who was affected is read from the access log and frozen: counts to read, the list is sealed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet

from compliance import vault
from compliance.law import Law
from compliance.models import Access, Subject
from compliance.models.incident import Incident, IncidentAffected
from compliance.services.incident import record_step
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from kernel.tenancy import everything

PEOPLE = "compliance.incident.people"

# Table of a sealed label ("orders.order") and refs → whose data each ref is. The tables stand above this app.
Owners = Callable[[str, Collection[str]], Mapping[str, UUID]]


class Ended(Conflict):
    """The incident has ended; its list is what it was."""

    code = "incident_ended"
    title = "This incident has ended."
    title_zh = "该事件已结束。"


def accesses_of(incident: Incident) -> QuerySet[Access]:
    """The rows of the access log that the incident concerns: storefront, window, by whom, which labels."""
    rows = Access.objects.filter(at__gte=incident.window_from, at__lte=incident.window_to)
    if incident.storefront_id is not None:
        rows = rows.filter(storefront_id=incident.storefront_id)
    if incident.who:
        rows = rows.filter(who=incident.who)
    if incident.what:
        rows = rows.filter(what__startswith=incident.what)
    return rows


def freeze_affected(*, incident: Incident, owners: Owners, by: str, now: datetime) -> IncidentAffected:
    """Count who was affected and seal the list; each call is a new row, the last one holds.

    A ref whose person is no longer known counts as one person of its own. Raises Ended.
    """
    if incident.state in ("closed", "dismissed"):
        raise Ended()
    looked_at = list(
        accesses_of(incident)
        .values("storefront_id", "what", "ref")
        .annotate(times=Count("pk"), first=Min("at"), last=Max("at"))
        .order_by("storefront_id", "what", "ref")
    )
    people = _people(looked_at, owners)
    key_row, key = vault.new_key("incident", incident.storefront_id, _kept_until(now))
    frozen = IncidentAffected(
        incident=incident,
        storefront_id=incident.storefront_id,
        counts=_counts(looked_at, people),
        key=key_row,
        frozen_at=now,
        frozen_by=by,
    )
    frozen.people_sealed = key.seal(PEOPLE, frozen.id, orjson.dumps(people).decode())
    with transaction.atomic():
        vault.insert_key(key_row)
        frozen.save(force_insert=True)
        record_step(incident, "frozen", by=by, now=now, persons=frozen.counts["persons"])
    return frozen


def people_of(*, frozen: IncidentAffected, who: str, purpose: str, now: datetime) -> dict[str, Any]:
    """The sealed list, opened for an operator with a purpose, which leaves an access row."""
    opened = vault.open_as(
        who=who,
        purpose=purpose,
        storefront_id=frozen.storefront_id,
        key=vault.unwrap(frozen.key),
        label=PEOPLE,
        ref=frozen.id,
        blob=bytes(frozen.people_sealed),
        now=now,
    )
    people: dict[str, Any] = orjson.loads(opened)
    return people


def lists_that_name(*, subject: Subject) -> list[IncidentAffected]:
    """The lists that can still be read and name this person; no one is shown anything of them."""
    here = Q(storefront_id=subject.storefront_id) | Q(storefront_id=None)
    rows = IncidentAffected.objects.filter(here, key__destroyed_at=None).select_related("key")
    with everything():  # an incident of the platform's concerned people of every storefront
        found = list(rows.order_by("pk"))
    return [frozen for frozen in found if _names(frozen, subject)]


def _names(frozen: IncidentAffected, subject: Subject) -> bool:
    opened = vault.unwrap(frozen.key).open(PEOPLE, frozen.id, bytes(frozen.people_sealed))
    return any(str(subject.pk) in people for people in orjson.loads(opened).values())


def _people(looked_at: list[dict[str, Any]], owners: Owners) -> dict[str, dict[str, Any]]:
    """By storefront and person: which labels were opened how often, first and last."""
    refs: dict[str, set[str]] = defaultdict(set)
    for row in looked_at:
        refs[row["what"].rpartition(".")[0]].add(row["ref"])
    known = {table: owners(table, found) for table, found in refs.items()}
    people: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in looked_at:
        owner = known[row["what"].rpartition(".")[0]].get(row["ref"])
        person = str(owner) if owner else f"{row['what'].rpartition('.')[0]}:{row['ref']}"
        entry = people[str(row["storefront_id"] or "")].setdefault(
            person, {"known": owner is not None, "what": {}, "first": row["first"], "last": row["last"]}
        )
        entry["what"][row["what"]] = entry["what"].get(row["what"], 0) + row["times"]
        entry["first"] = min(entry["first"], row["first"])
        entry["last"] = max(entry["last"], row["last"])
    return people


def _counts(looked_at: list[dict[str, Any]], people: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Numbers alone, JSON-ready: persons and accesses, over all and by storefront, accesses by label."""
    accesses: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for row in looked_at:
        accesses[str(row["storefront_id"] or "")] += row["times"]
        labels[row["what"]] += row["times"]
    return {
        "persons": sum(len(found) for found in people.values()),
        "unknown": sum(not entry["known"] for found in people.values() for entry in found.values()),
        "accesses": accesses.total(),
        "by_storefront": {
            id: {"persons": len(found), "accesses": accesses[id]} for id, found in people.items()
        },
        "by_label": dict(sorted(labels.items())),
    }


def _kept_until(now: datetime) -> date:
    """The first day on which the list may be destroyed: records of handling are kept for some years."""
    day = shanghai_day(now)
    years: int = Law(day).figure("retention/assessment_years")
    month = (day.year + years) * 12 + day.month  # the first of the month after the last of the years
    return date(month // 12, month % 12 + 1, 1)
