"""An officer registers an impact assessment; a colleague without the role does not, and nobody changes it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from compliance.models import ImpactAssessment
from compliance.services.assessments import watch_assessments
from kernel.models import Case
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db
ADD = "/admin/compliance/impactassessment/add/"


@pytest.fixture
def world():
    return make.world()


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(make.NOW + timedelta(hours=1), tick=False):
        yield


def enter(client, shop, role):
    client.force_login(rows.operator(role, shop, role), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def form(shop, **changes):
    return {
        "storefront": str(shop.pk),
        "processing": "sensitive",
        "assessed_on": "2026-11-20",
        "assessed_by": "合规负责人",
        "purpose": "核验订购人身份",
        "impact": "泄露将危害个人权益",
        "measures": "加密、遮盖、访问留痕",
        "acceptable": "on",
        "review_on": "2027-11-20",
        **changes,
    }


def test_an_officer_registers_one_and_the_case_that_waited_is_settled(client, world):
    watch_assessments(now=make.NOW)
    enter(client, world.shop, "compliance")
    assert client.get(ADD).context["form"].initial["review_on"].isoformat() == "2027-11-20"
    assert client.post(ADD, form(world.shop)).status_code == 302
    made = ImpactAssessment.objects.get()
    assert (made.storefront_id, made.processing, made.acceptable) == (world.shop.pk, "sensitive", True)
    assert (made.recorded_by, made.assessed_by) == ("compliance", "合规负责人")
    assert Case.objects.get(key=f"assessment:sensitive-{world.shop.pk}").state == "settled"
    page = client.get(reverse("admin:compliance_impactassessment_change", args=[made.pk])).content.decode()
    assert "泄露将危害个人权益" in page and "sensitive personal data" in page
    assert "_save" not in page


def test_wrong_days_are_told_in_the_form_and_nothing_is_written(client, world):
    enter(client, world.shop, "compliance")
    answer = client.post(ADD, form(world.shop, review_on="2026-11-20"))
    assert answer.status_code == 200
    assert "is made anew after today" in answer.content.decode()
    assert not ImpactAssessment.objects.exists()


def test_neither_an_auditor_nor_an_officer_of_another_storefront_registers_one(client, world):
    enter(client, world.shop, "auditor")
    assert client.post(ADD, form(world.shop)).status_code == 403
    enter(client, make.storefront("swift"), "compliance")
    for storefront in (str(world.shop.pk), "platform"):
        assert client.post(ADD, form(world.shop, storefront=storefront)).status_code == 200
    assert not ImpactAssessment.objects.exists()
