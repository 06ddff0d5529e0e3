"""What a storefront's consent texts call by name, the same wherever a text is shown, agreed to or checked."""

from __future__ import annotations

from catalog.reference import country_names
from storefronts.queries import Shop

# Where no contact is on file: the service that every mini-program has.
CONTACT = "本小程序客服 (service in this mini-program)"


def names_of(shop: Shop) -> dict[str, str]:
    """The brand abroad with its country; who handles the data, the overseas seller (跨境电商企业), with its
    contact (个人信息保护法 Art. 17, 39).
    """
    country = country_names(shop.brand_country)
    return {
        "brand": shop.brand,
        "country": shop.brand_country,
        "country_zh": country["zh"],
        "country_en": country["en"],
        "handler": shop.handler,
        "contact": shop.handler_contact or CONTACT,
    }
