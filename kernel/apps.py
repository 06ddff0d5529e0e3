"""The ground that every other app stands on."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "kernel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kernel import prefixes  # noqa: PLC0415  (beside the other apps' own)

        prefixes.install()
