"""Celery with Redis as broker; PostgreSQL stays the truth, so a lost message costs a second, not a fact."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
os.environ.setdefault("D2C_ROLE", "worker")

app = Celery("backend")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# For every thread: otherwise a task sent from a thread of the web would go to Celery's own default broker.
app.set_default()


@worker_process_init.connect
def open_master_keys(**_: object) -> None:
    """Each process of the worker has its own: a thread that keeps them fresh does not survive a fork."""
    from compliance import vault  # noqa: PLC0415  (its models are not loaded yet when this module is)

    vault.open_master_keys()
