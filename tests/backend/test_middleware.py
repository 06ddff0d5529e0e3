"""The lean stack is lean, and the full one is whole: its view hooks run too."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from backend.middleware import LeanOrFull
from backend.urls import urlpatterns as doors


def take(_):
    return HttpResponse("taken")


urlpatterns = [*doors, path("page/take", take), path("partner/take", take)]


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_on_pages_and_not_asked_for_on_apis():
    browser = Client(enforce_csrf_checks=True)
    assert browser.post("/page/take").status_code == 403
    assert browser.post("/partner/take").content == b"taken"


@pytest.mark.django_db
def test_pages_carry_a_content_security_policy_and_apis_set_no_cookie(client):
    page, api = client.get("/admin/login/"), client.get("/health/live")
    policy = dict(part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split(";"))
    assert "'unsafe-inline'" not in policy["script-src"] + policy["style-src-elem"]
    assert [policy[name] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")] == [
        "'none'",
        "'none'",
        "'self'",
        "'none'",
    ]
    assert page["X-Content-Type-Options"] == "nosniff" and page["X-Frame-Options"] == "DENY"
    assert page["Referrer-Policy"] == page["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in page["Permissions-Policy"]
    assert "no-store" in page["Cache-Control"]
    assert not api.cookies
    assert api["X-Content-Type-Options"] == "nosniff"
    for url in ("/health/live", "/api/v1/schema/", "/partner/nowhere"):
        assert client.get(url)["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    docs = client.get("/api/v1/docs/")["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; " in docs and "'unsafe-eval'" not in docs
    assert int(api["Content-Length"]) == len(api.content)


def test_the_first_hook_that_answers_decides():
    stack = LeanOrFull(lambda _: HttpResponse())
    assert [hook.__qualname__.split(".")[0] for hook in stack.hooks][:1] == ["CsrfViewMiddleware"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("length", "status", "code"),
    [
        ("abc", 400, "bad_content_length"),
        ("-5", 400, "bad_content_length"),
        ("１２", 400, "bad_content_length"),
        ("1e9", 400, "bad_content_length"),
        ("9" * 5_000, 413, "body_too_large"),
    ],
)
@pytest.mark.parametrize("path", ["/pay/wechat/1600000000", "/wechat/messages/wxmaison0000000000"])
def test_a_length_that_is_no_number_is_refused_before_anything_is_read(client, path, length, status, code):
    answer = client.post(path, b"{}", content_type="application/json", CONTENT_LENGTH=length)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
