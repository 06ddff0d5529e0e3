"""An incident told in tables: its clock, what was drafted and told, whom it concerned, what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from compliance.incidents import DUTIES
from compliance.models.incident import Incident, IncidentAffected, IncidentNotice
from compliance.services.incident import missing_duties
from compliance.services.incident_affected import people_of
from compliance.vault import VaultError
from kernel.clock import now
from kernel.models import Event
from operators import told
from operators.bilingual import say
from operators.names import state_name
from operators.reveal import nothing
from operators.tables import Table, history, when
from storefronts.models import Storefront


def duty_name(duty: str) -> str:
    """What a duty is called."""
    return state_name(duty, duty, "compliance.IncidentNotice")


def tell(incident: Incident) -> list[Table]:
    """The clock, the notices, the frozen lists and the history; three statements."""
    notices = list(incident.notices.order_by("-drafted_at").defer("zh", "en"))
    lists = list(incident.affected.order_by("-frozen_at").defer("people_sealed"))
    events = Event.objects.filter(key=incident.event_key).order_by("seq")
    return [_clock(incident), _notices(notices), _lists(lists), history(events, {})]


def _clock(incident: Incident) -> Table:
    owed = missing_duties(incident)
    at = now()

    def state(duty: str) -> Any:
        told_at = getattr(incident, f"{duty}_told_at")
        if told_at:
            return say(f"已完成 {when(told_at)}", f"done {when(told_at)}")
        if duty == "final" and incident.severity != "ordinary" and incident.contained_at is None:
            return say("自处置完毕起算", "runs from containment")
        if duty not in owed:
            return say("无需", "not owed")
        late = getattr(incident, f"{duty}_due_at") <= at
        text = say("已逾期", "overdue") if late else say("待完成", "to do")
        return format_html('<span class="{}">{}</span>', "font-semibold text-red-600" if late else "", text)

    return {
        "title": say("时限", "Clock"),
        "headers": [say("义务", "duty"), say("期限", "until"), say("进展", "progress")],
        "rows": [
            [duty_name(duty), when(getattr(incident, f"{duty}_due_at")), state(duty)] for duty in DUTIES
        ],
    }


def _notices(notices: list[IncidentNotice]) -> Table:
    return {
        "title": say("告知与报告", "Notices and reports"),
        "headers": [
            say("文书", "notice"),
            say("版本", "version"),
            say("起草", "drafted"),
            say("送达", "sent"),
            say("对象及方式", "to whom, and how"),
        ],
        "rows": [
            [
                format_html('<a class="text-link" href="{}">{}</a>', told.page_of(n), duty_name(n.duty)),
                n.version,
                f"{when(n.drafted_at)} · {n.drafted_by}",
                f"{when(n.sent_at)} · {n.sent_by}" if n.sent_at else "-",
                n.channel or "-",
            ]
            for n in notices
        ],
    }


def _lists(lists: list[IncidentAffected]) -> Table:
    return {
        "title": say("受影响的人（冻结名单）", "Who was affected (frozen lists)"),
        "headers": [
            say("冻结时间", "frozen"),
            say("人数", "persons"),
            say("其中已无法识别", "of them no longer known"),
            say("访问次数", "accesses"),
            say("按数据", "by data"),
        ],
        "rows": [
            [
                format_html('<a class="text-link" href="{}">{}</a>', told.page_of(one), when(one.frozen_at)),
                one.counts["persons"],
                one.counts["unknown"],
                one.counts["accesses"],
                told.data(one.counts["by_label"]),
            ]
            for one in lists
        ],
    }


def people(row: IncidentAffected, purpose: str, who: str, at: datetime) -> list[Table]:
    """The sealed list, opened for a purpose: a table for each storefront."""
    try:
        found = people_of(frozen=row, who=who, purpose=purpose, now=at)
    except VaultError:
        return nothing(
            say("密钥已销毁，名单无法再打开。", "Its key was destroyed: the list can no longer be opened.")
        )
    codes = {str(id): code for id, code in Storefront.objects.values_list("id", "code")}
    headers = [
        say("数据主体", "data subject"),
        say("访问", "accesses"),
        say("首次", "first"),
        say("末次", "last"),
    ]
    return [
        {
            "title": codes.get(shop, say("全平台", "the whole platform")),
            "headers": headers,
            "rows": [_person(person, entry) for person, entry in persons.items()],
        }
        for shop, persons in found.items()
    ]


def _person(person: str, entry: dict[str, Any]) -> list[Any]:
    link = {person: reverse("admin:compliance_subject_change", args=[person])} if entry["known"] else {}
    return [
        told.linked(person, link),
        told.data(entry["what"]),
        when(datetime.fromisoformat(entry["first"])),
        when(datetime.fromisoformat(entry["last"])),
    ]
