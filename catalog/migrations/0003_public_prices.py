"""What was told of prices is kept, in rows that nobody can change, so that the price of any order can be proved."""

from django.db import migrations

from kernel.append_only import no_change

# One answer for everyone: nothing but variant and instant goes in.
_FUNCTION = """
CREATE FUNCTION catalog_public_price(wanted bigint, at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT least(
        (SELECT p.price_fen FROM catalog_publicprice p
          WHERE p.variant_id = wanted AND p.kind = 'list' AND p.starts_at <= at
          ORDER BY p.starts_at DESC, p.id DESC LIMIT 1),
        (SELECT min(c.price_fen) FROM catalog_publicprice c
          WHERE c.variant_id = wanted AND c.kind = 'cut' AND c.starts_at <= at AND c.ends_at > at
            AND c.told_at <= at
            AND NOT EXISTS (SELECT FROM catalog_publicprice e WHERE e.ends_id = c.id AND e.starts_at <= at)))
$$
"""
_STAY = """
CREATE TRIGGER catalog_publicprice_append_only BEFORE UPDATE ON catalog_publicprice
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_update()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('catalog', '0002_same_storefront'),
        ('kernel', '0002_events_stay'),
    ]

    operations = [
        migrations.RunSQL(_STAY, "DROP TRIGGER catalog_publicprice_append_only ON catalog_publicprice"),
        no_change("catalog_publicprice"),
        migrations.RunSQL(_FUNCTION, "DROP FUNCTION catalog_public_price(bigint, timestamptz)"),
    ]
