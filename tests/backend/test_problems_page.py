"""Whoever follows an address of this house finds something: the type of a problem, the root, the admin."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from backend.problems_page import nothing_here, told

pytestmark = pytest.mark.django_db


def test_the_type_of_a_problem_leads_to_its_explanation(client: Client) -> None:
    met = client.get("/api/v1/orders").json()
    assert met["type"] == "/problems/unauthenticated"
    explained = client.get(met["type"])
    assert explained.json() == {
        "type": "/problems/unauthenticated",
        "code": "unauthenticated",
        "status": 401,
        "title": {"zh": "请重新登录。", "en": "Log in again."},
    }


def test_a_browser_is_shown_a_page_in_both_languages(client: Client) -> None:
    page = client.get("/problems/order_not_payable", headers={"Accept": "text/html,*/*"})
    assert page["Content-Type"] == "text/html; charset=utf-8"
    for words in ("“{state}”，无法支付。", "cannot be paid.", "HTTP 409"):
        assert words in page.content.decode()


def test_every_code_is_explained_and_stands_in_the_list_of_errors(client: Client) -> None:
    listed = (settings.ROOT / "docs" / "errors.md").read_text()
    assert len(told()) > 60
    for one in told():
        assert f"| `{one.code}` | {one.status} | {one.title} | {one.title_zh} |" in listed
    answers: list[Any] = [client.get(f"/problems/{one.code}") for one in told()]
    assert {answer.status_code for answer in answers} == {200}
    assert re.findall(r"^\| `(\w+)`", listed, re.M) == [one.code for one in told()]


def test_a_code_that_is_none_is_a_problem_itself(client: Client) -> None:
    answer = client.get("/problems/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_root_leads_to_the_documents_on_a_laptop_and_nowhere_in_production(
    client: Client, rf: Any
) -> None:
    assert client.get("/")["Location"] == "/api/v1/docs/"
    assert client.get("/admin")["Location"] == "/admin/"
    hidden = nothing_here(rf.get("/"))
    assert (hidden.status_code, hidden["Content-Type"]) == (404, "application/problem+json")
