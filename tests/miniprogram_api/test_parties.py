"""Who answers for what is public: every party of the storefront with its duty, and no other storefront's."""

from __future__ import annotations

import pytest
from django.test import Client

from compliance.law import Law
from storefronts.models import LegalParty
from tests import make
from tests.law.law_cases import DAY

pytestmark = pytest.mark.django_db


def party(shop, role, name):
    return LegalParty.objects.create(storefront=shop, role=role, name=name, country="CN", credit_code="9133")


def test_anyone_reads_the_parties_of_the_storefront_in_the_order_of_their_roles(client: Client) -> None:
    shop, other = make.storefront(), make.storefront("other")
    LegalParty.objects.all().delete()
    party(shop, "food_recall", "召回公司")
    party(shop, "ebc", "欧贝兰公司")
    party(other, "ebp", "别家平台")
    told = client.get("/api/v1/parties", headers={"X-Appid": shop.appid}).json()
    assert [(one["role"], one["name"]) for one in told["items"]] == [
        ("ebc", "欧贝兰公司"),
        ("food_recall", "召回公司"),
    ]
    assert told["items"][0]["title"] == "跨境电商企业 · overseas seller"
    assert told["items"][0]["duty"]["zh"].startswith("跨境电商企业（境外注册的商品所有人）：承担商品质量安全")
    assert told["citation"] == "商财发〔2018〕486号 第四条"


def test_every_role_has_its_duty_in_both_languages() -> None:
    duties = Law(DAY).figure("parties/duties")
    assert set(duties) == set(LegalParty.Role.values)
    assert all(len(texts) == 2 and all(texts) for texts in duties.values())
