"""The shop as a consumer walks through it, in a browser, against the real API and the sandbox."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.journeys.within import House
from tests.shop.conftest import phone

pytestmark = pytest.mark.django_db(transaction=True)


def test_home_shows_products(house: House, shop_browser: Browser) -> None:
    with phone(house, shop_browser, user="anna") as anna:
        anna.open("")
        anna.sees("maison 海外旗舰店")
        assert anna.asked == [("GET", "/api/v1/shop"), ("GET", "/api/v1/home")]
