"""What begins with a text is found by an index, also behind the wall (kernel/walls.py).

LIKE might tell of rows that are hidden, so PostgreSQL asks it of each row that another condition has found.
The operator `^@` says the same, tells nothing, and is answered by the column's own index.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Lookup, TextField


class Begins(Lookup):  # type: ignore[type-arg]  # it takes none when it runs
    """`startswith`, in place of Django's."""

    lookup_name = "startswith"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left}::text ^@ {right}::text", [*left_values, *right_values]


def install() -> None:
    """For every text."""
    CharField.register_lookup(Begins)
    TextField.register_lookup(Begins)
