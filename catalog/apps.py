"""What a storefront sells: categories, brands, products, prices and what customs must know of them."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    default_auto_field = "django.db.models.BigAutoField"
