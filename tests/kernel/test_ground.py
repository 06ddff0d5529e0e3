"""Money meets to the fen, states move once, facts and receipts are taken in once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from backend import delivery
from kernel import approvals, cases, events, files, ids, jobs, receipts
from kernel.clock import shanghai_day
from kernel.gateways import let_go_of_database
from kernel.models import Approval, Case, Delivery, Event, File, Job
from kernel.money import priced, share, times, yuan
from kernel.states import WrongState
from orders.models import Order
from orders.states import ORDER
from tests import make


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=99))
def test_shares_always_add_up_and_none_is_a_fen_off_its_due(fen, weights):
    parts = share(fen, weights)
    assert sum(parts) == fen
    total = sum(weights) or len(weights)
    for part, weight in zip(parts, weights if sum(weights) else [1] * len(weights), strict=True):
        assert abs(part * total - fen * weight) < total


@given(st.integers(-(10**9), 10**9))
def test_rounding_is_half_away_from_zero(fen):
    assert times(fen, Decimal("0.5")) == (abs(fen) + 1) // 2 * (1 if fen >= 0 else -1)
    assert times(-fen, Decimal("0.091")) == -times(fen, Decimal("0.091"))


def test_yuan_has_two_decimals():
    assert [yuan(f) for f in (0, 5, 123456, -5)] == ["0.00", "0.05", "1234.56", "-0.05"]
    assert [priced(f) for f in (0, 5, 123450, -123456)] == ["¥0.00", "¥0.05", "¥1,234.50", "-¥1,234.56"]


def test_a_uuid7_sorts_by_time_and_a_number_fits_every_place():
    assert ids.uuid7().version == 7
    number = ids.number(make.NOW)
    assert number.startswith("261120120000") and 6 <= len(number) <= 32 and number.isalnum()
    assert len({ids.number(make.NOW) for _ in range(1000)}) == 1000


def test_a_day_of_the_law_is_a_day_in_shanghai():
    assert shanghai_day(make.NOW.replace(hour=15, minute=59)).day == 20
    assert shanghai_day(make.NOW.replace(hour=16)).day == 21
    with pytest.raises(ValueError, match="time zone"):
        shanghai_day(make.NOW.replace(tzinfo=None))


@pytest.mark.django_db
def test_a_move_happens_once_and_a_stale_row_is_told_so():
    world = make.world()
    order = make.order(world.alice, ("HD-1", 1))
    twin = Order.objects.get(pk=order.pk)
    with transaction.atomic():
        ORDER.move(order, "close", now=make.NOW, closing_reason="expired")
    with pytest.raises(WrongState):
        ORDER.move(twin, "close", now=make.NOW, closing_reason="cancelled")
    with pytest.raises(WrongState):
        ORDER.move(order, "close", now=make.NOW)
    assert Order.objects.get().closing_reason == "expired"
    assert list(Event.objects.filter(key=order.event_key).order_by("seq").values_list("seq", "name")) == [
        (1, "order.placed"),
        (2, "order.closing"),
    ]


@pytest.mark.django_db
def test_an_event_cannot_be_changed():
    events.record(storefront_id=None, name="test.told", key="test:1", facts={}, now=make.NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(name="test.untold")


@pytest.mark.django_db(transaction=True)
def test_a_fact_outside_its_transaction_is_a_bug():
    with pytest.raises(RuntimeError, match="transaction of its change"):
        events.record(storefront_id=None, name="test.told", key="test:1", facts={}, now=make.NOW)


@pytest.mark.django_db(transaction=True)
def test_an_outside_call_inside_a_transaction_is_refused():
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        let_go_of_database()


class Recorder:
    """Handlers that tell what they were given, and fail when asked to."""

    seen: list[tuple[str, int]] = []
    failing: set[int] = set()


def hear(event: Event) -> None:
    if event.seq in Recorder.failing:
        raise ValueError("not today")
    Recorder.seen.append((event.key, event.seq))


@pytest.fixture
def heard(monkeypatch):
    from backend.subscriptions import Handler

    handler = Handler(f"{__name__}.hear")
    monkeypatch.setattr(delivery, "by_path", lambda: {handler.path: handler})
    monkeypatch.setattr(delivery, "import_string", lambda _: hear)
    monkeypatch.setattr(events.wiring, "handlers", {"test.told": (handler.path,)})
    monkeypatch.setattr(events.wiring, "wake", lambda: None)
    Recorder.seen, Recorder.failing = [], set()
    return Recorder


def tell(key: str) -> None:
    with transaction.atomic():
        events.record(storefront_id=None, name="test.told", key=key, facts={}, now=make.NOW)


@pytest.mark.django_db(transaction=True)
def test_facts_are_delivered_once_and_in_order_per_key(heard):
    for key in ("a", "b", "a", "a"):
        tell(key)
    assert delivery.drain(now=make.NOW) == 4
    assert delivery.drain(now=make.NOW) == 0
    assert [seq for key, seq in heard.seen if key == "a"] == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_a_failing_fact_holds_back_its_key_alone_and_becomes_a_case(heard):
    heard.failing = {1}
    for key in ("a", "a", "b", "b"):
        tell(key)
    now = make.NOW
    for _ in range(4):
        delivery.drain(now=now)
        now += timedelta(minutes=10)
    assert heard.seen == []
    assert {c.kind for c in Case.objects.all()} == {"event.undelivered"}
    heard.failing = set()
    delivery.drain(now=now)
    assert sorted(heard.seen) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert Delivery.objects.filter(done_at=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_handlers_writes_are_undone_with_its_failure(heard, monkeypatch):
    def write_and_fail(event: Event) -> None:
        cases.open_case(storefront_id=None, kind="test", key="x", title="x", facts={}, now=make.NOW)
        raise ValueError("half-way")

    monkeypatch.setattr(delivery, "import_string", lambda _: write_and_fail)
    tell("a")
    delivery.drain(now=make.NOW)
    assert Case.objects.count() == 0
    assert "half-way" in Delivery.objects.get().error


@pytest.mark.django_db
def test_a_receipt_replays_the_identical_answer_and_refuses_another_body():
    mark, answer = receipts.fingerprint("POST", "/x", b"{}"), receipts.Answer(201, b'{"n":1}')
    assert receipts.take(source="s", key="k", fingerprint=mark) is None
    receipts.keep(source="s", key="k", fingerprint=mark, answer=answer, now=make.NOW)
    assert receipts.take(source="s", key="k", fingerprint=mark) == answer
    with pytest.raises(receipts.KeyReused):
        receipts.take(source="s", key="k", fingerprint=receipts.fingerprint("POST", "/x", b"{ }"))
    assert receipts.take(source="other", key="k", fingerprint=mark) is None


def test_fingerprints_do_not_run_together():
    assert receipts.fingerprint("ab", "c") != receipts.fingerprint("a", "bc")


@pytest.mark.django_db
def test_a_case_is_open_once_and_settled_once():
    facts = {"storefront_id": None, "kind": "k", "key": "x", "title": "t", "facts": {}, "now": make.NOW}
    first, second = cases.open_case(**facts), cases.open_case(**facts)
    assert first.pk == second.pk
    assert Case.objects.get().seen == 2
    cases.settle_case(case=first, by="ann", note="refunded", now=make.NOW)
    with pytest.raises(cases.AlreadySettled):
        cases.settle_case(case=second, by="bob", note="again", now=make.NOW)
    assert cases.open_case(**facts).pk != first.pk


@pytest.mark.django_db
def test_nobody_approves_their_own_wish():
    ask = {"storefront_id": None, "verb": "refund", "key": "x", "facts": {}, "by": "ann", "now": make.NOW}
    wish = approvals.ask(**ask)
    with pytest.raises(approvals.AlreadyAsked):
        approvals.ask(**ask)
    with pytest.raises(approvals.NotYours):
        approvals.decide(approval=wish, by="ann", granted=True, reason="", now=make.NOW)
    assert Approval.objects.get().granted is None
    approvals.decide(approval=wish, by="bob", granted=True, reason="checked", now=make.NOW)
    assert approvals.granted(verb="refund", key="x")


def from_outside(sql: str, job: Job) -> tuple[str, int, int]:
    """The job as everyone else meets it: over another connection."""
    aside = connection.copy()
    try:
        with aside.cursor() as cursor:
            cursor.execute(sql, [job.pk])
            return cursor.fetchone()
    finally:
        aside.close()


@pytest.mark.django_db(transaction=True)
def test_a_job_runs_once_and_a_failed_one_has_written_nothing():
    job = jobs.queue(storefront_id=None, kind="k", arguments={}, by="ann", now=make.NOW)

    def work(job: Job, report: jobs.Progress) -> dict[str, int]:
        report(1, 2)
        tell("job")
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        jobs.run(job=job, work=work, now=make.NOW)
    assert (job.state, Event.objects.count()) == ("failed", 0)
    assert (job.done, job.total, job.error) == (1, 2, "ValueError: half-way")
    with pytest.raises(jobs.NotQueued):
        jobs.run(job=job, work=work, now=make.NOW)


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_while_the_work_is_not_committed():
    job = jobs.queue(storefront_id=None, kind="k", arguments={}, by="ann", now=make.NOW)
    seen = []

    def work(job: Job, report: jobs.Progress) -> dict[str, int]:
        tell("job")
        for done in (1, 2):
            report(done, 2)
            seen.append(from_outside("SELECT state, done, total FROM kernel_job WHERE id = %s", job))
        return {"written": 1}

    jobs.run(job=job, work=work, now=make.NOW)
    assert seen == [("running", 1, 2), ("running", 2, 2)]
    assert (job.state, job.done, job.total, job.result) == ("done", 2, 2, {"written": 1})
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_job_that_died_is_queued_again_and_one_that_waits_or_is_done_is_not():
    job = jobs.queue(storefront_id=None, kind="k", arguments={}, by="ann", now=make.NOW)
    with pytest.raises(jobs.NotStopped):
        jobs.requeue(job=job, now=make.NOW)
    Job.objects.update(state="running", started_at=make.NOW, done=5, total=9)  # and its worker is no more
    later = make.NOW + timedelta(hours=1)
    jobs.requeue(job=job, now=later)
    assert (job.state, job.queued_at, job.started_at, job.done, job.total) == ("queued", later, None, 0, 0)
    jobs.run(job=job, work=lambda job, report: {}, now=later)
    with pytest.raises(jobs.NotStopped):
        jobs.requeue(job=job, now=later)
    assert job.state == "done"


@pytest.mark.django_db(transaction=True)
def test_a_worker_from_whom_the_job_was_taken_writes_nothing():
    job = jobs.queue(storefront_id=None, kind="k", arguments={}, by="ann", now=make.NOW)

    def slow(job: Job, report: jobs.Progress) -> dict[str, int]:
        tell("slow")
        from_outside(
            "UPDATE kernel_job SET state = 'queued', started_at = NULL WHERE id = %s"
            " RETURNING state, done, total",
            job,
        )
        return {}

    with pytest.raises(jobs.NotQueued):
        jobs.run(job=job, work=slow, now=make.NOW)
    assert (job.state, job.error, Event.objects.count()) == ("queued", "", 0)


@pytest.mark.django_db(transaction=True)
def test_a_job_is_not_run_inside_a_transaction():
    job = jobs.queue(storefront_id=None, kind="k", arguments={}, by="ann", now=make.NOW)
    with pytest.raises(RuntimeError), transaction.atomic():
        jobs.run(job=job, work=lambda job, report: {}, now=make.NOW)
    job.refresh_from_db()
    assert job.state == "queued"


@pytest.mark.django_db
def test_a_file_that_was_changed_on_disk_is_not_read(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = files.store(
        storefront_id=None,
        name="a.txt",
        media_type="text/plain",
        content=b"hello",
        now=make.NOW,
        expires_at=make.NOW,
    )
    assert files.read(file) == b"hello"
    (tmp_path / file.path).write_bytes(b"hallo")
    with pytest.raises(ValueError, match="changed on disk"):
        files.read(file)


@pytest.mark.django_db(transaction=True)
def test_a_file_goes_from_disk_after_its_row_and_what_is_left_lying_is_swept(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    held = [
        files.store(storefront_id=None, name=name, media_type="text/plain", content=b"x", now=make.NOW)
        for name in ("a", "b", "c")
    ]
    with transaction.atomic():
        files.remove([held[0]])
        assert (tmp_path / held[0].path).exists()  # not before the commit: a rollback keeps the file
    assert not (tmp_path / held[0].path).exists()
    File.objects.filter(pk=held[1].pk).delete()  # as when the remover dies between the row and the disk
    assert files.sweep(now=make.present()) == 0  # so young a file may still get its row
    assert files.sweep(now=make.present() + timedelta(hours=2)) == 1
    assert [(tmp_path / file.path).exists() for file in held] == [False, False, True]
