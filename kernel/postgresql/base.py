"""Django's PostgreSQL, in which each statement is preceded by whose rows it may see (`kernel/tenancy.py`)."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from kernel.tenancy import follow


class DatabaseWrapper(base.DatabaseWrapper):
    named: str | None = None  # what the open transaction has been told

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.execute_wrappers.append(follow)
