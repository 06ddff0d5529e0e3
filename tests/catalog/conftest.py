"""A storefront with shelves, with or without a firm that recalls its food."""

from __future__ import annotations

import pytest

from storefronts.models import LegalParty, Storefront
from tests import make
from tests.catalog.shelf import shelves


@pytest.fixture
def shop(db: None) -> Storefront:
    shop = make.storefront()
    shelves(shop)
    return shop


@pytest.fixture
def recall_firm(shop: Storefront) -> LegalParty:
    return LegalParty.objects.create(storefront=shop, role="food_recall", name="召回公司", country="CN")
