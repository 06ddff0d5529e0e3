"""The partner door: client credentials become a short-lived token, and the token says who is calling."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from oauth2_provider.models import AccessToken, RefreshToken

from partner_api.models import Application
from tests import make

pytestmark = pytest.mark.django_db
SECRET = "an-invented-secret-of-a-warehouse-system"


def application(shop, **changes):
    return Application.objects.create(
        **{
            "name": "Ningbo WMS",
            "storefront": shop,
            "kind": Application.Kind.WAREHOUSE,
            "client_type": Application.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": Application.GRANT_CLIENT_CREDENTIALS,
            "client_secret": SECRET,
            **changes,
        }
    )


def ask(client, made, secret=SECRET, **form):
    basic = base64.b64encode(f"{made.client_id}:{secret}".encode()).decode()
    return client.post(
        "/partner/v1/token",
        {"grant_type": "client_credentials", **form},
        headers={"authorization": f"Basic {basic}"},
    )


def me(client, token):
    return client.get("/partner/v1/me", headers={"authorization": f"Bearer {token}"})


def test_anyone_may_ask_whether_the_api_is_there(client):
    answer = client.get("/partner/v1/status")
    assert (answer.status_code, answer.json()) == (200, {"api": "partner", "version": "1"})


def test_client_credentials_become_a_token_that_tells_who_the_application_is(client):
    made = application(make.storefront())
    answer = ask(client, made)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "profile")
    assert "refresh_token" not in body
    told = me(client, body["access_token"])
    assert told.status_code == 200
    assert told.json() == {
        "application": {"name": "Ningbo WMS", "client_id": made.client_id, "kind": "warehouse"},
        "storefront": {"code": "maison", "name": "Maison Shop", "name_zh": "maison 海外旗舰店"},
        "scopes": ["profile"],
    }


def test_neither_the_secret_nor_the_token_rests_in_plain(client):
    made = application(make.storefront())
    token = ask(client, made).json()["access_token"]
    stored = AccessToken.objects.get()
    assert (stored.token, len(stored.token_checksum)) == ("", 64)
    assert token not in str(AccessToken.objects.values().get())
    made.refresh_from_db()
    assert SECRET not in made.client_secret


@pytest.mark.parametrize(
    ("secret", "form", "status", "error"),
    [
        ("wrong", {}, 401, "invalid_client"),
        (SECRET, {"grant_type": "password", "username": "a", "password": "b"}, 400, "unsupported_grant_type"),
        (
            SECRET,
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
            400,
            "unsupported_grant_type",
        ),
        (SECRET, {"scope": "everything"}, 400, "invalid_scope"),
    ],
)
def test_a_wrong_token_request_is_refused_in_the_words_of_oauth_and_as_a_problem(
    client, secret, form, status, error
):
    made = application(make.storefront())
    answer = ask(client, made, secret, **form)
    assert answer.status_code == status
    body = answer.json()
    assert (body["error"], body["status"]) == (error, status)
    assert body["type"].startswith("/problems/")
    assert AccessToken.objects.count() == RefreshToken.objects.count() == 0


def test_an_application_of_another_grant_gets_no_token(client):
    made = application(
        make.storefront(),
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="https://partner.test/back",
    )
    assert (ask(client, made).status_code, AccessToken.objects.count()) == (400, 0)


def test_the_token_endpoint_takes_posts_alone(client):
    answer = client.get("/partner/v1/token")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert answer["Allow"] == "POST"


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic bm9uc2Vuc2U="])
def test_without_a_good_token_nobody_is_told_anything(client, header):
    answer = client.get("/partner/v1/me", headers={"authorization": header} if header else {})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_in_the_query_is_not_taken(client):
    token = ask(client, application(make.storefront())).json()["access_token"]
    assert client.get(f"/partner/v1/me?access_token={token}").status_code == 401


def test_an_expired_token_is_refused(client):
    token = ask(client, application(make.storefront())).json()["access_token"]
    AccessToken.objects.update(expires=datetime.now(UTC) - timedelta(seconds=1))
    assert me(client, token).status_code == 401


def test_a_token_without_the_scope_is_refused(client):
    token = ask(client, application(make.storefront())).json()["access_token"]
    AccessToken.objects.update(scope="other")
    answer = me(client, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_a_token_dies_with_its_application(client):
    made = application(make.storefront())
    token = ask(client, made).json()["access_token"]
    made.delete()
    assert me(client, token).status_code == 401


def test_the_door_of_a_closed_storefront_is_closed(client):
    shop = make.storefront()
    token = ask(client, application(shop)).json()["access_token"]
    shop.state = "closed"
    shop.save()
    answer = me(client, token)
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_an_address_that_does_not_exist_is_a_problem_too(client):
    answer = client.get("/partner/v1/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
