"""A copy is made once, sealed at rest, handed over once; a worker that dies costs a minute, nothing more."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from backend import delivery
from compliance import vault
from customers.models import Export
from customers.services import exports
from customers.services.account import AnotherWechat
from customers.services.exports import Gone, NotReady, ask_export, fetch
from kernel.errors import Missing
from kernel.models import Event, File, Job
from tests import make
from wechat.login import LoginSession

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> make.World:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(
        "customers.services.account.code_to_session",
        lambda app, code, base_url: LoginSession(openid=f"o-maison-{code}", unionid=None, session_key="x"),
    )
    return make.world()


def ask(world: make.World) -> exports.Asked:
    return ask_export(customer=world.alice, js_code=make.ALICE, now=make.present())


def unpacked(content: bytes) -> tuple[dict[str, Any], str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["data.json", "index.html"]
        return json.loads(archive.read("data.json")), archive.read("index.html").decode()


class Outside(HTMLParser):
    """Everything that a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag for _ in range(tag in {"script", "link", "img", "iframe"})]
        self.found += [f"{k}={v}" for k, v in attrs if k in {"src", "href"} and not (v or "").startswith("#")]


def test_the_copy_holds_everything_in_plain_for_machines_and_for_people(world: make.World) -> None:
    order = make.order(world.alice, ("HD-1", 2))
    asked = ask(world)
    assert delivery.drain() >= 1
    told, page = unpacked(fetch(secret=asked.secret, now=make.present()))
    rows = {one["code"]: one["rows"] for one in told["categories"]}
    assert rows["identity"][0]["number"] == make.NUMBERS[make.ALICE]
    assert rows["addresses"][0]["street"] == "世纪大道 1 号"
    assert rows["profile"][0]["openid"] == "o-maison-alice"
    assert rows["orders"][0]["number"] == order.number
    assert rows["orders"][0]["consignee_phone"] == make.PHONES[make.ALICE]
    assert rows["order_lines"] == [
        {
            "number": order.number,
            "sku": "HD-1",
            "name": "吹风机 HD-1",
            "quantity": 2,
            "price_fen": 10_000,
            "goods_fen": 20_000,
        }
    ]
    for text in (make.NUMBERS[make.ALICE], "世纪大道 1 号", order.number, "200.00", "Addresses", "收货地址"):
        assert text in page
    outside = Outside()
    outside.feed(page)
    assert outside.found == []  # it opens offline
    assert "http" not in page


def test_what_a_consumer_wrote_cannot_run_in_the_page(world: make.World) -> None:
    make.address(world.alice, street="<script>alert(1)</script>")
    asked = ask(world)
    delivery.drain()
    _, page = unpacked(fetch(secret=asked.secret, now=make.present()))
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page


def test_the_file_is_sealed_at_rest_and_gone_after_it_was_fetched(world: make.World, tmp_path: Any) -> None:
    asked = ask(world)
    delivery.drain()
    (stored,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert b"PK" not in stored.read_bytes()[:4]
    assert File.objects.get().sealed is True
    fetch(secret=asked.secret, now=make.present())
    with pytest.raises(Gone):
        fetch(secret=asked.secret, now=make.present())
    assert not stored.exists() and not File.objects.exists()
    assert Export.objects.get().fetched_at is not None


def test_before_it_is_made_it_is_not_ready_and_after_its_days_it_is_gone(world: make.World) -> None:
    asked = ask(world)
    with pytest.raises(NotReady):
        fetch(secret=asked.secret, now=make.present())
    delivery.drain()
    with pytest.raises(Gone):
        fetch(secret=asked.secret, now=make.present() + timedelta(days=3, seconds=1))
    with pytest.raises(Missing):
        fetch(secret="another", now=make.present())
    assert fetch(secret=asked.secret, now=make.present())


def test_asking_again_drops_the_copy_before_and_its_link(world: make.World) -> None:
    first = ask(world)
    delivery.drain()
    second = ask(world)
    delivery.drain()
    with pytest.raises(Missing):
        fetch(secret=first.secret, now=make.present())
    assert fetch(secret=second.secret, now=make.present())
    assert Job.objects.filter(kind=exports.KIND, state="done").count() == 2


def test_the_code_of_another_wechat_gets_no_copy(world: make.World) -> None:
    with pytest.raises(AnotherWechat):
        ask_export(customer=world.alice, js_code=make.BOB, now=make.present())
    assert not Export.objects.exists() and not Job.objects.exists()
    assert not Event.objects.filter(name="export.asked").exists()


def test_a_worker_that_dies_half_way_leaves_nothing_and_the_next_one_makes_the_copy(
    world: make.World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    ask(world)

    def killed(*_: Any) -> bytes:
        raise SystemExit  # no handler catches it: as when the process is killed

    monkeypatch.setattr("customers.services.exports.copy.as_zip", killed)
    with pytest.raises(SystemExit):
        delivery.drain()
    assert (Job.objects.get().state, Export.objects.get().file) == ("running", None)
    assert list(tmp_path.rglob("files/*")) == []
    monkeypatch.undo()
    assert delivery.drain() == 0  # the lease of the dead worker still holds
    later = make.present() + timedelta(minutes=2)
    assert delivery.drain(now=later) == 1
    assert Job.objects.get().state == "done"


def test_prepared_twice_is_one_copy(world: make.World) -> None:
    ask(world)
    event = Event.objects.get(name="export.asked")
    exports.prepare(event)
    file = Export.objects.get().file
    exports.prepare(event)
    assert Export.objects.get().file == file
    assert File.objects.count() == 1


def test_a_copy_of_a_destroyed_key_cannot_be_opened(world: make.World) -> None:
    asked = ask(world)
    delivery.drain()
    vault.destroy_key(key_id=world.alice.subject.key_id, now=make.present())
    with pytest.raises(vault.VaultClosed):
        fetch(secret=asked.secret, now=make.present())
    assert Export.objects.get().fetched_at is None
