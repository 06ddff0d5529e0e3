"""Celery with Redis as broker; PostgreSQL stays the truth, so a lost message costs a second, not a fact."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
os.environ.setdefault("D2C_ROLE", "worker")

app = Celery("backend")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# For every thread: otherwise a task sent from a thread of the web would go to Celery's own default broker.
app.set_default()
