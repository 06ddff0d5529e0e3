"""How a storefront's mini-program looks, by versions (店铺装修)."""

from django.apps import AppConfig


class ShopfrontConfig(AppConfig):
    name = "shopfront"
    default_auto_field = "django.db.models.BigAutoField"
