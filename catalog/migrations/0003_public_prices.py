"""What was told of prices is kept, in rows that nobody can change, so that the price of any order can be proved."""

import django.db.models.deletion
from django.db import migrations, models

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
# What stands on the shelves already was public from the day on which its product was made.
_FIRST = """
INSERT INTO catalog_publicprice (storefront_id, variant_id, kind, price_fen, told_at, starts_at)
SELECT v.storefront_id, v.id, 'list', v.price_fen, p.created_at, p.created_at
  FROM catalog_variant v JOIN catalog_product p ON p.id = v.product_id;
INSERT INTO catalog_publicprice (storefront_id, variant_id, kind, price_fen, told_at, starts_at, ends_at)
SELECT storefront_id, variant_id, 'cut', price_fen, least(starts_at, now()), starts_at, ends_at
  FROM catalog_pricecut
"""
_TRIGGER = """
CREATE TRIGGER catalog_publicprice_append_only BEFORE UPDATE ON catalog_publicprice
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_update()
"""
_TENANT = """
ALTER TABLE catalog_publicprice ADD CONSTRAINT public_price_variant_tenant
FOREIGN KEY (storefront_id, variant_id) REFERENCES catalog_variant (storefront_id, id)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_same_storefront'),
        ('kernel', '0002_append_only'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='PublicPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('list', '原价 · list price'), ('cut', '公开降价 · public price cut'), ('cut_ended', '降价提前结束 · price cut ended')], max_length=10)),
                ('price_fen', models.BigIntegerField(help_text='of one piece, tax excluded')),
                ('told_at', models.DateTimeField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('ends', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='end', to='catalog.publicprice')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='public_prices', to='catalog.variant')),
            ],
            options={
                'indexes': [models.Index(fields=['variant', 'kind', 'starts_at'], name='public_price_at')],
                'constraints': [models.CheckConstraint(condition=models.Q(('price_fen__gt', 0)), name='public_price_positive'), models.CheckConstraint(condition=models.Q(models.Q(('ends', None), ('ends_at', None), ('kind', 'list')), models.Q(('ends', None), ('ends_at__gt', models.F('starts_at')), ('kind', 'cut')), models.Q(('ends__isnull', False), ('ends_at', None), ('kind', 'cut_ended')), _connector='OR'), name='public_price_whole')],
            },
        ),
        migrations.RunSQL(_TENANT, "ALTER TABLE catalog_publicprice DROP CONSTRAINT public_price_variant_tenant"),
        migrations.RunSQL(_FIRST, migrations.RunSQL.noop),
        migrations.RunSQL(_TRIGGER, "DROP TRIGGER catalog_publicprice_append_only ON catalog_publicprice"),
        no_change("catalog_publicprice"),
        migrations.RunSQL(_FUNCTION, "DROP FUNCTION catalog_public_price(bigint, timestamptz)"),
    ]
