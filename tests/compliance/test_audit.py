"""What someone with every right changes in a log is found: changed, removed, put in, moved, or cut off."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance import audit
from compliance.audit import Finding
from compliance.models import Access, ChainLink
from compliance.services import chain as chaining
from compliance.services.chain import chain_logs
from compliance.tasks import keep_heads

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
        cursor.execute("ALTER TABLE compliance_access DISABLE TRIGGER USER")
        cursor.execute(statement, parameters)
        assert cursor.rowcount
        cursor.execute("ALTER TABLE compliance_access ENABLE TRIGGER USER")


def verified(now: datetime = LATER, **wanted: object) -> dict[int, audit.Chain]:
    return {chain.storefront_id: chain for chain in audit.verify(now=now, **wanted)}


def findings(now: datetime = LATER) -> list[Finding]:
    return [finding for chain in verified(now).values() for finding in chain.findings]


def test_each_storefront_has_a_chain_of_its_own_and_rows_of_none_have_one_too():
    write(3, 7), write(2, 8), write(1, None)
    assert chain_logs(now=NOW) == 6
    assert chain_logs(now=NOW) == 0
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
    assert [chain_logs(now=NOW) for _ in range(3)] == [4, 2, 0]
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
    assert chain_logs(now=LATER) == 0
    assert findings() == [Finding("inserted", rows[2] + 500, None)]
    assert verified()[7].tail == 0


def test_a_row_that_was_committed_late_is_chained_all_the_same():
    rows = write(3)
    tamper("UPDATE compliance_access SET id = id + 1000 WHERE id = %s", rows[2])
    chain_logs(now=NOW)
    late = Access(pk=rows[2], storefront_id=7, who="op:3", what="t.f", ref="1", purpose="slow", at=NOW)
    late.save(force_insert=True)
    assert chain_logs(now=NOW + timedelta(minutes=2)) == 1
    assert (verified()[7].rows, findings()) == (4, [])


def test_a_chain_that_was_written_anew_is_told_by_a_head_kept_elsewhere():
    rows = write(3)
    chain_logs(now=NOW)
    kept = list(audit.heads())
    assert [(head.log, head.storefront_id, head.position) for head in kept] == [("access", 7, 3)]
    write(1)
    chain_logs(now=NOW)
    assert verified(kept=kept)[7].findings == []
    tamper("UPDATE compliance_access SET purpose = 'nicer' WHERE id = %s", rows[1])
    ChainLink.objects.all().delete()
    chain_logs(now=NOW)
    assert findings() == []
    assert verified(kept=kept)[7].findings == [Finding("not the kept head", None, 3)]


def test_a_chain_that_was_removed_with_all_its_rows_is_told_by_its_kept_head():
    write(3, 7), write(2, 8)
    chain_logs(now=NOW)
    kept = list(audit.heads())
    tamper("DELETE FROM compliance_access WHERE storefront_id = 7")
    tamper("DELETE FROM compliance_chainlink WHERE storefront_id = 7")
    assert findings() == []
    found = verified(kept=kept)
    assert {id: chain.findings for id, chain in found.items()} == {
        7: [Finding("not the kept head", None, 3)],
        8: [],
    }
    assert list(verified(kept=kept, storefront_id=8)) == [8]


def test_what_the_law_no_longer_keeps_may_be_missing_and_nothing_younger():
    rows = write(3)
    chain_logs(now=NOW)
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[0])
    assert findings(NOW + timedelta(days=3 * 365)) == [Finding("removed", rows[0], 1)]
    assert findings(NOW + timedelta(days=3 * 365, seconds=1)) == []


def test_a_worker_that_dies_half_way_leaves_nothing_and_the_next_one_chains_all(monkeypatch):
    write(5)
    calls = []

    def dies(prev: bytes, digest: bytes) -> bytes:
        calls.append(prev)
        raise MemoryError

    monkeypatch.setattr(chaining, "link", dies)
    with pytest.raises(MemoryError):
        chain_logs(now=NOW)
    monkeypatch.undo()
    assert calls and not ChainLink.objects.exists()
    assert chain_logs(now=NOW) == 5
    assert (verified()[7].rows, findings()) == (5, [])


def command(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture(autouse=True)
def kept_in(settings, tmp_path):
    settings.AUDIT_HEADS = tmp_path / "kept" / "heads"
    return settings.AUDIT_HEADS


def test_a_worker_keeps_the_heads_and_the_command_compares_with_them_by_itself(kept_in):
    rows = write(3)
    chain_logs(now=NOW)
    keep_heads()
    keep_heads()  # nothing has moved
    assert kept_in.read_text().splitlines() == command("head")
    tamper("DELETE FROM compliance_access WHERE id = %s", rows[2])
    tamper("DELETE FROM compliance_chainlink WHERE row_id = %s", rows[2])
    assert findings() == []
    out = StringIO()
    with pytest.raises(CommandError, match="1 found"):
        call_command("audit", "verify", stdout=out)
    assert "access of storefront 7: not the kept head at 3" in out.getvalue().splitlines()


def test_the_command_tells_and_its_exit_status_says_whether_all_is_well(tmp_path):
    rows = write(3)
    chain_logs(now=NOW)
    Access.objects.create(
        storefront_id=7, who="op:3", what="t.f", ref="9", purpose="just now", at=datetime.now(UTC)
    )
    assert command("verify") == ["access of storefront 7: 3 rows chained, 1 not yet"]
    head = command("head", "--storefront", "7")
    assert json.loads(head[0]) == {
        "log": "access",
        "storefront_id": 7,
        "position": 3,
        "hash": bytes(ChainLink.objects.get(position=3).hash).hex(),
    }
    (tmp_path / "head").write_text("\n".join(head))
    assert len(command("verify", "--head", str(tmp_path / "head"))) == 1
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
