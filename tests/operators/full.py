"""A world with one row more of everything, kept: in it most pages are looked at."""

from __future__ import annotations

from typing import Any

from tests import keeping, make
from tests.operators import rows


def full_world() -> tuple[make.World, dict[str, Any]]:
    """The world, and the order, payment, case and approval of its rows."""
    made: tuple[make.World, dict[str, Any]] = keeping.again("full world", _made)
    return made


def _made() -> tuple[make.World, dict[str, Any]]:
    world = make.made_world()
    return world, rows.fill(world)
