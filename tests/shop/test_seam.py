"""The shop in a browser: its files, and WeChat's part of it, which exists beside the sandbox alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from backend import shop
from tests import make
from tests.stand_in import StandIn, storefront_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of two files."""
    (tmp_path / "index.html").write_text("<html><head></head><body></body></html>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-1.js").write_text("1")
    monkeypatch.setattr(shop, "DIST", tmp_path)
    return tmp_path


@pytest.fixture
def beside(stand_in_process: StandIn, settings: Any) -> StandIn:
    """WeChat is the sandbox, and one of its mini-programs a storefront here."""
    stand_in_process.control("reset")
    settings.WECHAT_API_BASE = stand_in_process.url
    storefront_in(stand_in_process)
    return stand_in_process


def test_the_page_is_told_whose_shop_it_is(built: Path, beside: StandIn) -> None:
    appid = beside.world["storefronts"][0]["appid"]
    answer = Client().get("/shop/maison/")
    assert answer.status_code == 200
    assert f'<meta name="appid" content="{appid}"></head>' in answer.content.decode()
    assert "unsafe-eval" not in answer["Content-Security-Policy"]
    file = Client().get("/shop/maison/assets/index-1.js")
    assert (b"".join(file.streaming_content), file["Content-Type"]) == (b"1", "text/javascript")
    assert "immutable" in file["Cache-Control"]
    assert Client().get("/shop/nobody/").status_code == 404
    for outside in ("../settings.py", "assets/../../../settings.py", "%2e%2e/settings.py"):
        assert Client().get(f"/shop/maison/{outside}").status_code == 404


def test_without_a_build_it_says_how_to_make_one(built: Path, beside: StandIn) -> None:
    (built / "index.html").unlink()
    answer = Client().get("/shop/maison/")
    assert answer.status_code == 503 and b"make miniprogram" in answer.content


def test_the_seam_logs_in_and_refuses_what_is_no_wish(beside: StandIn) -> None:
    def ask(verb: str, body: Any) -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        return Client().post(f"/shop/maison/seam/{verb}", text, content_type="application/json")

    code = ask("login", {"user": "anna"}).json()["code"]
    headers = {"X-Appid": beside.world["storefronts"][0]["appid"]}
    made = Client().post("/api/v1/session", {"code": code}, content_type="application/json", headers=headers)
    assert made.status_code == 201
    assert ask("phone", {"phone": "13800138000"}).json()["code"]
    for verb in shop.VERBS:
        for wrong in ("", "[]", "null", "7", "{}", '"x"', "\x00"):
            assert ask(verb, wrong).status_code == 400, (verb, wrong)
    unsigned = dict.fromkeys(("timeStamp", "nonceStr", "package", "signType", "paySign"), "x")
    assert ask("pay", unsigned).status_code == 400
    assert ask("refund", {}).status_code == 404


def test_where_wechat_is_wechat_there_is_no_such_page(built: Path, settings: Any) -> None:
    make.storefront("maison")
    settings.WECHAT_API_BASE = "https://api.weixin.qq.com"
    assert Client().get("/shop/maison/").status_code == 404
    assert Client().get("/shop/maison/assets/index-1.js").status_code == 404
    asked = Client().post("/shop/maison/seam/login", '{"user": "a"}', content_type="application/json")
    assert asked.status_code == 404


def test_the_types_are_made_of_this_api() -> None:
    try:
        call_command("openapi", check=True)
    except CommandError as failure:
        pytest.fail(str(failure))


def test_every_call_is_one_that_wx_request_can_send() -> None:
    told = json.loads((shop.ROOT / "miniprogram" / "openapi.json").read_text(encoding="utf-8"))
    methods = {method for calls in told["paths"].values() for method in calls}
    assert methods == {"get", "post", "put", "delete"}


def test_no_name_and_no_wish_fails(built: Path, beside: StandIn, settings: Any) -> None:
    client = Client(raise_request_exception=False)
    for name in (
        "a%00b",
        "x" * 5_000,
        "assets/" + "é" * 300,
        "..%5csettings.py",
        "%ff",
        "a/" * 2_000,
        "assets",
    ):
        for where in ("/shop/maison/", "/media/shopfront/", "/media/catalog/"):
            assert client.get(where + name).status_code == 404, (where, name[:9])
    assert client.get("/shop/maison/index.html").status_code == 404  # the page is told whose shop it is
    worst = {name: ["\0", "\ud800"] for name in ("user", "phone", "templates", "act")}
    for verb in shop.VERBS:
        for wish in ("[" * 60_000, '{"user":' + "[" * 30_000, "9" * 60_000, json.dumps(worst)):
            asked = client.post(f"/shop/maison/seam/{verb}", wish, content_type="application/json")
            assert asked.status_code in (200, 400, 502), (verb, wish[:9])
    worst["templates"] = ["\0"]
    asked = client.post("/shop/maison/seam/subscribe", json.dumps(worst), content_type="application/json")
    assert asked.status_code == 400
    settings.WECHAT_API_BASE = "http://127.0.0.1:9"
    asked = client.post("/shop/maison/seam/login", '{"user": "a"}', content_type="application/json")
    assert asked.status_code == 502
