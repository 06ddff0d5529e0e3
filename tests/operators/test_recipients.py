"""The list of consignees: sealed, for a purpose, for who asked alone, gone after a day; long ones by two."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from backend.personal import KEEPINGS
from compliance.models import Access
from customs.dossier.sealed import Unopened, opened
from customs.services import recipients
from kernel import files
from kernel.clock import shanghai_day
from kernel.models import Approval, Event, File, Job
from storefronts.models import FourEyes
from tests import make
from tests.conftest import WebClient
from tests.operators import rows
from tests.payments.reports import paid
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    made = make.world()
    order = make.order(made.alice, ("HD-1", 1), now=make.present())
    paid(order, success_time=make.present())
    return made


def entered(world, name, role):
    client = WebClient(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(rows.operator(name, world.shop, role), backend=rows.BACKEND)
    return client


def ask(client, shop, before=0):
    day = (shanghai_day(make.present()) - timedelta(days=before)).isoformat()
    sent = {"storefront": shop.pk, "first": day, "last": day, "purpose": "carrier lost its data"}
    return client.post(reverse("admin:recipients"), sent, follow=True).content.decode()


def made():
    """The worker's part."""
    recipients.prepare(Event.objects.get(name=recipients.ASKED))
    return Job.objects.get(kind=recipients.KIND)


def take(client, job, **sent):
    url = reverse("admin:kernel_job_change", args=[job.pk]).replace("/change/", "/step/take/")
    return client.post(url, sent)


def test_the_list_is_sealed_logged_and_for_who_asked_alone_until_its_day(world):
    owner, law = entered(world, "owner", "owner"), entered(world, "law", "compliance")
    ask(owner, world.shop)
    before = Access.objects.count()
    job = made()
    assert Access.objects.count() == before + 3
    assert set(Access.objects.order_by("-pk")[:3].values_list("who", "purpose")) == {
        ("owner", "carrier lost its data")
    }
    file = File.objects.get(public_id=job.result["file"])
    assert file.sealed and b"recipients.csv" in files.read(file)
    shown = take(owner, job).content.decode()
    password = re.search(r"[A-Z2-7]{5}(?:-[A-Z2-7]{5}){4}", shown)[0]
    answer = take(owner, job, seen="1")
    assert "no-store" in answer["Cache-Control"]
    lines = opened(answer.content, password)["recipients.csv"].decode("utf-8-sig").splitlines()
    assert make.PHONES[make.ALICE] in lines[1] and len(lines) == 2
    assert make.PHONES[make.ALICE].encode() not in answer.content
    with pytest.raises(Unopened):
        opened(answer.content, "another")
    assert Event.objects.filter(name="recipients.fetched").count() == 1
    for seen in ("", "1"):
        page = take(law, job, seen=seen)
        assert page["Content-Type"].startswith("text/html") and password not in page.content.decode()
    with time_machine.travel(make.present() + timedelta(hours=25), tick=False):
        owner.force_login(rows.Operator.objects.get(username="owner"), backend=rows.BACKEND)
        assert take(owner, job, seen="1")["Content-Type"].startswith("text/html")
        due = next(one for one in KEEPINGS if one.kind == "kernel.files").due(make.present())
        assert [one.pk for one in due] == [file.pk]


def test_a_long_list_needs_a_colleague_and_nothing_is_opened_before(world):
    FourEyes.objects.create(storefront=world.shop, verb="bulk_export", above=0)
    assert "a colleague has to agree" in ask(entered(world, "owner", "owner"), world.shop)
    assert not Job.objects.filter(kind=recipients.KIND).exists()
    assert Approval.objects.get().facts["rows"] == 1


def test_a_long_list_is_not_split_by_its_days_nor_by_who_asks_nor_at_once(world):
    for days in (1, 2):
        order = make.order(world.alice, ("HD-1", 1), now=make.present())
        paid(order, success_time=make.present() - timedelta(days=days))
    FourEyes.objects.create(storefront=world.shop, verb="bulk_export", above=2)
    owner, law = entered(world, "owner", "owner"), entered(world, "law", "compliance")
    for client in (owner, law):
        assert "It is being made" in ask(client, world.shop)  # the same one twice is no longer
    clicks = at_once([lambda: ask(owner, world.shop, 1), lambda: ask(law, world.shop, 2)])
    assert sorted("a colleague has to agree" in one for one in clicks) == [False, True]
    assert Approval.objects.get().facts["rows"] == 1
    assert Job.objects.filter(kind=recipients.KIND).count() == 3


def test_only_owners_and_compliance_ask_and_for_their_own_storefront(world):
    for role in ("finance", "customer_service", "fulfilment", "auditor"):
        assert entered(world, role, role).get(reverse("admin:recipients")).status_code == 403
    stranger = WebClient(HTTP_ACCEPT_LANGUAGE="en")
    stranger.force_login(rows.operator("stranger", make.storefront("swift")), backend=rows.BACKEND)
    ask(stranger, world.shop)
    assert not Job.objects.filter(kind=recipients.KIND).exists()
