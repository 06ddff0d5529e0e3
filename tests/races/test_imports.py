"""An import whose event comes twice at once is worked on once, and told as it ended."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from backend import delivery
from backend.subscriptions import by_path
from catalog.models import Variant
from catalog.services import import_jobs
from kernel import jobs
from kernel.models import Delivery, Event, Job
from tests import make
from tests.catalog.shelf import row, shelves, table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event(settings: Any, tmp_path: Any) -> Event:
    """It asks for the import of one row, which was shown."""
    settings.MEDIA_ROOT = tmp_path
    shop = make.storefront()
    shelves(shop)
    asked = {"file_name": "a.csv", "content": table(row())}
    check = import_jobs.ask_check(storefront_id=shop.pk, **asked, by="mei", now=make.present())
    import_jobs.prepare(Event.objects.get(name=import_jobs.ASKED))
    import_jobs.ask_write(check=check, by="mei", now=make.present())
    return Event.objects.filter(name=import_jobs.ASKED).latest("id")


def twice(event: Event, monkeypatch: pytest.MonkeyPatch) -> tuple[object, int]:
    """It comes again while its worker is at work: what the second is told, and how often work was begun."""
    at_work, go, begun, write = threading.Event(), threading.Event(), [], import_jobs.import_products

    def slow(**asked: Any) -> object:
        begun.append(asked)
        if len(begun) == 1:
            at_work.set()
            assert go.wait(20)
        return write(**asked)

    def first() -> None:
        import_jobs.prepare(event)
        connection.close()

    monkeypatch.setattr(import_jobs, "import_products", slow)
    worker = threading.Thread(target=first)
    worker.start()
    assert at_work.wait(20)
    try:
        told: object = import_jobs.prepare(event)
    except jobs.NotStopped as alive:
        told = alive.code
    go.set()
    worker.join()
    return told, len(begun)


def test_without_the_hold_the_work_is_taken_from_a_worker_who_lives(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_hold", lambda job, started_at: None)
    assert twice(event, monkeypatch) == (None, 2)


def test_an_import_whose_event_comes_twice_at_once_is_written_by_the_first(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert twice(event, monkeypatch) == ("job_not_stopped", 1)
    job = Job.objects.get(kind=import_jobs.WRITE)
    assert (job.state, job.result["variants_new"], "refused" in job.result) == ("done", 1, False)
    assert Variant.objects.get().sku == "RS-30"


def test_its_delivery_is_another_workers_only_after_ten_minutes(event: Event) -> None:
    kept = Delivery.objects.get(event=event)
    claimed = delivery._claim(kept.pk, by_path(), make.present())
    assert claimed is not None
    assert timedelta(minutes=9) < claimed.next_try_at - make.present() <= timedelta(minutes=10)


def test_a_worker_whose_job_was_taken_before_it_began_does_nothing(event: Event) -> None:
    job = Job.objects.get(kind=import_jobs.WRITE)
    Job.objects.filter(pk=job.pk).update(state="running", started_at=make.NOW)
    with pytest.raises(jobs.NotQueued):
        jobs._hold(job, make.present())


def test_what_was_refused_is_not_tried_again(event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    Job.objects.filter(kind=import_jobs.WRITE).update(state="failed", result={"refused": "changed since"})
    monkeypatch.setattr(import_jobs, "import_products", None)  # not asked
    import_jobs.prepare(event)
    assert (Job.objects.get(kind=import_jobs.WRITE).state, Variant.objects.exists()) == ("failed", False)
