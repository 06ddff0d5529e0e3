"""Registers the package and its admin site with Django and gives every model its name in two languages."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class SiteConfig(admin_apps.AdminConfig):
    """`django.contrib.admin`, with the site of this package."""

    default = False
    default_site = "operators.site.Site"


class OperatorsConfig(AppConfig):
    name = "operators"
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from operators import names  # noqa: PLC0415  (models are not there before)

        names.lay_over()
