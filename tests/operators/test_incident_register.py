"""The register in the admin: each step calls its service, roles hold, and nothing personal shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils.translation import override

from compliance.models import Access
from compliance.models.incident import Incident, IncidentAffected, IncidentNotice
from compliance.services.incident_affected import PEOPLE
from kernel.models import Case, Event
from operators import told
from operators.names import _names
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db
ADD = "/admin/compliance/incident/add/"


@pytest.fixture
def world():
    return make.world()


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(make.NOW + timedelta(hours=1), tick=False):
        yield


def enter(client, shop, role="compliance", name="officer", language="en"):
    client.force_login(rows.operator(name, shop, role), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    return client


def form(shop, **changes):
    """The register's form, with times of Shanghai."""
    return {
        "storefront": str(shop.pk),
        "kind": "leak",
        "title": "客服账号异常查看收件人电话",
        "detected_at_0": "2026-11-20",
        "detected_at_1": "12:30:00",
        "window_from_0": "2026-11-19",
        "window_from_1": "00:00:00",
        "window_to_0": "2026-11-20",
        "window_to_1": "12:30:00",
        "who": "mallory",
        "what": "orders.order",
        "contact": "compliance@shop.test",
        **changes,
    }


def register(client, shop, **changes):
    assert client.post(ADD, form(shop, **changes)).status_code == 302
    return Incident.objects.latest("pk")


def step(client, row, name, **values):
    url = reverse(f"admin:compliance_{row._meta.model_name}_step", args=[row.pk, name])
    return client.post(url, values)


def looked(order, who="mallory"):
    Access.objects.create(
        storefront_id=order.storefront_id,
        who=who,
        what="orders.order.consignee_phone",
        ref=order.number,
        purpose="配送",
        at=make.NOW,
    )


def test_an_officer_takes_an_incident_from_the_first_minute_to_its_end(client, world):
    order = make.order(world.alice, ("HD-1", 1))
    looked(order)
    looked(make.order(world.alice, ("IR-1", 1)))
    looked(order, who="mei")
    enter(client, world.shop)
    made = register(client, world.shop)
    assert (made.state, made.storefront_id, made.who) == ("detected", world.shop.pk, "mallory")
    assert made.detected_at == make.NOW + timedelta(minutes=30)

    assert step(client, made, "freeze").status_code == 302
    frozen = IncidentAffected.objects.get()
    assert (frozen.counts["persons"], frozen.counts["accesses"], frozen.counts["unknown"]) == (1, 2, 0)
    assess = reverse("admin:compliance_incident_step", args=[made.pk, "assess"])
    started = client.get(assess).context["form"].initial
    assert (started["persons"], started["data_kinds"]) == (1, ["phone"])
    values = {"persons": "1", "loss_fen": "0", "data_kinds": ["phone"], "measures_zh": "已停用账号"}
    assert step(client, made, "assess", **values).status_code == 302
    for duty in ("authority", "persons"):
        assert step(client, made, f"draft-{duty}").status_code == 302
    word = {"zh": "告知书改写", "en": "reworded"}
    assert step(client, IncidentNotice.objects.get(duty="persons"), "word", **word).status_code == 302
    for duty in ("authority", "persons"):
        notice = IncidentNotice.objects.filter(duty=duty).latest("version")
        assert step(client, notice, "tell", channel="12387 平台").status_code == 302
    for verb in ("contain", "report"):
        assert step(client, made, verb).status_code == 302
    assert step(client, made, "close", note="口令已轮换").status_code == 302
    made.refresh_from_db()
    assert (made.state, made.severity, made.closing_note) == ("closed", "ordinary", "口令已轮换")
    assert IncidentNotice.objects.get(duty="persons", version=2).sent_by == "officer"
    assert {e.facts["by"] for e in Event.objects.filter(key=made.event_key)} == {"officer"}
    html = client.get(reverse("admin:compliance_incident_change", args=[made.pk])).content.decode()
    assert "/step/" not in html and "notice sent" in html


def test_the_list_of_persons_opens_for_a_purpose_and_names_no_one(client, world):
    looked(make.order(world.alice, ("HD-1", 1)))
    enter(client, world.shop)
    made = register(client, world.shop)
    step(client, made, "freeze")
    frozen = IncidentAffected.objects.get()
    subject = str(world.alice.subject_id)
    assert (
        subject
        not in client.get(
            reverse("admin:compliance_incidentaffected_change", args=[frozen.pk])
        ).content.decode()
    )
    assert step(client, frozen, "reveal", purpose="").status_code == 200
    assert not Access.objects.filter(what=PEOPLE).exists()
    html = step(client, frozen, "reveal", purpose="逐一通知").content.decode()
    assert subject in html and "maison" in html
    assert [text for text in rows.SECRET_TEXTS if text in html] == []
    left = Access.objects.get(what=PEOPLE)
    assert (left.who, left.purpose) == ("officer", "逐一通知")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"window_from_0": "2026-11-21"}, "begins before it ends"),
        ({"detected_at_0": "2026-11-21"}, "begins before it ends"),
        ({"title": ""}, "This field is required"),
        ({"storefront": ""}, "This field is required"),
    ],
)
def test_what_makes_no_sense_is_not_registered(client, world, changes, said):
    enter(client, world.shop)
    answer = client.post(ADD, form(world.shop, **changes))
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert Incident.objects.count() == 0


def test_an_incident_is_registered_for_ones_own_storefront_alone(client, world):
    other = make.storefront("swift")
    enter(client, other)
    assert client.post(ADD, form(world.shop)).status_code == 200
    assert Incident.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "reads"), [("auditor", True), ("finance", False), ("customer_service", False)]
)
def test_who_is_no_officer_changes_nothing(client, world, role, reads):
    enter(client, world.shop)
    made = register(client, world.shop)
    enter(client, world.shop, role, name=role)
    status = client.get(reverse("admin:compliance_incident_change", args=[made.pk])).status_code
    assert status == (200 if reads else 403)
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, form(world.shop)).status_code == 403
    assert step(client, made, "dismiss", note="x").status_code in (403, 404)
    assert Incident.objects.get().state == "detected"


def test_another_storefronts_officer_finds_nothing(client, world):
    enter(client, world.shop)
    made = register(client, world.shop)
    step(client, made, "draft-authority")
    enter(client, make.storefront("swift"), name="stranger")
    assert step(client, made, "dismiss", note="x").status_code == 404
    assert step(client, IncidentNotice.objects.get(), "tell", channel="x").status_code == 404
    assert (Incident.objects.get().state, IncidentNotice.objects.get().sent_at) == ("detected", None)


def test_an_incident_of_the_whole_platform_is_the_platforms(client, world):
    root = rows.operator("root", is_superuser=True)
    client.force_login(root, backend=rows.BACKEND)
    made = register(client, world.shop, storefront="platform", who="")
    assert made.storefront_id is None
    assert step(client, made, "dismiss", note="演练").status_code == 302
    enter(client, world.shop)
    assert client.get(reverse("admin:compliance_incident_changelist")).context["cl"].result_count == 0


def test_a_step_that_came_too_late_is_refused_with_its_reason(client, world):
    enter(client, world.shop)
    made = register(client, world.shop)
    values = {"persons": "1", "loss_fen": "0", "data_kinds": ["phone"]}
    step(client, made, "assess", **values)
    step(client, made, "contain")
    answer = step(client, made, "report")
    assert "Not everyone has been told yet: authority, persons." in answer.content.decode()
    assert step(client, made, "close", note="x").status_code == 403
    made.refresh_from_db()
    assert made.state == "contained"


def test_a_case_of_a_clock_leads_to_its_incident(client, world):
    enter(client, world.shop, language="zh-CN")
    made = register(client, world.shop)
    case = Case.objects.create(
        storefront_id=world.shop.pk,
        kind="incident.authority",
        key=made.event_key,
        title="t",
        facts={"incident": made.number, "notice": "authority"},
        opened_at=make.NOW,
    )
    html = client.get(reverse("admin:kernel_case_change", args=[case.pk])).content.decode()
    assert reverse("admin:compliance_incident_change", args=[made.pk]) in html
    assert "安全事件：即将到期，报告主管部门" in html and "主管部门报告" in html
    assert "打开安全事件：研判定级，起草并送达主管部门报告。" in html


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_kind_of_case_says_what_to_do_next(language):
    kinds = [key for kind, key in _names() if kind == "case"]
    assert len(kinds) > 20
    with override(language):
        assert [kind for kind in kinds if not told.case_todo(kind)] == []
