"""One of each message is written of real orders, readable, and valid under the official schema.

`CUSTOMS_SAMPLES` names a folder in which they are left for whoever checks them afterwards.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance.models import Access
from customs.ceb.message import demand
from customs.ceb.read import parse, read
from customs.ceb.tables import shapes
from customs.signing.envelope import is_signed
from tests.customs import port as ports
from tests.customs.port import Port, declaration
from tests.customs.test_declaring import port, ready  # noqa: F401 -- fixtures
from tests.customs.test_taxes import sheet, status, taken
from tests.customs.test_undoing import released, returned

pytestmark = pytest.mark.django_db(transaction=True)
VALIDATOR = Path(__file__).resolve().parents[3] / "shared" / "customs" / "validate.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(os.environ.get("CUSTOMS_SAMPLES") or tmp_path / "samples")


def written(folder: Path, capsys) -> dict[str, str]:
    call_command("customs", "samples", str(folder))
    lines = capsys.readouterr().out.splitlines()[:-1]
    return {Path(path).stem: source for path, source in (line.split() for line in lines)}


def test_one_of_each_message_is_written_of_real_orders_and_holds(port: Port, ready, folder, capsys):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    taken(at, sheet(order, at))
    taken(at, status(at, "2", duty_no="3105202612L0000001"))
    returned(order, at, {"HD-1": 1})
    ports.go_on(at, 2)
    before = Access.objects.count()
    sources = written(folder, capsys)
    assert sources.keys() == shapes().keys()
    assert {name for name, source in sources.items() if source == "told"} == {
        "CEB311Message",
        "CEB621Message",
        "CEB625Message",
    }
    assert {name for name, source in sources.items() if source == "answered"} == {
        "CEB312Message",
        "CEB512Message",
        "CEB622Message",
        "CEB816Message",
        "CEB818Message",
    }
    for name, shape in shapes().items():
        raw = (folder / f"{name}.xml").read_bytes()
        message = read(raw)
        demand(message)
        assert message.name == name
        assert is_signed(parse(raw)) == (shape.signature != "no")
        assert stat.S_IMODE((folder / f"{name}.xml").stat().st_mode) == 0o600
    assert (folder / "CEB621Message.xml").read_bytes() in port.sent
    seen = Access.objects.order_by("id").values_list("who", "purpose")[before:]
    assert {(who.split(":")[0], why) for who, why in seen} == {("shell", "write samples of customs messages")}
    assert len(seen) == 13
    if VALIDATOR.exists():
        done = subprocess.run(
            [sys.executable, str(VALIDATOR), str(folder)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "19 valid, 0 not"), done.stdout


def test_without_a_cleared_order_it_says_what_to_do(ready, tmp_path):  # noqa: F811
    with pytest.raises(CommandError, match="let one clear"):
        call_command("customs", "samples", str(tmp_path / "samples"))
    assert list((tmp_path / "samples").iterdir()) == []


def test_a_folder_with_anything_in_it_is_left_alone(port: Port, ready, tmp_path):  # noqa: F811
    order, at = ready
    released(port, order, at)
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(CommandError, match="not empty"):
        call_command("customs", "samples", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_order_s_own_facts_are_in_what_others_sign(port: Port, ready, tmp_path, capsys):  # noqa: F811
    order, at = ready
    released(port, order, at)
    written(tmp_path / "s", capsys)
    told = {name: read((tmp_path / "s" / f"{name}.xml").read_bytes()).documents[0] for name in shapes()}
    listed, row = told["CEB621Message"].head, declaration(order)
    assert told["CEB411Message"].head["payTransactionId"] == order.transaction_id
    assert told["CEB411Message"].head["amountPaid"] == told["CEB311Message"].head["acturalPaid"]
    assert told["CEB511Message"].head["logisticsNo"] == listed["logisticsNo"]
    assert told["CEB623Message"].head["invtNo"] == row.list_no
    assert [dict(line) for line in told["CEB711Message"].lines] == [
        {"gnum": 1, "logisticsNo": listed["logisticsNo"]}
    ]
