"""What someone with every right changes in a log is found: changed, removed, put in, moved, or cut off."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance import audit, heads
from compliance.audit import Finding
from compliance.chain import Head
from compliance.models import Access, ChainLink
from compliance.services import chain as chaining
from tests.compliance.clock import chain_logs

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
pytestmark = pytest.mark.django_db


def write(count: int, storefront_id: int | None = 7) -> list[int]:
    made = [
        Access.objects.create(
            storefront_id=storefront_id, who="op:3", what="t.f", ref=str(n), purpose=f"case {n}", at=NOW
        )
        for n in range(count)
    ]
    return [row.pk for row in made]


def tamper(statement: str, *parameters: object) -> None:
    """As someone who owns the database: the triggers are switched off."""
    with connection.cursor() as cursor:
        for table in ("access", "chainlink"):
            cursor.execute(f"ALTER TABLE compliance_{table} DISABLE TRIGGER USER")
        cursor.execute(statement, parameters)
        assert cursor.rowcount
        for table in ("access", "chainlink"):
            cursor.execute(f"ALTER TABLE compliance_{table} ENABLE TRIGGER USER")


def verified(now: datetime = LATER, **wanted: object) -> dict[int, audit.Chain]:
    return {chain.storefront_id: chain for chain in audit.verify(now=now, **wanted)}


def ends(moved: list[Head]) -> dict[int, int]:
    return {head.storefront_id: head.position for head in moved}


def findings(now: datetime = LATER) -> list[Finding]:
    return [finding for chain in verified(now).values() for finding in chain.findings]


def test_each_storefront_has_a_chain_of_its_own_and_rows_of_none_have_one_too():
    write(3, 7), write(2, 8), write(1, None)
    assert ends(chain_logs(now=NOW)) == {0: 1, 7: 3, 8: 2}
    assert chain_logs(now=NOW) == []
    places = ChainLink.objects.order_by("storefront_id", "position")
    assert list(places.values_list("storefront_id", "position")) == [
        (0, 1),
        (7, 1),
        (7, 2),
        (7, 3),
        (8, 1),
        (8, 2),
    ]
    found = verified()
    assert {id: (c.rows, c.tail, c.findings) for id, c in found.items()} == {
        0: (1, 0, []),
        7: (3, 0, []),
        8: (2, 0, []),
    }
    assert list(verified(storefront_id=8)) == [8]


def test_what_is_not_yet_chained_is_told_as_the_tail():
    write(2)
    chain_logs(now=NOW)
    write(3)
    found = verified(NOW)[7]
    assert (found.rows, found.tail, found.findings) == (2, 3, [])


def test_what_is_not_chained_though_its_time_has_long_come_is_found():
    rows = write(4)
    chain_logs(now=NOW)
    tamper("DELETE FROM compliance_chainlink WHERE row_id >= %s", rows[2])  # the newest ones are cut off
    assert findings(NOW + timedelta(minutes=10)) == []
    late = NOW + timedelta(minutes=10, seconds=1)
    assert findings(late) == [Finding("unchained too long", row, None) for row in rows[2:]]
    assert verified(late)[7].tail == 0


def test_a_turn_takes_what_it_can_and_the_next_one_goes_on(monkeypatch):
    monkeypatch.setattr(chaining, "AT_MOST", 4)
    write(6)
    assert [ends(chain_logs(now=NOW)) for _ in range(3)] == [{7: 4}, {7: 6}, {}]
    assert (verified()[7].rows, findings()) == (6, [])


@pytest.mark.parametrize(
    ("column", "value"),
    [("who", "op:4"), ("purpose", "another"), ("at", NOW + timedelta(microseconds=1)), ("storefront_id", 8)],
)
def test_a_changed_row_is_found(column, value):
    rows = write(5)
    chain_logs(now=NOW)
    tamper(f"UPDATE compliance_access SET {column} = %s WHERE id = %s", value, rows[2])
    assert findings() == [Finding("changed", rows[2], 3)]


def test_a_removed_row_is_found():
    rows = write(5)
    chain_logs(now=NOW)
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[1])
    assert findings() == [Finding("removed", rows[1], 2)]


def test_a_row_removed_with_its_link_is_found():
    rows = write(5)
    chain_logs(now=NOW)
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[1])
    tamper("DELETE FROM compliance_chainlink WHERE row_id = %s", rows[1])
    assert findings() == [Finding("link removed", None, 2)]


def test_rows_that_changed_places_are_found():
    rows = write(5)
    chain_logs(now=NOW)
    tamper(
        "UPDATE compliance_access a SET ref = b.ref, purpose = b.purpose FROM compliance_access b"
        " WHERE (a.id, b.id) IN ((%s, %s), (%s, %s))",
        rows[1], rows[3], rows[3], rows[1],
    )  # fmt: skip
    assert findings() == [Finding("changed", rows[1], 2), Finding("changed", rows[3], 4)]


def test_links_that_changed_places_are_found():
    rows = write(4)
    chain_logs(now=NOW)
    for place, row in ((99, rows[1]), (2, rows[2]), (3, rows[1])):
        tamper("UPDATE compliance_chainlink SET position = %s WHERE row_id = %s", place, row)
    assert findings() == [
        Finding("reordered", row, place) for row, place in ((rows[2], 2), (rows[1], 3), (rows[3], 4))
    ]


def test_a_row_that_was_put_in_afterwards_is_never_chained_and_is_found():
    rows = write(3)
    tamper("UPDATE compliance_access SET id = id + 1000 WHERE id = %s", rows[2])
    chain_logs(now=NOW)
    tamper(
        "INSERT INTO compliance_access (id, storefront_id, who, what, ref, purpose, at)"
        " VALUES (%s, 7, 'op:9', 't.f', '1', 'alibi', %s)",
        rows[2] + 500, NOW,
    )  # fmt: skip
    assert chain_logs(now=LATER) == []
    assert findings() == [Finding("inserted", rows[2] + 500, None)]
    assert verified()[7].tail == 0


def test_a_row_that_was_committed_late_is_chained_all_the_same():
    rows = write(3)
    tamper("UPDATE compliance_access SET id = id + 1000 WHERE id = %s", rows[2])
    chain_logs(now=NOW)
    late = Access(pk=rows[2], storefront_id=7, who="op:3", what="t.f", ref="1", purpose="slow", at=NOW)
    late.save(force_insert=True)
    assert ends(chain_logs(now=NOW + timedelta(minutes=2))) == {7: 4}
    assert (verified()[7].rows, findings()) == (4, [])


def test_a_chain_that_was_written_anew_is_told_by_a_head_kept_elsewhere():
    rows = write(3)
    chain_logs(now=NOW)
    kept = list(heads.heads())
    assert [(head.log, head.storefront_id, head.position) for head in kept] == [("access", 7, 3)]
    write(1)
    chain_logs(now=NOW)
    assert verified(kept=kept)[7].findings == []
    tamper("UPDATE compliance_access SET purpose = 'nicer' WHERE id = %s", rows[1])
    ChainLink.objects.all().delete()
    chain_logs(now=NOW)
    assert findings() == []
    assert verified(kept=kept)[7].findings == [Finding("written anew", None, 3)]


def test_a_chain_that_was_removed_with_all_its_rows_is_told_by_its_kept_head():
    write(3, 7), write(2, 8)
    chain_logs(now=NOW)
    kept = list(heads.heads())
    tamper("DELETE FROM compliance_access WHERE storefront_id = 7")
    tamper("DELETE FROM compliance_chainlink WHERE storefront_id = 7")
    assert findings() == []
    found = verified(kept=kept)
    assert {id: chain.findings for id, chain in found.items()} == {
        7: [Finding("cut off", None, 3)],
        8: [],
    }
    assert list(verified(kept=kept, storefront_id=8)) == [8]


def test_what_the_law_no_longer_keeps_may_be_missing_and_nothing_younger():
    rows = write(3)
    chain_logs(now=NOW)
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[0])
    three_years = NOW.replace(year=2029)
    assert findings(three_years) == [Finding("removed", rows[0], 1)]
    assert findings(three_years + timedelta(microseconds=1)) == []


def chain_of(rows: int) -> list[int]:
    """One row after the other, each chained a second after the one before."""
    made = []
    for n in range(rows):
        made += write(1)
        chain_logs(now=NOW + timedelta(seconds=n))
    return made


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
AS_IF_OLD = "UPDATE compliance_chainlink SET chained_at = %s, row_at = %s WHERE row_id = %s"
HASHED = (
    "UPDATE compliance_chainlink SET hash = sha256(prev || digest || int8send(row_id)"
    " || timestamptz_send(row_at) || timestamptz_send(chained_at)) WHERE row_id = %s"
)


def test_a_row_whose_link_was_dated_back_so_that_it_may_go_is_found():
    rows = chain_of(4)
    tamper(AS_IF_OLD, LONG_AGO, LONG_AGO, rows[2])
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[2])
    assert findings() == [Finding("link changed", rows[2], 3), Finding("dated back", rows[2], 3)]


def test_a_link_that_was_dated_back_and_hashed_anew_lies_before_its_neighbour_and_the_next_has_no_hold():
    rows = chain_of(4)
    tamper(AS_IF_OLD, LONG_AGO, LONG_AGO, rows[2])
    tamper(HASHED, rows[2])
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[2])
    assert findings() == [Finding("dated back", rows[2], 3), Finding("torn", rows[3], 4)]


def test_the_first_link_dated_back_and_hashed_anew_leaves_the_next_without_a_hold():
    rows = chain_of(3)
    tamper(AS_IF_OLD, LONG_AGO, LONG_AGO, rows[0])
    tamper(HASHED, rows[0])
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[0])
    assert findings() == [Finding("torn", rows[1], 2)]


@pytest.mark.parametrize("column", ["row_at", "chained_at"])
def test_one_of_a_links_two_instants_alone_does_not_make_its_row_old(column):
    rows = chain_of(1)
    tamper(f"UPDATE compliance_chainlink SET {column} = %s WHERE row_id = %s", LONG_AGO, rows[0])
    tamper(HASHED, rows[0])
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[0])
    assert findings() == [Finding("removed", rows[0], 1)]


def test_a_row_that_was_written_as_if_it_were_old_may_not_go_the_next_day():
    row = Access.objects.create(
        storefront_id=7, who="op:3", what="t.f", ref="1", purpose="old", at=NOW - timedelta(days=4 * 365)
    )
    chain_logs(now=NOW)
    assert findings() == []
    tamper("DELETE FROM compliance_access WHERE id = %s", row.pk)
    assert findings() == [Finding("removed", row.pk, 1)]


def test_a_row_that_came_late_may_go_when_its_own_day_has_come():
    rows = write(1)
    early = NOW - timedelta(days=29)
    tamper("UPDATE compliance_access SET at = %s", early)
    chain_logs(now=NOW)
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[0])
    assert findings(early.replace(year=2029)) == [Finding("removed", rows[0], 1)]
    assert findings(early.replace(year=2029) + timedelta(seconds=1)) == []


@pytest.mark.parametrize("column", ["digest", "hash", "prev"])
def test_a_changed_link_is_found_though_its_row_has_lawfully_gone(column):
    rows = chain_of(3)
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[1])
    late = NOW.replace(year=2030)
    assert findings(late) == []
    tamper(f"UPDATE compliance_chainlink SET {column} = sha256('x') WHERE row_id = %s", rows[1])
    assert Finding("link changed", rows[1], 2) in findings(late)


def test_a_link_that_tells_another_instant_of_its_row_is_found():
    rows = chain_of(2)
    tamper("UPDATE compliance_chainlink SET row_at = %s WHERE row_id = %s", LONG_AGO, rows[1])
    tamper(HASHED, rows[1])
    assert findings() == [Finding("changed", rows[1], 2)]


def test_links_that_moved_up_into_the_place_of_one_that_was_taken_out_are_found():
    rows = chain_of(4)
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[1])
    tamper("DELETE FROM compliance_chainlink WHERE row_id = %s", rows[1])
    tamper("UPDATE compliance_chainlink SET position = position - 1 WHERE position = 3")
    tamper("UPDATE compliance_chainlink SET position = position - 1 WHERE position = 4")
    assert findings() == [Finding("torn", rows[2], 2)]


def test_a_clock_that_goes_back_does_not_date_a_link_back():
    write(1)
    chain_logs(now=LATER)
    write(1)
    chain_logs(now=NOW)
    instants = ChainLink.objects.order_by("position").values_list("chained_at", flat=True)
    assert list(instants) == [LATER, LATER]
    assert findings() == []


def test_a_stretch_goes_on_where_the_one_before_it_ended(monkeypatch):
    monkeypatch.setattr(audit, "BATCH", 2)
    rows = chain_of(5)
    assert (verified()[7].rows, findings()) == (5, [])
    tamper(AS_IF_OLD, LONG_AGO, LONG_AGO, rows[2])  # the first of the second stretch
    tamper(HASHED, rows[2])
    assert findings() == [
        Finding("dated back", rows[2], 3),
        Finding("changed", rows[2], 3),
        Finding("torn", rows[3], 4),
    ]


def test_a_worker_that_dies_half_way_leaves_nothing_and_the_next_one_chains_all(monkeypatch):
    write(5)
    calls = []

    def dies(prev: bytes, *_: object) -> bytes:
        calls.append(prev)
        raise MemoryError

    monkeypatch.setattr(chaining, "link", dies)
    with pytest.raises(MemoryError):
        chain_logs(now=NOW)
    monkeypatch.undo()
    assert calls and not ChainLink.objects.exists()
    assert ends(chain_logs(now=NOW)) == {7: 5}
    assert (verified()[7].rows, findings()) == (5, [])


def command(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture(autouse=True)
def kept_in(settings, tmp_path):
    settings.AUDIT_HEADS = tmp_path / "kept" / "heads"


def test_the_command_tells_and_its_exit_status_says_whether_all_is_well(tmp_path):
    rows = write(3)
    chain_logs(now=NOW)
    Access.objects.create(
        storefront_id=7, who="op:3", what="t.f", ref="9", purpose="just now", at=datetime.now(UTC)
    )
    assert command("verify", "--without-heads") == ["access of storefront 7: 3 rows chained, 1 not yet"]
    head = command("head", "--storefront", "7")
    assert json.loads(head[0]) == {
        "log": "access",
        "storefront_id": 7,
        "position": 3,
        "hash": bytes(ChainLink.objects.get(position=3).hash).hex(),
    }
    (tmp_path / "head").write_text("\n".join(head))
    assert command("verify", "--head", str(tmp_path / "head"))[1:] == [
        "heads compared: 1, the last of 2026-11-23 04:00:00+00:00"
    ]
    tamper("UPDATE compliance_access SET who = 'nobody' WHERE id = %s", rows[0])
    out = StringIO()
    with pytest.raises(CommandError, match="1 found"):
        call_command("audit", "verify", "--storefront", "7", stdout=out)
    assert f"access of storefront 7: changed at 1, row {rows[0]}" in out.getvalue().splitlines()
    (tmp_path / "head").write_text("{}")
    with pytest.raises(CommandError, match="not what `audit head` prints"):
        command("verify", "--head", str(tmp_path / "head"))


def test_a_storefront_without_rows_and_a_head_that_cannot_be_read_are_said(tmp_path):
    write(1, 7)
    with pytest.raises(CommandError, match="storefront 99 has nothing in any log"):
        call_command("audit", "verify", "--storefront", "99", stdout=StringIO())
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("audit", "verify", "--head", str(tmp_path / "nope"), stdout=StringIO())
    (tmp_path / "head").write_bytes("{}".encode("utf-16"))
    with pytest.raises(CommandError, match="not what `audit head` prints"):
        call_command("audit", "verify", "--head", str(tmp_path / "head"), stdout=StringIO())
