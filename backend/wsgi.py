"""The web application as granian serves it."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")

application = get_wsgi_application()
# Loads every view now; otherwise the first caller of each process would wait a second for it.
get_resolver().url_patterns  # noqa: B018

from compliance import vault  # noqa: E402  (its models need the applications that were loaded above)

vault.open_master_keys()
