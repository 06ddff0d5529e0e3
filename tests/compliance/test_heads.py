"""Where the chains end is told outside the database at once, compared within the hour, and kept for good."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from structlog.testing import capture_logs

from compliance import audit, heads, tasks
from compliance.chain import LOGS, Head
from compliance.models import Access, ChainLink
from compliance.services import chain as chaining
from tests.compliance.clock import chain_logs, clock

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def file(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(chaining, "_CLOCK", clock(NOW))
    settings.AUDIT_HEADS = tmp_path / "kept" / "heads"
    return settings.AUDIT_HEADS


def write(count: int, storefront_id: int = 7, purpose: str = "case") -> list[int]:
    made = [
        Access.objects.create(
            storefront_id=storefront_id, who="op:3", what="t.f", ref=str(n), purpose=purpose, at=NOW
        )
        for n in range(count)
    ]
    return [row.pk for row in made]


def cut(since: int) -> None:
    """As the owner: rows and links from this row on are gone."""
    Access.objects.filter(pk__gte=since).delete()
    ChainLink.objects.filter(row_id__gte=since).delete()


def lines(path: Path) -> list[Head]:
    return [Head(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def told(file: Path) -> list[Head]:
    return lines(file.with_name("heads.told"))


def verified() -> list[str]:
    out = StringIO()
    with pytest.raises(CommandError, match="the logs are not as they were written"):
        call_command("audit", "verify", stdout=out)
    return [line for line in out.getvalue().splitlines()[1:] if not line.startswith("heads compared")]


def audited(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("audit", "verify", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_each_turn_that_moves_an_end_tells_it_in_a_file_and_in_the_log(file):
    write(2, 7), write(1, 8)
    with capture_logs() as logged:
        tasks.chain()
        tasks.chain()  # nothing has moved
    assert [(head.storefront_id, head.position) for head in told(file)] == [(7, 2), (8, 1)]
    assert told(file) == list(heads.heads())
    said = [Head(**json.loads(entry["head"])) for entry in logged if entry["event"] == "audit head"]
    assert said == told(file)
    assert not file.exists()


def test_what_was_told_is_compared_within_the_hour_and_the_ends_alone_are_kept(file):
    for _ in range(3):
        write(1)
        tasks.chain()
    assert [head.position for head in told(file)] == [1, 2, 3]
    tasks.keep_heads()
    assert told(file) == []
    assert lines(file) == list(heads.heads())
    assert [head.position for head in lines(file)] == [3]
    tasks.keep_heads()  # nothing has moved
    assert len(lines(file)) == 1


def test_a_tail_cut_off_before_the_next_hour_is_found():
    rows = write(3)
    tasks.chain()
    cut(rows[2])
    assert next(audit.verify(now=NOW)).findings == []  # by its links alone the chain is whole
    assert verified() == ["access of storefront 7: cut off at 3"]


def test_a_tail_cut_off_and_chained_anew_before_the_next_hour_is_found():
    rows = write(3)
    tasks.chain()
    cut(rows[1])
    write(2, purpose="alibi")
    tasks.chain()
    assert next(audit.verify(now=NOW)).findings == []
    assert verified() == ["access of storefront 7: written anew at 3"]


def test_what_was_told_and_is_no_longer_there_is_said_within_the_hour_and_kept_for_good(file):
    rows = write(3)
    tasks.chain()
    [former] = told(file)
    cut(rows[1])
    write(2, purpose="alibi")
    tasks.chain()
    with capture_logs() as logged:
        tasks.keep_heads()
    said = [entry["head"] for entry in logged if entry["event"] == "the logs are not as they were told"]
    assert said == [json.dumps(asdict(former))]
    assert lines(file) == [former, *heads.heads()]
    assert told(file) == []
    assert verified() == ["access of storefront 7: written anew at 3"]


def test_of_many_heads_that_do_not_fit_the_first_of_each_chain_is_named():
    for _ in range(3):
        write(1, 7), write(1, 8)
        tasks.chain()
    first = Access.objects.order_by("pk")[0].pk
    cut(first)
    write(2, 7)
    chain_logs(now=NOW)
    assert verified() == [
        "access of storefront 7: written anew at 1",
        "access of storefront 7: cut off at 3",
        "access of storefront 8: 0 rows chained, 0 not yet",
        "access of storefront 8: cut off at 1",
    ]


def test_all_kept_heads_of_a_log_are_compared_in_one_query(django_assert_num_queries):
    kept = []
    for _ in range(20):
        write(1)
        kept += chain_logs(now=NOW)
    assert len(kept) == 20
    with django_assert_num_queries(1):
        assert heads.unknown(LOGS[0], kept) == []
    changed = Head("access", 7, 5, "00" * 32)
    gone = Head("access", 9, 1, "00" * 32)
    assert heads.unknown(LOGS[0], [*kept, changed, gone]) == [(gone, True), (changed, False)]


def test_what_a_run_that_died_has_left_is_read_by_the_next_one(file, monkeypatch):
    rows = write(1)
    tasks.chain()
    [former] = told(file)
    with monkeypatch.context() as dying, pytest.raises(MemoryError):
        dying.setattr(heads, "unknown", lambda *_: (_ for _ in ()).throw(MemoryError))
        tasks.keep_heads()
    assert told(file) == []
    assert heads.kept(file) == [former]  # `audit verify` finds it there meanwhile
    cut(rows[0])
    write(1, purpose="alibi")
    tasks.chain()
    tasks.keep_heads()
    assert former in lines(file)
    assert len(told(file)) == 1  # the younger ones have their turn an hour later
    tasks.keep_heads()
    assert told(file) == []


def test_a_line_that_was_written_by_half_stops_an_audit_and_not_the_next_hour(file):
    write(1)
    tasks.chain()
    with file.with_name("heads.told").open("a") as half:
        half.write('{"log": "access", "storef')
    with pytest.raises(CommandError, match="not what `audit head` prints"):
        call_command("audit", "verify", stdout=StringIO())
    with capture_logs() as logged:
        tasks.keep_heads()
    assert [entry["line"] for entry in logged if entry["event"] == "not an audit head"] == [
        '{"log": "access", "storef'
    ]
    call_command("audit", "verify", stdout=StringIO())


def test_an_audit_says_with_how_many_heads_it_compared_and_of_when_the_last_of_them_is(monkeypatch):
    write(1, 7), write(1, 8)
    tasks.chain()
    monkeypatch.setattr(chaining, "_CLOCK", clock(NOW + timedelta(minutes=5)))
    write(1, 8)
    tasks.chain()
    assert audited()[-1] == "heads compared: 3, the last of 2026-11-23 04:05:00+00:00"
    assert audited("--storefront", "7")[-1] == "heads compared: 1, the last of 2026-11-23 04:00:00+00:00"


@pytest.mark.parametrize("chain", ["7", "8"])
def test_an_audit_of_chains_without_any_head_fails_unless_that_is_meant(file, chain):
    write(1, int(chain))
    tasks.chain()
    heads_of = lines(file.with_name("heads.told"))
    file.with_name("heads.told").unlink()
    with pytest.raises(
        CommandError, match=r"no head was read, and the chains \(with rows: 1\) were compared with none"
    ):
        audited()
    assert audited("--without-heads") == [f"access of storefront {chain}: 1 rows chained, 0 not yet"]
    heads.tell(file, [replace(heads_of[0], storefront_id=9)])  # a head, of another storefront
    with pytest.raises(CommandError, match="no head was read"):
        audited("--storefront", chain)


def test_an_audit_before_the_first_turn_of_a_worker_needs_no_head(monkeypatch):
    assert audited() == ["nothing is logged yet"]
    Access.objects.create(
        storefront_id=7, who="op:3", what="t.f", ref="1", purpose="case", at=datetime.now(UTC)
    )
    assert audited() == ["access of storefront 7: 0 rows chained, 1 not yet"]
    monkeypatch.undo()
    tasks.chain()  # what is chained is told in the same turn
    assert audited()[-1].startswith("heads compared: 1, the last of 20")


def test_nothing_is_told_of_a_turn_that_died(file, monkeypatch):
    write(1)
    with monkeypatch.context() as dying, pytest.raises(MemoryError):
        dying.setattr(chaining, "link", lambda *_: (_ for _ in ()).throw(MemoryError))
        tasks.chain()
    assert told(file) == []
    tasks.chain()
    assert [head.position for head in told(file)] == [1]
