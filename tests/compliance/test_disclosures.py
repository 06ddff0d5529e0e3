"""What leaves the house leaves a row before it leaves; nothing goes abroad once the consent is withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.consent_texts import FOLDER
from compliance.disclosures import words
from compliance.models import Disclosure
from compliance.queries import allowed, disclosures
from compliance.services import ConsentNeeded, create_subject, disclose, give_consent, withdraw_consent

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CARRIER = {
    "storefront_id": 7,
    "recipient_kind": "carrier",
    "recipient": "顺丰速运有限公司",
    "country": "CN",
    "purpose": "deliver",
    "basis": "contract",
    "fields": ["consignee_name", "consignee_phone"],
    "now": NOW,
}
ABROAD = CARRIER | {"recipient_kind": "brand_abroad", "recipient": "Maison Group SAS", "country": "FR"}
NAMES = {
    "brand": "Maison Group SAS",
    "country": "FR",
    "country_zh": "法国",
    "country_en": "France",
    "contact": "privacy@maison.example",
}
ABROAD |= {"names": NAMES}
pytestmark = pytest.mark.django_db


@pytest.fixture
def subject():
    return create_subject(storefront_id=7, now=NOW)[0]


def test_one_statement_records_who_gets_what_and_why(subject):
    with CaptureQueriesContext(connection) as statements:
        disclose(subject_id=subject.id, order_number="26112312000012345", **CARRIER)
    assert len(statements) == 1
    row = Disclosure.objects.get()
    assert (row.storefront_id, row.subject_id, row.order_number) == (7, subject.id, "26112312000012345")
    assert (row.recipient_kind, row.recipient, row.country) == ("carrier", "顺丰速运有限公司", "CN")
    assert (row.purpose, row.basis, row.at) == ("deliver", "contract", NOW)
    assert row.fields == ["consignee_name", "consignee_phone"]


@pytest.mark.parametrize(
    "wrong", [{"fields": ["13800138000"]}, {"fields": []}, {"purpose": "curiosity"}, {"recipient": ""}]
)
def test_only_known_words_are_taken_and_so_no_value_is(subject, wrong):
    with pytest.raises(ValueError, match="no such purpose or fields"):
        disclose(subject_id=subject.id, **CARRIER | wrong)
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize("wrong", [{"recipient_kind": "friend"}, {"basis": "habit"}])
def test_an_unknown_recipient_or_basis_is_refused(subject, wrong):
    with pytest.raises(ValueError, match="is not a valid"):
        disclose(subject_id=subject.id, **CARRIER | wrong)
    assert not Disclosure.objects.exists()


def test_nothing_goes_to_the_brand_abroad_without_its_consent_and_at_once_after_it_was_withdrawn(subject):
    with pytest.raises(ConsentNeeded) as refused:
        disclose(subject_id=subject.id, **ABROAD)
    assert refused.value.facts() == {"consent": "transfer_abroad"}
    give_consent(subject=subject, kind="transfer_abroad", version="1", names=NAMES, now=NOW)
    disclose(subject_id=subject.id, **ABROAD)
    assert list(Disclosure.objects.values_list("basis", flat=True)) == ["consent"]
    withdraw_consent(subject_id=subject.id, kind="transfer_abroad", now=NOW)
    with pytest.raises(ConsentNeeded):
        disclose(subject_id=subject.id, **ABROAD)
    assert Disclosure.objects.count() == 1


def test_a_consent_to_one_brand_lets_nothing_go_to_another_nor_to_another_country(subject):
    give_consent(subject=subject, kind="transfer_abroad", version="1", names=NAMES, now=NOW)
    other = {"recipient": "B Inc", "country": "US"}
    named = NAMES | {"brand": "B Inc", "country": "US", "country_zh": "美国", "country_en": "USA"}
    for wrong in (
        other,
        other | {"names": named},
        {"recipient": "B Inc"},
        {"country": "US"},
        {"names": {}},
        {"names": NAMES | {"contact": "someone@else.example"}},
    ):
        with pytest.raises(ConsentNeeded) as refused:
            disclose(subject_id=subject.id, **ABROAD | wrong)
        assert refused.value.facts() == {"consent": "transfer_abroad"}
    assert not Disclosure.objects.exists()


def test_a_new_version_of_the_text_closes_the_gate_until_it_is_agreed_to(subject, tmp_path, monkeypatch):
    whom = CARRIER | {"recipient_kind": "identity_provider", "purpose": "verify_identity"}
    whom |= {"consent": "sensitive_identity", "subject_id": subject.id}
    give_consent(subject=subject, kind="sensitive_identity", version="1", now=NOW)
    text = (FOLDER / "sensitive_identity.yaml").read_text(encoding="utf-8")
    extra = '  - {version: "2", from: 2026-12-01, zh: 新文本, en: new text}\n'
    (tmp_path / "sensitive_identity.yaml").write_text(text + extra, encoding="utf-8")
    monkeypatch.setattr("compliance.consent_texts.FOLDER", tmp_path)
    gate = {"subject_id": subject.id, "kind": "sensitive_identity"}
    later = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)  # midnight in Shanghai, 1 December
    assert allowed(**gate, now=later - timedelta(seconds=1))
    assert not allowed(**gate, now=later)
    with pytest.raises(ConsentNeeded):
        disclose(**whom | {"now": later})
    assert not Disclosure.objects.exists()
    give_consent(subject=subject, kind="sensitive_identity", version="2", now=later)
    assert allowed(**gate, now=later)
    disclose(**whom | {"now": later})
    assert Disclosure.objects.count() == 1


def test_a_basis_of_consent_can_be_named_for_any_recipient(subject):
    provider = CARRIER | {"recipient_kind": "identity_provider", "purpose": "verify_identity"}
    with pytest.raises(ConsentNeeded):
        disclose(subject_id=subject.id, consent="sensitive_identity", **provider)
    give_consent(subject=subject, kind="sensitive_identity", version="1", now=NOW)
    disclose(subject_id=subject.id, consent="sensitive_identity", **provider)
    assert Disclosure.objects.get().basis == "consent"


def test_a_row_is_never_changed(subject):
    disclose(subject_id=subject.id, **CARRIER)
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        Disclosure.objects.update(recipient="nobody")


def test_a_person_reads_their_own_in_pages_the_last_first(subject):
    stranger = create_subject(storefront_id=7, now=NOW)[0]
    disclose(subject_id=stranger.id, **CARRIER)
    for day in range(3):
        disclose(subject_id=subject.id, **CARRIER | {"now": NOW + timedelta(days=day)})
    first = disclosures(subject_id=subject.id, after=None, limit=2)
    assert [row.at.day for row in first] == [25, 24]
    rest = disclosures(subject_id=subject.id, after=first[-1].public_id, limit=2)
    assert [row.at.day for row in rest] == [23]
    assert disclosures(subject_id=stranger.id, after=first[-1].public_id, limit=2) == []


def test_every_word_has_a_name_in_both_languages():
    for kind in ("recipients", "purposes", "fields"):
        for names in words(kind).values():
            assert set(names) == {"zh", "en"} and all(names.values())
    assert set(words("recipients")) == set(Disclosure.Recipient.values)
