"""The documentation: each page is there in both languages, leads nowhere wrong, and its code runs."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
import requests

from partner_api.docs.guides import FOLDER, LANGUAGES, SLUGS, source
from partner_api.docs.reference import groups
from partner_api.docs.words import WORDS
from partner_api.introduction import TAGS
from partner_client import transport
from tests import make
from tests.partner_api.test_orders import paid
from tests.partners.calling import system
from tests.partners.wire import BASE, over

pytestmark = pytest.mark.django_db

PAGES = ["", "events", "scopes", "changes"]
PAGES += [f"guides/{slug}" for slug in SLUGS] + [f"reference/{name}" for name in TAGS]


def test_every_page_is_there_in_both_languages_and_leads_nowhere_wrong(client):
    asked = set()
    for language in LANGUAGES:
        for page in PAGES:
            answer = client.get(f"/partner/docs/{language}/{page}")
            assert answer.status_code == 200, page
            text = answer.content.decode()
            assert f'<html lang="{language}">' in text
            assert "<script" not in text
            assert "style-src 'self';" in answer["Content-Security-Policy"]
            asked |= set(re.findall(r'href="(/[^"#]*)', text))
    for address in sorted(asked):
        if not address.startswith("/static/"):
            assert client.get(address, follow=True).status_code == 200, address
    assert client.get("/partner/docs/fr/").status_code == 404
    assert client.get("/partner/docs/en/guides/none").status_code == 404
    assert client.get("/partner/docs/en/reference/none").status_code == 404
    assert client.get("/partner/docs/", headers={"accept-language": "en"})["Location"] == "/partner/docs/en/"
    assert client.get("/partner/docs/changes")["Location"] == "/partner/docs/zh/changes"


def test_the_reference_shows_every_call_with_its_scope_its_fields_and_its_refusals(client):
    shown = [one for calls in groups().values() for one in calls]
    assert {one.name for one in shown} >= {"post_token", "get_orders", "post_stock_receipts"}
    text = client.get("/partner/docs/en/reference/stock").content.decode()
    assert "<code>stock:write</code>" in text
    assert "fetch a token, sign anew" in text
    receipt = next(one for one in shown if one.name == "post_stock_receipts")
    assert [(one.name, one.needed, one.depth) for one in receipt.body][:4] == [
        ("warehouse", True, 0),
        ("reference", True, 0),
        ("lines", True, 0),
        ("sku", True, 1),
    ]
    assert receipt.signed
    assert receipt.keyed


def test_both_languages_say_the_same_things():
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    assert {file.stem for file in FOLDER.glob("*/*.md")} == set(SLUGS)
    for slug in SLUGS:
        en, zh = (code(language, slug, "python") for language in LANGUAGES)
        assert [without_remarks(one) for one in en] == [without_remarks(one) for one in zh]
        assert source("en", slug).count("\n## ") == source("zh", slug).count("\n## ")
        assert source("en", slug).count("\n|") == source("zh", slug).count("\n|")


def test_the_code_in_the_guides_runs(client, monkeypatch):
    monkeypatch.setattr("partner_api.webhooks.checked", lambda url: url)
    world = make.world()
    erp = system(client, world.shop, "erp")
    _, wire = over(erp)
    monkeypatch.setattr(transport.requests, "Session", lambda: mounted(wire))
    issued = erp.issued
    for name, value in {
        "HOUSE": BASE,
        "STOREFRONT": world.shop.code,
        "CLIENT_ID": issued.client_id,
        "CLIENT_SECRET": issued.client_secret,
        "SIGNING_KEY": issued.signing_key,
    }.items():
        monkeypatch.setenv(name, value)
    order = paid(world)
    names: dict[str, object] = {}
    ran = 0
    for slug in SLUGS:
        for block in code("en", slug, "python"):
            exec(compile(block, f"{slug}.md", "exec"), names)
            ran += 1
    assert ran >= 9
    (taken,) = (one.path_url for one in wire.sent if one.path_url.endswith("/acknowledgement"))
    assert f"/orders/{order.number}/" in taken


def test_the_client_is_given_whole(client):
    answer = client.get("/partner/docs/client.zip")
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    names = {"__init__", "calls", "client", "shapes", "transport"}
    assert set(packed.namelist()) == {f"partner_client/{name}.py" for name in names}


def mounted(wire: object) -> requests.Session:
    session = requests.sessions.Session()
    session.mount(BASE, wire)
    return session


def code(language: str, slug: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", source(language, slug), re.DOTALL)


def without_remarks(block: str) -> str:
    return re.sub(r'#.*|""".*"""', "", block)
