#!/usr/bin/env python
"""Commands of the house; starts the embedded PostgreSQL and Redis when no others are configured."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Run one command with the servers it needs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    os.environ.setdefault("D2C_ROLE", "owner")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 -- after the environment

    from backend.embedded import ensure_environment  # noqa: PLC0415

    with ensure_environment(Path(__file__).resolve().parent / ".local"):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
