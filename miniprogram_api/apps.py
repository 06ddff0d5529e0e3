"""Registers the package with Django; its promise stands in README.md."""

from django.apps import AppConfig


class MiniprogramApiConfig(AppConfig):
    name = "miniprogram_api"
    default_auto_field = "django.db.models.BigAutoField"
