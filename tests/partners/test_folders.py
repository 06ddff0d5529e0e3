"""Files in a partner's folder are done once, answered and moved; nothing in it leads out of it."""

from __future__ import annotations

import os

import pytest

from backend import delivery
from inventory.models import Lot
from kernel.models import Case, Job
from partner_api import folders
from partners.gateways import folder
from partners.models import Partner
from partners.services import accounts, jobs
from tests import make
from tests.partner_api.test_files import RECEIPT, sheet
from tests.partners.calling import partner

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def wms(world):
    return partner(world.shop)


@pytest.fixture
def home(world, wms, tmp_path, settings, monkeypatch):
    """The partner's folder, in which what was just written is whole."""
    monkeypatch.setattr(folder, "WRITTEN_AFTER", 0)
    settings.PARTNER_FOLDERS = str(tmp_path)
    home = tmp_path / world.shop.code / str(wms.public_id)
    (home / "in").mkdir(parents=True)
    return home


def look(times=1):
    for _ in range(times):
        folders.look(now=make.present())
        delivery.drain()
    folders.look(now=make.present())


def lies(home, *names):
    return {name: sorted(one.name for one in (home / name).glob("*")) for name in names}


def told(home, name):
    return (home / "out" / f"{name}.result.csv").read_bytes().decode("utf-8-sig").splitlines()[1:]


def lines(world, *pieces):
    place = world.warehouse.code
    return sheet(RECEIPT, *((place, "G-1", "HD-1", f"F-{n}", n, "", "") for n in pieces))


def test_a_file_is_done_once_whoever_dies_between_answered_and_moved(home, world, monkeypatch):
    content = lines(world, 4)
    (home / "in" / "receipts-1.csv").write_bytes(content)
    (home / "in" / "receipts-2.csv.part").write_bytes(content)
    (home / "in" / ".receipts-3.csv").write_bytes(content)
    folders.look(now=make.present())
    folders.look(now=make.present())  # it is queued once
    assert (Job.objects.get().state, lies(home, "in")["in"]) == (
        "queued",
        [".receipts-3.csv", "receipts-1.csv", "receipts-2.csv.part"],
    )
    delivery.drain()
    move, answer = folder.Box.move, folder.Box.answer

    def dies(*args):
        raise KeyboardInterrupt

    for name in ("answer", "move"):
        monkeypatch.setattr(folder.Box, name, dies)
        with pytest.raises(KeyboardInterrupt):
            folders.look(now=make.present())
        monkeypatch.setattr(folder.Box, name, {"answer": answer, "move": move}[name])
    look()
    assert told(home, "receipts-1.csv") == ["2,HD-1,taken,,"]
    assert lies(home, "done", "refused", "out") == {
        "done": ["receipts-1.csv"],
        "refused": [],
        "out": ["receipts-1.csv.result.csv"],
    }
    assert (Lot.objects.get(code="F-4").on_hand, Job.objects.count()) == (4, 1)
    # the same content again, whatever it is called, changes nothing and is told so
    for name in ("receipts-1.csv", "receipts-again.csv"):
        (home / "in" / name).write_bytes(content)
        look()
        assert told(home, name)[0].startswith("0,,refused,This very file was taken before")
    assert lies(home, "refused")["refused"] == ["receipts-1.csv", "receipts-again.csv"]
    assert (Lot.objects.get(code="F-4").on_hand, Job.objects.count()) == (4, 1)
    (home / "in" / "receipts-2.csv.part").rename(home / "in" / "receipts-1.csv")
    (home / "in" / "receipts-1.csv").write_bytes(lines(world, 7, 8).replace(b"HD-1", b"NONE", 1))
    look()
    assert told(home, "receipts-1.csv")[1].startswith('3,HD-1,refused,"goes with row 2')
    kept = lies(home, "refused")["refused"]
    assert len(kept) == 3 and kept[0].endswith("-receipts-1.csv")  # beside the other of its name


def test_what_is_hostile_is_refused_and_nothing_leads_out_of_the_folder(home, world, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "MOST_BYTES", 2_000)
    secret = tmp_path / "secret.csv"
    secret.write_bytes(lines(world, 9))
    into = home / "in"
    (into / "receipts-link.csv").symlink_to(secret)
    os.link(secret, into / "receipts-hard.csv")
    os.mkfifo(into / "receipts-pipe.csv")
    (into / "receipts-folder.csv").mkdir()
    (into / "receipts-huge.csv").write_bytes(b"x" * 2_001)
    (into / "receipts-empty.csv").write_bytes(b"")
    (into / "shipments.exe").write_bytes(b"x")
    (into / "receipts-\n=cmd|'.csv").write_bytes(b"x")
    (into / ("长" * 80)).write_bytes(b"x")
    (into / "catalogue-1.csv").write_bytes(b"sku,price\nHD-1,1.00\n")  # a warehouse may not
    os.mkfifo(into / os.fsdecode(b"receipts-\xff.csv"))
    look()
    assert lies(home, "in", "done") == {"in": ["receipts-folder.csv"], "done": []}
    assert len(lies(home, "refused")["refused"]) == len(lies(home, "out")["out"]) == 10
    for name, why in (
        ("receipts-link.csv", "not a plain file"),
        ("receipts-hard.csv", "not a plain file"),
        ("receipts-pipe.csv", "not a plain file"),
        ("receipts-huge.csv", "larger than 16 MB"),
        ("receipts-empty.csv", "The file is empty."),
        ("catalogue-1.csv", "Such a file needs the scope catalogue:write"),
    ):
        assert why in told(home, name)[0], name
    assert not Job.objects.exists() and secret.read_bytes() == lines(world, 9)

    def lay():
        (into / "receipts-5.csv").write_bytes(lines(world, 5))

    lay()
    (home / "out").rename(home / "elsewhere")
    (home / "out").symlink_to(tmp_path)
    look()
    case = Case.objects.get(kind=folders.FAILING, state="open")
    assert not list(tmp_path.glob("*.result.csv"))
    (home / "out").unlink()
    look()
    case.refresh_from_db()
    assert (case.state, told(home, "receipts-5.csv")) == ("settled", ["2,HD-1,taken,,"])
    into.rename(home / "was")
    into.symlink_to(home / "was")
    lay()
    look()
    assert lies(home, "was")["was"] == ["receipts-5.csv", "receipts-folder.csv"]


def test_what_is_still_written_waits_and_who_may_no_more_is_not_looked_at(home, world, wms, monkeypatch):
    (home / "in" / "counts-1.csv").write_bytes(b"x")
    monkeypatch.setattr(folder, "WRITTEN_AFTER", 60)
    look()
    assert lies(home, "in")["in"] == ["counts-1.csv"]
    monkeypatch.setattr(folder, "WRITTEN_AFTER", 0)
    Partner.objects.update(state="suspended")
    look()
    assert not Job.objects.exists()
    Partner.objects.update(state="active")
    monkeypatch.setattr(jobs, "MOST_WAITING", 0)
    look()
    assert not Job.objects.exists()  # it waits for its turn
    monkeypatch.setattr(jobs, "MOST_WAITING", 1)
    folders.look(now=make.present())
    accounts.connect(partner=wms, storefront=world.shop, scopes=["stock:read"], by="o", now=make.present())
    look()
    assert told(home, "counts-1.csv")[0].startswith("0,,refused,The storefront has taken back")
    assert lies(home, "refused")["refused"] == ["counts-1.csv"]
