"""The way in: log-in, both languages, the sidebar for each role, and the command that makes operators."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from unfold.settings import CONFIG_DEFAULTS as DEFAULTS

from kernel.cases import open_case
from operators.names import chinese_name, state_name
from operators.navigation import GROUPS, PAGES
from storefronts.models import Membership, Operator
from tests import make
from tests.operators import rows

ADMIN = "operators/admin"
SHEETS = ("unfold/css/styles", ADMIN, "operators/shop")
NO_LOOKS = {"chart", "first-steps"}  # by which scripts and tests find something

pytestmark = pytest.mark.django_db


def index(client, language="en"):
    return client.get(reverse("admin:index"), headers={"accept-language": language}).content.decode()


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN", ["订单", "支付单", "待处理"]), ("en", ["Orders", "Payments", "To do"])]
)
def test_the_admin_speaks_the_readers_language(client, language, words):
    client.force_login(rows.operator("owner", make.storefront()), backend=rows.BACKEND)
    html = index(client, language)
    assert [word for word in words if word not in html] == []


def test_the_sidebar_shows_what_one_may_open_and_nothing_else(client):
    shop = make.storefront()
    receipts = reverse("admin:kernel_receipt_changelist")
    client.force_login(rows.operator("owner", shop), backend=rows.BACKEND)
    assert receipts not in index(client)
    client.force_login(rows.operator("platform", is_superuser=True), backend=rows.BACKEND)
    assert receipts in index(client)


def test_every_entry_of_the_sidebar_has_a_chinese_name():
    labels = [label for _, entries in GROUPS for label, _ in entries]
    third_party = {"axes.AccessLog", "admin.LogEntry", *PAGES}
    assert [one for one in labels if one not in third_party and not chinese_name("model", one)] == []


def test_the_same_word_may_mean_another_thing_in_another_model():
    with override("zh-hans"):
        assert state_name("open", "open", "storefronts.Storefront") == "营业中"
        assert state_name("open", "open", "kernel.Case") == "待处理"


def test_the_fields_of_a_page_are_named_in_chinese_too(client):
    shop = make.storefront()
    made = open_case(storefront_id=shop.pk, kind="x", key="y", title="t", facts={"名": "值"}, now=make.NOW)
    client.force_login(rows.operator("owner", shop), backend=rows.BACKEND)
    url = reverse("admin:kernel_case_change", args=[made.pk])
    html = client.get(url, headers={"accept-language": "zh-CN"}).content.decode()
    assert [word for word in ("店铺", "事实", "处理说明", "maison", "名", "值") if word not in html] == []


def make_operator(monkeypatch, *args, password=""):
    monkeypatch.setenv("OPERATOR_PASSWORD", password)
    out = StringIO()
    call_command("make_operator", *args, stdout=out)
    return out.getvalue()


def test_the_command_makes_an_operator_and_prints_the_password_once(monkeypatch):
    make.storefront()
    args = ("--username", "mei", "--storefront", "maison", "--role", "owner")
    said = make_operator(monkeypatch, *args)
    password = said.split("password: ")[1].strip()
    mei = Operator.objects.get(username="mei")
    assert mei.check_password(password)
    assert (mei.is_staff, mei.is_superuser) == (True, False)
    again = make_operator(monkeypatch, *args)
    assert "password" not in again
    mei.refresh_from_db()
    assert mei.check_password(password)
    assert Membership.objects.filter(operator=mei, role="owner").count() == 1


def test_the_command_takes_the_password_from_the_environment_and_does_not_print_it(monkeypatch):
    said = make_operator(monkeypatch, "--username", "root", "--superuser", password=rows.PASSWORD)
    assert rows.PASSWORD not in said
    root = Operator.objects.get(username="root")
    assert (root.is_superuser, root.check_password(rows.PASSWORD)) == (True, True)


@pytest.mark.parametrize(
    "args",
    [
        ("--username", "x"),
        ("--username", "x", "--storefront", "maison"),
        ("--username", "x", "--storefront", "nowhere", "--role", "owner"),
    ],
)
def test_the_command_refuses_half_a_role_and_makes_nobody(monkeypatch, args):
    make.storefront()
    with pytest.raises(CommandError):
        make_operator(monkeypatch, *args)
    assert Operator.objects.count() == 0


def test_the_colours_of_the_style_sheet_are_those_of_unfold():
    colours = DEFAULTS["COLORS"]
    sheet = (Path(finders.find("operators/colors.css"))).read_text()
    told = [
        f"--color-{name}-{weight}: {value};" for name, one in colours.items() for weight, value in one.items()
    ]
    assert [line for line in told if line not in sheet] == []


def our_pages():
    """What every page of ours is written in, by its file."""
    ours = [*Path("operators").rglob("*.html"), *Path("operators").glob("*.py")]
    assert len(ours) > 100
    return {path: path.read_text() for path in ours}


def test_no_page_of_ours_carries_a_style_of_its_own():
    assert [str(path) for path, text in our_pages().items() if re.search(r"\sstyle=", text)] == []


def test_every_class_that_our_pages_name_stands_in_a_style_sheet():
    sheets = "".join(Path(finders.find(f"{one}.css")).read_text() for one in SHEETS)
    there = {name.replace("\\", "") for name in re.findall(r"\.((?:\\.|[\w-])+)", sheets)} | NO_LOOKS
    named = set()
    for path, text in our_pages().items():
        if "overrides" not in path.parts:  # there unfold's own pages name some
            plain = re.sub(r"{[{%].*?[}%]}|{}", " ", text)
            named |= {one for words in re.findall(r'[ "]class="([^"]*)"', plain) for one in words.split()}
    assert named - there == set()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("There is no such page", "You may not do this", "out of date", "wrong on our side")),
        ("zh-CN", ("页面不存在", "没有权限", "表单已过期", "系统出错")),
    ],
)
def test_a_page_of_a_failure_says_what_to_do_and_leads_back(client, monkeypatch, language, words):
    packer = rows.operator("packer", make.storefront(), "fulfilment")
    client.force_login(packer, backend=rows.BACKEND)
    asked = {"headers": {"accept-language": language}}
    checked = Client(enforce_csrf_checks=True)
    answers = [client.get("/admin/nothing/here/", **asked), client.get(reverse("goods_import"), **asked)]
    answers.append(checked.post("/admin/login/", {"username": "x"}, **asked))
    client.raise_request_exception = False
    monkeypatch.setattr("operators.work.may", lambda request: 1 / 0)
    answers.append(client.get(reverse("work"), **asked))
    assert [one.status_code for one in answers] == [404, 403, 403, 500]
    for answer, word in zip(answers, words, strict=True):
        html = answer.content.decode()
        assert word in html and 'href="/admin/"' in html
        assert "<style" not in html and "<script" not in html
    api = client.get("/api/v1/nothing", **asked)
    assert (api.status_code, api.headers["Content-Type"]) == (404, "application/problem+json")
