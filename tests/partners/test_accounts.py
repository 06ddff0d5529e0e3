"""Owners open partners, connect them and hand out credentials; each is taken back at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oauth2_provider.models import AccessToken

from kernel.models import Event
from partners import hashing
from partners.models import Application, Connection, Nonce
from partners.queries import allowed
from partners.scopes import PERSONAL, SCOPES, USUAL
from partners.services import accounts
from partners.services.replay import forget_nonces
from storefronts.models import Storefront
from tests import make
from tests.partners.calling import partner, system

pytestmark = pytest.mark.django_db


def test_a_partner_begins_with_what_its_kind_has_use_for_and_no_personal_data():
    shop = make.storefront()
    for kind, usual in USUAL.items():
        (row,) = Connection.objects.filter(partner=partner(shop, kind, name=f"a {kind}"))
        assert set(row.scopes) == usual | {"profile"}
        assert not usual & PERSONAL
    assert set().union(*USUAL.values()) <= set(SCOPES)


def test_secrets_of_a_credential_rest_hashed_and_sealed_and_are_in_no_event():
    made = accounts.issue_credential(partner=partner(make.storefront()), by="owner", now=make.NOW)
    row = Application.objects.get()
    assert made.client_secret not in row.client_secret
    assert row.client_secret.startswith(
        f"{hashing.Digest.algorithm}$"
    )  # asked for without work that wears out
    assert made.signing_key.encode() not in bytes(row.signing_sealed)
    assert accounts.signing_key(row) == made.signing_key
    told = str(list(Event.objects.values())) + repr(made)
    assert made.client_id in told
    assert made.client_secret not in told
    assert made.signing_key not in told


def test_names_scopes_networks_and_brands_that_will_not_do_are_refused_and_nothing_is_kept():
    shop, stranger = make.storefront(), make.storefront("swift")
    kept = partner(shop)
    with pytest.raises(accounts.PartnerTaken):
        partner(shop)
    with pytest.raises(accounts.NoSuchNetwork, match="nonsense"):
        partner(shop, name="b", networks=["203.0.113.7", "nonsense"])
    with pytest.raises(accounts.NoSuchScope, match="everything"):
        accounts.issue_credential(partner=kept, scopes=["everything"], by="owner", now=make.NOW)
    Storefront.objects.filter(pk=stranger.pk).update(brand=make.storefront("third").brand)
    stranger.refresh_from_db()
    with pytest.raises(accounts.AnotherBrand):
        accounts.connect(partner=kept, storefront=stranger, scopes=["orders:read"], by="o", now=make.NOW)
    # what is done is written down by name, of which 72 letters stand: nobody goes by another's here
    accounts.open_partner(storefront=shop, name="n" * 79 + "a", kind="erp", by="o", now=make.NOW)
    with pytest.raises(accounts.PartnerTaken):
        partner(shop, name="n" * 79 + "b")
    Storefront.objects.filter(pk=stranger.pk).update(brand=shop.brand)
    namesake = partner(Storefront.objects.get(pk=stranger.pk))
    with pytest.raises(accounts.PartnerTaken):
        accounts.connect(partner=namesake, storefront=shop, scopes=["orders:read"], by="o", now=make.NOW)
    assert (Application.objects.count(), Connection.objects.count()) == (0, 3)


def test_ten_credentials_are_enough_and_one_that_is_over_makes_room():
    wms = partner(make.storefront())
    issued = [accounts.issue_credential(partner=wms, by="o", now=make.NOW) for _ in range(10)]
    with pytest.raises(accounts.TooManyCredentials):
        accounts.issue_credential(partner=wms, by="o", now=make.NOW)
    accounts.revoke_credential(credential=issued[0].credential, by="o", now=make.NOW)
    accounts.issue_credential(partner=wms, by="o", now=make.NOW)


def test_a_credential_is_followed_by_another_and_both_hold_until_the_old_one_ends(client, time_machine):
    time_machine.move_to(make.NOW)
    first = system(client, make.storefront())
    token = first.bearer()
    issued = accounts.rotate_credential(credential=first.issued.credential, by="o", now=make.NOW)
    second = type(first)(client, issued, first.storefront)
    assert (first.get("/me").status_code, second.get("/me").status_code) == (200, 200)
    time_machine.move_to(make.NOW + accounts.OVERLAP + timedelta(seconds=1))
    assert first.ask().status_code == 401
    assert (first.get("/me").status_code, second.ask().status_code) == (401, 200)
    assert token == first.bearer()
    with pytest.raises(accounts.CredentialOver):
        accounts.rotate_credential(
            credential=first.issued.credential, by="o", now=make.NOW + 2 * accounts.OVERLAP
        )


def test_a_revoked_credential_is_over_at_once_with_its_tokens_and_once_is_enough(client):
    wms = system(client, make.storefront())
    assert wms.get("/me").status_code == 200
    assert accounts.revoke_credential(credential=wms.issued.credential, by="o", now=make.NOW)
    assert not accounts.revoke_credential(credential=wms.issued.credential, by="o", now=make.NOW)
    assert (wms.get("/me").status_code, wms.ask().status_code) == (401, 401)
    assert AccessToken.objects.count() == 0
    assert Event.objects.filter(name="credential.revoked").count() == 1


def test_a_suspended_partner_gets_no_answer_and_no_token(client):
    wms = system(client, make.storefront())
    wms.bearer()
    row = wms.issued.credential.partner
    accounts.change_partner(partner=row, networks=[], per_minute=60, active=False, by="o", now=make.NOW)
    assert (wms.get("/me").status_code, wms.ask().status_code) == (401, 401)


def test_a_token_carries_what_its_credential_and_some_storefront_allow():
    shop = make.storefront()
    wms = partner(shop)
    narrow = accounts.issue_credential(
        partner=wms, scopes=["stock:read", "settlement:read"], by="o", now=make.NOW
    )
    assert allowed(narrow.credential) == ["profile", "stock:read"]
    before = Connection.objects.get().since - timedelta(seconds=1)  # who waited for another to connect it
    accounts.connect(partner=wms, storefront=shop, scopes=["stock:read"], by="o", now=before)
    accounts.disconnect(partner=wms, storefront=shop, by="o", now=make.present())
    assert allowed(narrow.credential) == []


def test_numbers_that_signed_a_call_are_forgotten_when_nobody_believes_them_any_more():
    made = accounts.issue_credential(partner=partner(make.storefront()), by="o", now=make.NOW).credential
    for at in (make.NOW - timedelta(hours=1), make.NOW):
        Nonce.objects.create(storefront=made.storefront, application=made, nonce=f"n{at:%H}", at=at)
    assert forget_nonces(now=make.NOW) == 1
    assert Nonce.objects.get().at == make.NOW
