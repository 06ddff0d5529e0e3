"""The partner door: a token says who calls, a signature that it is they, the storefront what they may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.urls import path
from oauth2_provider.models import AccessToken, RefreshToken

from backend.urls import urlpatterns as house
from kernel.clock import now as present
from kernel.errors import Conflict, Refused
from kernel.models import Receipt
from partner_api.deprecation import NOTICE, Deprecated
from partner_api.door import Json, PartnerDoor
from partners.models import Application, Nonce, Partner
from partners.queries import connections
from partners.services import accounts
from storefronts.models import LegalParty
from tests import make
from tests.partners.calling import ROOT, System, partner, system

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Probe(PartnerDoor):
    """It counts how often it did something."""

    scopes = {"GET": "stock:read", "POST": "stock:write", "PUT": "stock:write"}
    done = 0
    why: Exception | None = None

    def get(self, request):
        return Json({"parties": LegalParty.objects.count()})

    def put(self, request):
        return self.post(request)

    def post(self, request):
        Probe.done += 1
        if Probe.why is not None:
            raise Probe.why
        return Json({"done": Probe.done, "said": request.data}, status=201)


urlpatterns = [path("partner/v1/storefronts/<slug:storefront>/probe", Probe.as_view()), *house]


@pytest.fixture(autouse=True)
def _nothing_done():
    Probe.done, Probe.why = 0, None


@pytest.fixture
def shop():
    return make.storefront()


@pytest.fixture
def wms(client, shop):
    return system(client, shop)


def code(answer):
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_anyone_may_ask_whether_the_api_is_there(client):
    answer = client.get(f"{ROOT}/status")
    assert (answer.status_code, answer.json()) == (200, {"api": "partner", "version": "1"})


def test_client_credentials_become_a_token_that_tells_who_one_is(wms):
    answer = wms.ask(scope="profile stock:read")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert body["scope"].split() == ["profile", "stock:read"]
    assert "refresh_token" not in body
    wms.token = body["access_token"]
    row = Partner.objects.get()
    assert wms.get("/me").json() == {
        "partner": {"id": str(row.public_id), "name": "Ningbo WMS", "kind": "warehouse"},
        "credential": {"client_id": wms.issued.client_id, "expires_at": None},
        "scopes": ["profile", "stock:read"],
        "storefronts": [
            {
                "code": "maison",
                "name": {"zh": "maison 海外旗舰店", "en": "Maison Shop"},
                "scopes": ["profile", "stock:read"],
            }
        ],
    }
    row = Application.objects.get()
    assert (row.last_used_at is not None, row.last_used_from) == (True, None)


def test_neither_the_secret_nor_the_token_rests_in_plain(wms):
    token = wms.ask().json()["access_token"]
    stored = AccessToken.objects.get()
    assert (stored.token, len(stored.token_checksum)) == ("", 64)
    assert token not in str(AccessToken.objects.values().get())
    assert wms.issued.client_secret not in Application.objects.get().client_secret


@pytest.mark.parametrize(
    ("secret", "form", "status", "error"),
    [
        ("wrong", {}, 401, "invalid_client"),
        ("", {"grant_type": "password", "username": "a", "password": "b"}, 400, "unsupported_grant_type"),
        ("", {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, 400, "unsupported_grant_type"),
        ("", {"scope": "everything"}, 400, "invalid_scope"),
        ("", {"scope": "personal:name"}, 400, "invalid_scope"),  # its credential may, no storefront grants it
    ],
)
def test_a_wrong_token_request_is_refused_in_the_words_of_oauth_and_as_a_problem(
    wms, secret, form, status, error
):
    if secret:
        wms.issued = accounts.Issued(wms.issued.credential, wms.issued.client_id, secret, "")
    answer = wms.ask(**form)
    body = answer.json()
    assert (answer.status_code, body["error"], body["status"]) == (status, error, status)
    assert body["type"].startswith("/problems/")
    wms.issued = accounts.Issued(wms.issued.credential, "no\0row", "secret", "")
    assert (wms.ask().status_code, wms.ask().json()["error"]) == (401, "invalid_client")
    assert AccessToken.objects.count() == RefreshToken.objects.count() == 0


def test_the_token_endpoint_takes_posts_alone_and_not_too_many_from_one_place(client, wms, settings):
    settings.THROTTLE_FACTOR = 1
    answer = client.get(f"{ROOT}/token")
    assert (code(answer), answer["Allow"]) == ((405, "method_not_allowed"), "POST")
    far = {"REMOTE_ADDR": "203.0.113.7"}
    met = [client.post(f"{ROOT}/token", {"grant_type": "x"}, **far).status_code for _ in range(61)]
    assert (set(met[:60]), met[60]) == ({400}, 429)
    assert wms.ask().status_code == 200  # from elsewhere


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic bm9uc2Vuc2U="])
def test_without_a_good_token_nobody_is_told_anything(client, shop, header):
    for address in ("me", f"storefronts/{shop.code}/probe"):
        answer = client.get(f"{ROOT}/{address}", headers={"authorization": header} if header else {})
        assert (code(answer), answer["WWW-Authenticate"]) == ((401, "unauthenticated"), "Bearer")


def test_a_token_in_the_query_or_an_expired_one_is_not_taken(client, wms):
    wms.bearer()
    assert client.get(f"{ROOT}/me?access_token={wms.token}").status_code == 401
    AccessToken.objects.update(expires=datetime.now(UTC) - timedelta(seconds=1))
    assert wms.get("/me").status_code == 401


def test_a_scope_must_be_carried_by_the_token_and_granted_by_the_storefront(wms, shop):
    wms.token = wms.ask(scope="profile").json()["access_token"]
    answer = wms.get("probe")
    assert (code(answer), answer.json()["scope"]) == ((403, "scope_missing"), "stock:read")
    wms.token = ""
    assert wms.get("probe").status_code == 200
    row = wms.issued.credential.partner
    accounts.connect(partner=row, storefront=shop, scopes=["orders:read"], by="o", now=datetime.now(UTC))
    assert code(wms.get("probe")) == (403, "scope_missing")


def test_another_storefront_is_not_there_until_its_owner_connects_the_partner(client, wms, shop):
    other = make.storefront("swift", brand=shop.brand)
    LegalParty.objects.create(storefront=other, role="area", name="Party", country="CN")
    mine = wms.get("probe").json()["parties"]
    there = System(client, wms.issued, "swift")
    nowhere = System(client, wms.issued, "nowhere")
    assert code(there.get("probe")) == code(nowhere.get("probe")) == (404, "not_found")
    assert there.get("probe").json() == nowhere.get("probe").json()
    row = wms.issued.credential.partner
    accounts.connect(partner=row, storefront=other, scopes=["stock:read"], by="o", now=datetime.now(UTC))
    assert there.get("probe").json()["parties"] == LegalParty.objects.filter(storefront=other).count()
    assert code(there.post("probe")) == (403, "scope_missing")
    assert wms.get("probe").json()["parties"] == mine  # each among its own rows
    assert [one.storefront.code for one in connections(row)] == ["maison", "swift"]


def test_the_door_of_a_closed_storefront_is_closed(wms, shop):
    wms.bearer()
    shop.state = "closed"
    shop.save()
    assert code(wms.get("probe")) == (404, "not_found")
    assert code(wms.get("/me")) == (403, "forbidden")


def test_calls_come_from_the_networks_that_the_brand_keeps(client, wms):
    row = wms.issued.credential.partner
    wms.bearer()
    far = {"x-forwarded-for": "203.0.113.9"}
    given = ["203.0.113.0/24", "2001:db8::/32"]
    accounts.change_partner(
        partner=row, networks=given, per_minute=60, active=True, by="o", now=datetime.now(UTC)
    )
    assert wms.get("probe", **far).status_code == 200
    assert Application.objects.get().last_used_from == "203.0.113.9"
    assert wms.get("probe", **{"x-forwarded-for": "2001:db8::7"}).status_code == 200
    for elsewhere in ({"x-forwarded-for": "198.51.100.1"}, {"x-forwarded-for": "nonsense"}, {}):
        assert code(wms.get("probe", **elsewhere)) == (403, "address_not_allowed")


def test_a_partner_has_so_many_calls_a_minute_whichever_credential_it_uses(client, wms, settings):
    settings.THROTTLE_FACTOR = 1
    row = wms.issued.credential.partner
    accounts.change_partner(
        partner=row, networks=[], per_minute=3, active=True, by="o", now=datetime.now(UTC)
    )
    issued = accounts.issue_credential(partner=row, by="o", now=datetime.now(UTC))
    other = System(client, issued, "maison")
    left = [one.get("probe")["RateLimit"] for one in (wms, other, wms)]
    assert [one.partition(";t=")[0] for one in left] == [f'"minute";r={n}' for n in (2, 1, 0)]
    answer = other.get("probe")
    assert code(answer) == (429, "throttled")
    assert answer["RateLimit-Policy"] == '"minute";q=3;w=60'
    assert answer["RateLimit"] == f'"minute";r=0;t={answer["Retry-After"]}'


def test_what_changes_something_is_signed_and_what_reads_is_not(wms):
    assert wms.get("probe").status_code == 200
    assert wms.post("probe", {"a": 1}).json() == {"done": 1, "said": {"a": 1}}
    for missing in ("x_signature", "x_nonce", "x_timestamp"):
        assert code(wms.post("probe", **{missing: ""})) == (401, "signature_needed")
    for bad in ({"x_nonce": "short"}, {"x_timestamp": "yesterday"}, {"x_timestamp": "１７６４３２５２００"}):
        assert code(wms.post("probe", **bad)) == (401, "signature_needed")
    assert Probe.done == 1


def test_an_altered_call_is_not_believed(client, wms):
    wms.bearer()
    real, sent = client.generic, {}

    def altered(method, target, raw, **more):
        return real(*sent["alter"](method, target, raw), **more)

    client.generic = altered
    for alter in (
        lambda method, target, raw: ("PUT", target, raw),
        lambda method, target, raw: (method, f"{target}?dry_run=0", raw),
        lambda method, target, raw: (method, target, raw.replace(b"1", b"9")),
    ):
        sent["alter"] = alter
        assert code(wms.post("probe", {"pieces": 1})) == (401, "signature_wrong")
    sent["alter"] = lambda *call: call
    for told in ({"x_signature": "v1=" + "0" * 64}, {"x_signature": "签名"}, {"x_nonce": "another-nonce-16"}):
        assert code(wms.post("probe", {"pieces": 1}, **told)) == (401, "signature_wrong")
    wms.issued = accounts.Issued(wms.issued.credential, wms.issued.client_id, "", "another key")
    assert code(wms.post("probe", {"pieces": 1})) == (401, "signature_wrong")
    assert (Probe.done, Nonce.objects.count()) == (0, 0)


@pytest.mark.parametrize("away", [-305, 305])
def test_a_call_that_was_signed_at_another_time_is_not_believed(wms, away):
    assert code(wms.post("probe", at=datetime.now(UTC) + timedelta(seconds=away))) == (401, "signature_late")
    assert wms.post("probe", at=datetime.now(UTC) + timedelta(seconds=away * 0.95)).status_code == 201


def test_a_replayed_call_is_not_believed_whatever_became_of_the_first(client, wms):
    kept = []
    wms.bearer()
    real = client.generic
    client.generic = lambda *call, **more: kept.append((call, more)) or real(*call, **more)
    assert wms.post("probe", {"a": 1}).status_code == 201
    Probe.why = Conflict()
    assert wms.post("probe", {"a": 2}).status_code == 409
    for call, more in kept:
        assert code(real(*call, **more)) == (401, "signature_replayed")
    assert Probe.done == 2


def test_another_partners_signature_under_its_own_nonce_is_its_own(client, wms):
    other = System(
        client,
        accounts.issue_credential(
            partner=partner(wms.issued.credential.storefront, name="other"), by="o", now=datetime.now(UTC)
        ),
        "maison",
    )
    kept = []
    wms.bearer()
    real = client.generic
    client.generic = lambda *call, **more: kept.append((call, more)) or real(*call, **more)
    assert wms.post("probe").status_code == 201
    ((call, more),) = kept
    more["headers"]["authorization"] = other.bearer()
    assert code(real(*call, **more)) == (401, "signature_wrong")


def test_a_post_has_a_key_and_gives_its_first_answer_again(wms):
    assert code(wms.post("probe", idempotency_key="")) == (422, "idempotency_key_needed")
    first = wms.post("probe", {"a": 1}, idempotency_key="order-0001")
    again = wms.post("probe", {"a": 1}, idempotency_key="order-0001")
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again["Idempotent-Replay"] == "true"
    assert code(wms.post("probe", {"a": 2}, idempotency_key="order-0001")) == (422, "idempotency_key_reused")
    assert Probe.done == 1


def test_a_refusal_is_kept_under_its_key_and_a_conflict_is_not(wms):
    Probe.why = Refused()
    assert code(wms.post("probe", idempotency_key="refused-1")) == (403, "refused")
    Probe.why = Conflict()
    assert wms.post("probe", idempotency_key="conflict-1").status_code == 409
    Probe.why = None
    assert code(wms.post("probe", idempotency_key="refused-1")) == (403, "refused")
    assert wms.post("probe", idempotency_key="conflict-1").status_code == 201
    assert Receipt.objects.filter(source__startswith="partner:").count() == 2


def test_addresses_and_methods_that_do_not_exist_are_problems_too(client, wms):
    assert code(client.get(f"{ROOT}/nothing")) == (404, "not_found")
    assert code(wms.send("DELETE", "probe")) == (405, "method_not_allowed")
    assert code(client.options(f"{ROOT}/me")) == (405, "method_not_allowed")


def test_a_call_that_will_go_says_so_for_a_year_and_then_what_takes_its_place(wms, monkeypatch):
    since = present() - timedelta(days=1)
    going = Deprecated(since, since + NOTICE, "GET /partner/v1/me")
    monkeypatch.setattr(Probe, "deprecated", {"GET": going})
    answer = wms.get("probe")
    assert answer.status_code == 200
    assert answer["Deprecation"] == f"@{int(since.timestamp())}"
    assert parsedate_to_datetime(answer["Sunset"]) == (since + NOTICE).replace(microsecond=0)
    assert answer["Link"] == '</partner/docs/changes>; rel="deprecation"'
    monkeypatch.setattr(Probe, "deprecated", {"GET": Deprecated(since - NOTICE, since, "it")})
    gone = wms.get("probe")
    assert (gone.status_code, gone.json()["code"], gone.json()["instead"]) == (410, "sunset", "it")
    with pytest.raises(ValueError, match="a year"):
        Deprecated(since, since + timedelta(days=300), "it")
