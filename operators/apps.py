"""Registers the package with Django and gives every model its name in two languages."""

from django.apps import AppConfig


class OperatorsConfig(AppConfig):
    name = "operators"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from operators import names  # noqa: PLC0415  (models are not there before)

        names.lay_over()
