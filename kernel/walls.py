"""The second wall under the doors: PostgreSQL shows `web` and `worker` the rows of named storefronts alone.

For migrations. A filter that a query forgets finds nothing of another brand's, and what a handler writes by
mistake into another storefront is refused. Who is named is said by `kernel/tenancy.py`. The owner of the
tables, who migrates and runs `manage.py`, is not bound. It holds against a bug, not against who can say any
SQL as the role.
"""

from __future__ import annotations

from django.db.migrations import RunSQL

# Each is asked once a statement, not once a row: a sub-select is. A worker that sees nothing would do nothing
# and say nothing of it: no wall is built before its role has its setting.
NAMES = """
DO $$ BEGIN
    IF 'app.storefronts=*' <> ALL (SELECT unnest(rolconfig) FROM pg_roles WHERE rolname = 'worker') THEN
        RAISE EXCEPTION $says$first, as superuser: ALTER ROLE worker SET app.storefronts = '*'$says$;
    END IF;
END $$;
CREATE FUNCTION named_storefronts() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT string_to_array(nullif(nullif(current_setting('app.storefronts', true), ''), '*'), ',')::bigint[]
$$;
CREATE FUNCTION named_everything() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('app.storefronts', true) = '*'
$$
"""
NO_NAMES = "DROP FUNCTION named_storefronts(); DROP FUNCTION named_everything()"

_SEEN = "storefront_id = ANY ((SELECT named_storefronts())::bigint[]) OR (SELECT named_everything())"


def wall(*tables: str, shared: bool = False) -> RunSQL:
    """Rows of these tables are seen and written by `web` and `worker` where their storefront is named.

    A row without a storefront is the platform's and wants everything named; in a `shared` table it is
    everybody's.
    """
    seen = f"storefront_id IS NULL OR {_SEEN}" if shared else _SEEN
    up = (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f" CREATE POLICY wall ON {table} TO web, worker USING ({seen}) WITH CHECK ({seen})"
        for table in tables
    )
    down = (
        f"DROP POLICY wall ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in tables
    )
    return RunSQL("; ".join(up), "; ".join(down))
