"""What was written stays as it was written: those who serve may add rows and not change or remove them.

For migrations. New tables are granted with UPDATE and DELETE (default privileges); an append-only one takes
them back, so that neither a bug nor a stolen password of `web` or `worker` can rewrite it. What has had its
day is removed by one function that runs as the owner and keeps what is younger.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.migrations import RunSQL

_FORGET = """
CREATE OR REPLACE FUNCTION {table}_forget(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone bigint;
BEGIN
    IF before > now() - interval '{years} years' THEN
        RAISE EXCEPTION '{table} is kept for {years} years' USING ERRCODE = 'restrict_violation';
    END IF;
    DELETE FROM {table} WHERE id = ANY (ARRAY(
        SELECT id FROM {table} WHERE {column} < before ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED
    ));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION {table}_forget(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {table}_forget(timestamptz) TO worker
"""


def no_change(table: str) -> RunSQL:
    """Rows of `table` are added by `web` and `worker` and never changed or removed by them."""
    return RunSQL(
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM web, worker",
        f"GRANT UPDATE, DELETE ON {table} TO web, worker",
    )


def no_delete(table: str) -> RunSQL:
    """Rows of `table` stay: `web` and `worker` remove none of them."""
    return RunSQL(
        f"REVOKE DELETE, TRUNCATE ON {table} FROM web, worker", f"GRANT DELETE ON {table} TO web, worker"
    )


def not_web(privilege: str, table: str) -> RunSQL:
    """Of `web` and `worker` the latter alone may do this to `table`; after what narrows it for both."""
    return RunSQL(f"REVOKE {privilege} ON {table} FROM web", f"GRANT {privilege} ON {table} TO web")


def owner_alone(table: str) -> RunSQL:
    """`web` and `worker` read `table`; its rows come and change by the owner's hand."""
    return RunSQL(
        f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM web, worker",
        f"GRANT INSERT, UPDATE, DELETE ON {table} TO web, worker",
    )


def only_update(table: str, *, columns: Sequence[str]) -> RunSQL:
    """`web` and `worker` change nothing of a row but these columns."""
    return _by_column("UPDATE", table, columns)


def also_update(table: str, *, columns: Sequence[str]) -> RunSQL:
    """Further columns that `web` and `worker` may change where `only_update` narrowed them before."""
    names = ", ".join(columns)
    return RunSQL(
        f"GRANT UPDATE ({names}) ON {table} TO web, worker",
        f"REVOKE UPDATE ({names}) ON {table} FROM web, worker",
    )


def no_number(table: str, *, columns: Sequence[str]) -> RunSQL:
    """Rows of `table` are added with these columns alone, and without `id`, which the database gives."""
    return _by_column("INSERT", table, columns)


def _by_column(privilege: str, table: str, columns: Sequence[str]) -> RunSQL:
    names = ", ".join(columns)
    return RunSQL(
        f"REVOKE {privilege} ON {table} FROM web, worker;"
        f"GRANT {privilege} ({names}) ON {table} TO web, worker",
        f"REVOKE {privilege} ({names}) ON {table} FROM web, worker;"
        f"GRANT {privilege} ON {table} TO web, worker",
    )


def forgetting(table: str, *, column: str, years: int) -> RunSQL:
    """`worker` may call `<table>_forget(before)`, which removes rows whose `column` lies before that instant.

    At most 500 a call, so that many are many short transactions; the caller asks again while it gets as many.
    It refuses an instant younger than `years`: the floor under whatever the dated figures of law say.
    """
    return RunSQL(
        _FORGET.format(table=table, column=column, years=years),
        f"DROP FUNCTION {table}_forget(timestamptz)",
    )
