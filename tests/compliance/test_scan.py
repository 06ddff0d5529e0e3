"""The scanner finds a plain value wherever it was put, in any spelling, and shows it to nobody."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from io import StringIO
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance import vault
from compliance.spellings import plain
from kernel import events
from kernel.models import Case, Receipt
from tests import make
from tests.operators.rows import fill

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NAME, PHONE, NUMBER = "欧阳晓雯", "13912345678", "110105194912310038"
VALUES = f"{NAME}\n{PHONE}\n{NUMBER}\n"


@pytest.fixture
def scan(settings, tmp_path, monkeypatch, redis):
    """Runs the command on what stands on stdin; the lines it says, and its refusal or None."""
    settings.SCAN_FOLDERS = [tmp_path]

    def run(text: str = VALUES, *arguments: str) -> tuple[list[str], CommandError | None]:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        out, refusal = StringIO(), None
        try:
            call_command("vault", "scan", *arguments, stdout=out)
        except CommandError as raised:
            refusal = raised
        lines = out.getvalue().splitlines()
        for value in (NAME, PHONE, NUMBER):
            assert value not in out.getvalue() + str(refusal)
        return lines, refusal

    return run


def spelled(value: str) -> dict[str, str]:
    """The usual ways of writing a value into a text."""
    return {
        "as it is": f"told by {value}.",
        "spaced": " ".join(value),
        "with hyphens": "-".join((value[:3], value[3:7], value[7:])),
        "in small letters": value.lower(),
        "JSON": json.dumps({"a": value}),
        "JSON in JSON": json.dumps(json.dumps({"a": value})),
        "URL": quote(f"/a?name={value}"),
        "hex": value.encode().hex().upper(),
        "base64": base64.b64encode(value.encode()).decode(),
        "base64 after one byte": base64.b64encode(f"x{value}yz".encode()).decode(),
        "base64 after two bytes": base64.b64encode(f"xy{value}z".encode()).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(f"{{{value}}}".encode()).decode(),
    }


IN_BYTES = {"as it is", "in small letters", "JSON", *(how for how in spelled("") if how.startswith("base64"))}


@pytest.mark.parametrize("value", [NAME, PHONE, NUMBER, "11010519491231002X", "张三", "Jean Dupont"])
def test_every_usual_spelling_is_met_in_text_and_in_bytes(value):
    wanted = plain(value)
    for how, text in spelled(value).items():
        assert wanted.is_in(text), how
        assert wanted.is_in_bytes(text.encode()), how
        if how in IN_BYTES:
            assert wanted.is_in("\\x" + text.encode().hex()), f"{how}, in a column of bytes"
    assert wanted.is_in_bytes(value.encode("gb18030"))


@pytest.mark.parametrize(
    "value", ["+86 139-1234-5678", "008613912345678", " 139 1234 5678 ", "１３９１２３４５６７８"]
)
def test_a_phone_is_looked_for_however_it_was_given(value):
    assert plain(value) == plain(PHONE)


def test_another_value_is_not_met():
    for value in (NAME, PHONE, NUMBER):
        wanted = plain(value)
        for other in (
            "欧阳小雯",
            "13912345778",
            "110105194912320038",
            "",
            base64.b64encode(bytes(9999)).decode(),
        ):
            for text in spelled(other).values():
                assert not wanted.is_in(text) and not wanted.is_in_bytes(text.encode())


@pytest.mark.parametrize("value", ["张", "Li", "1234", ""])
def test_what_is_too_short_to_be_told_apart_is_refused(value):
    with pytest.raises(ValueError, match="too short"):
        plain(value)


def test_a_value_is_not_shown_by_what_looks_for_it():
    assert NAME not in repr(plain(NAME)) and PHONE not in repr(plain(PHONE))


@pytest.mark.django_db
def test_a_house_in_which_nothing_lies_about_is_told_clean(scan):
    fill(make.world())
    lines, refusal = scan()
    assert refusal is None
    assert len(lines) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert lines[0].startswith(f"searched {cursor.fetchone()[0]} tables, ")


@pytest.mark.django_db
def test_it_is_found_in_a_table_an_event_and_bytes_by_column_and_row(scan):
    events.record(storefront_id=7, name="a.b", key="a:1", facts={"deep": [{"who": f"Mr {NAME}"}]}, now=NOW)
    case = Case.objects.create(kind="stray", key="1", title=f"call {PHONE[:3]} {PHONE[3:]}", opened_at=NOW)
    receipt = Receipt.objects.create(
        source="s",
        key="1",
        fingerprint=b"f",
        status=200,
        body=json.dumps({"n": NUMBER, "w": NAME}).encode(),
        at=NOW,
    )
    lines, refusal = scan()
    assert refusal is not None and refusal.returncode == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM kernel_event WHERE key = 'a:1'")
        event_id = cursor.fetchone()[0]
    assert lines[:-1] == [
        f"table public.kernel_case column title, row {case.pk}: 139****5678",
        f"table public.kernel_event column facts, row {event_id}: 欧*",
        f"table public.kernel_receipt column body, row {receipt.pk}: 欧*",
        f"table public.kernel_receipt column body, row {receipt.pk}: 110105********0038",
    ]


@pytest.mark.django_db
def test_a_table_nobody_declared_is_searched_too_whatever_its_columns(scan):
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "Left over" (number bigint, many text[], "Note" jsonb)')
        cursor.execute('INSERT INTO "Left over" SELECT n, NULL, NULL FROM generate_series(1, 200000) n')
        cursor.execute(
            'INSERT INTO "Left over" VALUES (%s, %s, %s)', [int(PHONE), [NAME], json.dumps({"n": NUMBER})]
        )
    lines, refusal = scan()
    assert refusal is not None
    assert sorted(lines[:-1]) == [
        'table public."Left over" column Note, row ?: 110105********0038',
        'table public."Left over" column many, row ?: 欧*',
        'table public."Left over" column number, row ?: 139****5678',
    ]


@pytest.mark.django_db
def test_it_is_found_in_a_log_a_packed_log_an_archive_and_a_stored_file(scan, tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "web.log").write_text(json.dumps({"event": f"hello {NAME}"}) + "\n")
    (tmp_path / "log" / "big.log").write_bytes(b"x" * ((4 << 20) - 5) + PHONE.encode() + b"y" * 100)
    with gzip.open(tmp_path / "log" / "old.log.gz", "wb") as packed:
        packed.write(NUMBER.encode())
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", json.dumps({"name": NAME}))
    (tmp_path / f"{PHONE}.txt").write_text("nothing")
    lines, refusal = scan()
    assert refusal is not None
    assert sorted(lines[:-1]) == [
        f"file {tmp_path}/export.zip: 欧*",
        f"file {tmp_path}/log/big.log: 139****5678",
        f"file {tmp_path}/log/old.log.gz: 110105********0038",
        f"file {tmp_path}/log/web.log: 欧*",
        f"file in {tmp_path}: 139****5678",
    ]
    assert lines[-1].endswith("5 files")


@pytest.mark.django_db
def test_it_is_found_in_every_kind_of_thing_that_redis_holds(scan, redis):
    db = redis.get_connection_kwargs()["db"]
    redis.set("s:1", f"a{PHONE}")
    redis.lpush("celery", json.dumps({"body": base64.b64encode(json.dumps([[NAME], {}]).encode()).decode()}))
    redis.hset("h:1", "field", NUMBER)
    redis.sadd("set:1", NAME)
    redis.zadd("z:1", {PHONE: 1})
    redis.xadd("x:1", {"a": NUMBER})
    redis.set(f"{PHONE}:throttle", 1)
    lines, refusal = scan()
    assert refusal is not None
    found = sorted(line for line in lines if line.startswith("redis"))
    assert found == [
        f"redis db{db} hash h…: 110105********0038",
        f"redis db{db} list celery…: 欧*",
        f"redis db{db} set set…: 欧*",
        f"redis db{db} stream x…: 110105********0038",
        f"redis db{db} string s…: 139****5678",
        f"redis db{db} string …: 139****5678",
        f"redis db{db} zset z…: 139****5678",
    ]


@pytest.mark.django_db
def test_after_a_key_is_destroyed_nothing_of_the_person_is_found_anywhere(scan):
    world = make.world()
    fill(world)
    vault.destroy_key(key_id=world.alice.subject.key_id, now=NOW)
    alice = f"{make.NAMES[make.ALICE]}\n{make.PHONES[make.ALICE]}\n{make.NUMBERS[make.ALICE]}\n"
    lines, refusal = scan(alice)
    assert refusal is None and len(lines) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "张\n"])
def test_without_a_value_nothing_is_searched_and_the_status_is_another_one(scan, text):
    lines, refusal = scan(text)
    assert refusal is not None and refusal.returncode == 2
    assert lines == []


def test_a_folder_that_is_not_there_is_no_clean_bill(scan, tmp_path):
    lines, refusal = scan(VALUES, "--folder", str(tmp_path / "nowhere"))
    assert refusal is not None and refusal.returncode == 2
    assert lines == []
