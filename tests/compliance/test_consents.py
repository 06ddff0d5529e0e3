"""Consents are separate, versioned, given once, and withdrawn at once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from compliance.consent_texts import FOLDER, NOTICES, current_text, current_texts, read
from compliance.models import Consent
from compliance.queries import given as is_given
from compliance.services import (
    NotCurrent,
    UnknownConsent,
    create_subject,
    give_consent,
    withdraw_consent,
)

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
NAMES = {
    "brand": "Maison Group SAS",
    "country_zh": "法国",
    "country_en": "France",
    "handler": "Maison Export SAS",
    "contact": "privacy@maison.example",
}


@pytest.fixture
def subject(db):
    return create_subject(storefront_id=7, now=NOW)[0]


def test_the_six_texts_are_separate_and_only_what_the_service_needs_is_required():
    assert [(t.kind, t.required) for t in current_texts(DAY, NAMES)] == [
        ("privacy_policy", True),
        ("sensitive_identity", True),
        ("identity_reuse", False),
        ("marketing", False),
        ("personalisation", False),
        ("transfer_abroad", False),
    ]
    for text in current_texts(DAY, NAMES):
        assert text.zh and text.en and text.title_zh and text.title_en and len(text.sha256) == 64


def test_the_transfer_abroad_names_the_recipient_and_its_country_in_what_is_hashed():
    text = current_text("transfer_abroad", DAY, NAMES)
    assert "Maison Group SAS" in text.zh and "法国" in text.zh and "France" in text.en
    assert "{" not in text.zh + text.en
    assert text.sha256 != current_text("transfer_abroad", DAY, NAMES | {"country_en": "Spain"}).sha256
    with pytest.raises(KeyError):
        current_text("transfer_abroad", DAY)


def test_whoever_handles_or_is_given_data_is_named_with_a_contact_in_what_is_agreed_to():
    policy, abroad = (current_text(kind, DAY, NAMES) for kind in ("privacy_policy", "transfer_abroad"))
    for words in (policy.zh, policy.en):
        assert "Maison Export SAS" in words and "privacy@maison.example" in words
    assert "privacy@maison.example" in abroad.zh and "privacy@maison.example" in abroad.en
    identity = current_text("sensitive_identity", DAY)
    assert "腾讯云计算（北京）有限责任公司" in identity.zh and "姓名和身份证号码" in identity.zh
    assert "Tencent Cloud Computing (Beijing) Co., Ltd." in identity.en
    assert "cloud.tencent.com" in identity.zh and "cloud.tencent.com" in identity.en
    told = current_text("providing", DAY, folder=NOTICES)
    assert "腾讯云计算（北京）有限责任公司" in told.zh and "Tencent Cloud" in told.en


def test_a_consent_to_one_recipient_is_none_to_another(subject):
    give_consent(subject=subject, kind="transfer_abroad", version="1", names=NAMES, now=NOW)
    sold = NAMES | {"brand": "New Owner Ltd"}
    give_consent(subject=subject, kind="transfer_abroad", version="1", names=sold, now=NOW + timedelta(1))
    assert list(Consent.objects.order_by("id").values_list("withdrawn_at", flat=True)) == [
        NOW + timedelta(1),
        None,
    ]


def test_withdrawing_the_reuse_of_an_identity_promises_only_what_happens():
    before, now = (current_text("identity_reuse", day) for day in (date(2026, 11, 26), date(2026, 11, 27)))
    assert (before.version, now.version) == ("1", "2")
    assert "撤回后立即停止。" in before.zh and "it stops at once" in before.en
    assert "撤回后立即停止。" not in now.zh and "stops at once" not in now.en
    assert "已转入其他店铺的姓名和身份证号码仍保存在该店铺" in now.zh and "另行删除" in now.zh
    assert "What was carried over before stays there" in now.en and "deleted there" in now.en


def test_there_is_no_text_before_its_first_day():
    assert current_texts(date(2025, 12, 31), NAMES) == []
    assert current_text("marketing", date(2025, 12, 31)) is None


def test_giving_records_version_hash_and_instant(subject):
    given = give_consent(subject=subject, kind="marketing", version="1", now=NOW)
    assert (given.version, given.text_hash, given.given_at) == (
        "1",
        current_text("marketing", DAY).sha256,
        NOW,
    )
    assert is_given(subject_id=subject.id, kind="marketing", now=NOW)


def test_giving_twice_is_once(subject):
    first = give_consent(subject=subject, kind="marketing", version="1", now=NOW)
    assert give_consent(subject=subject, kind="marketing", version="1", now=NOW + timedelta(1)) == first
    assert Consent.objects.count() == 1


def test_withdrawing_ends_it_at_once_and_it_can_be_given_again(subject):
    give_consent(subject=subject, kind="marketing", version="1", now=NOW)
    assert withdraw_consent(subject_id=subject.id, kind="marketing", now=NOW) is True
    assert withdraw_consent(subject_id=subject.id, kind="marketing", now=NOW) is False
    assert not is_given(subject_id=subject.id, kind="marketing", now=NOW)
    give_consent(subject=subject, kind="marketing", version="1", now=NOW)
    assert Consent.objects.count() == 2


def test_an_unknown_kind_and_an_old_version_are_refused_and_nothing_is_recorded(subject):
    with pytest.raises(UnknownConsent):
        give_consent(subject=subject, kind="everything", version="1", now=NOW)
    with pytest.raises(NotCurrent) as refusal:
        give_consent(subject=subject, kind="marketing", version="0", now=NOW)
    assert refusal.value.version == "1"
    assert not Consent.objects.exists()


def test_a_new_version_ends_the_consent_to_the_old_one(subject, tmp_path, monkeypatch):
    for path in FOLDER.glob("marketing.yaml"):
        text = path.read_text(encoding="utf-8")
        extra = '  - {version: "2", from: 2026-12-01, zh: 新文本, en: new text}\n'
        (tmp_path / path.name).write_text(text + extra, encoding="utf-8")
    monkeypatch.setattr("compliance.consent_texts.FOLDER", tmp_path)
    give_consent(subject=subject, kind="marketing", version="1", now=NOW)
    later = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)  # midnight in Shanghai, 1 December
    with pytest.raises(NotCurrent):
        give_consent(subject=subject, kind="marketing", version="1", now=later)
    give_consent(subject=subject, kind="marketing", version="2", now=later)
    assert list(Consent.objects.order_by("id").values_list("version", "withdrawn_at")) == [
        ("1", later),
        ("2", None),
    ]
    read.cache_clear()
