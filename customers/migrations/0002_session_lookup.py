"""Tokens are looked up before the tenant is known, through a function that runs with its owner's rights."""

from django.db import migrations

CREATE = """
CREATE FUNCTION customer_session(hash bytea, at timestamptz)
RETURNS TABLE (customer_id bigint, storefront_id bigint, public_id uuid, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id, c.storefront_id, c.public_id, s.expires_at
    FROM customers_session s JOIN customers_customer c ON c.id = s.customer_id
    WHERE s.token_hash = hash AND s.expires_at > at AND s.revoked_at IS NULL AND c.closed_at IS NULL
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ('customers', '0001_initial'),
    ]
    operations = [
        migrations.RunSQL(CREATE, "DROP FUNCTION customer_session(bytea, timestamptz)"),
    ]
