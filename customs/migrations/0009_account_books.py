"""Account books: what lists took out of them, what customs entered, and what lies on the shelves."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from kernel.append_only import no_change

# Lists that stand already: what was left of each line when the list was sent, and what was granted to come back.
_LISTED = """
INSERT INTO customs_listedpieces (storefront_id, declaration_id, warehouse_id, variant_id, quantity, returned)
SELECT d.storefront_id, d.id, o.warehouse_id, l.variant_id, sum(l.quantity - coalesce(gone.pieces, 0)), 0
FROM customs_declaration d
JOIN orders_order o ON o.id = d.order_id AND o.trade_mode IN ('1210', '1239')
JOIN orders_orderline l ON l.order_id = o.id
LEFT JOIN LATERAL (
    SELECT sum(r.quantity) AS pieces FROM payments_refundline r
    JOIN payments_refund f ON f.id = r.refund_id AND f.state = 'succeeded' AND f.succeeded_at < d.listed_at
    WHERE r.line_id = l.id
) gone ON true
WHERE d.listed_at IS NOT NULL AND d.state NOT IN ('waiting', 'blocked', 'documents', 'ended')
GROUP BY 1, 2, 3, 4 HAVING sum(l.quantity - coalesce(gone.pieces, 0)) > 0
"""
_RETURNED = """
UPDATE customs_listedpieces p SET returned = least(p.quantity, back.pieces)
FROM (
    SELECT d.id, v.id AS variant_id, sum(told.value::int) AS pieces
    FROM kernel_event e
    JOIN customs_declaration d ON e.key = 'order:' || d.number
    CROSS JOIN LATERAL jsonb_each_text(e.facts -> 'pieces') told
    JOIN catalog_variant v ON v.storefront_id = d.storefront_id AND v.sku = told.key
    WHERE e.name = 'customs.returned' AND jsonb_typeof(e.facts -> 'pieces') = 'object'
    GROUP BY 1, 2
) back
WHERE back.id = p.declaration_id AND back.variant_id = p.variant_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_public_prices'),
        ('customs', '0008_refusals_are_counted'),
        ('inventory', '0005_movements_across_the_fence'),
        ('kernel', '0006_files_and_deliveries_stay'),
        ('orders', '0005_an_address_is_mended'),
        ('payments', '0007_named_pieces'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.CreateModel(
            name='BookEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pieces', models.IntegerField(help_text='entered (above 0) or written off')),
                ('paper', models.CharField(help_text='核注清单编号, by which customs did it', max_length=30)),
                ('reason', models.CharField(max_length=200)),
                ('by', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant')),
                ('warehouse', models.ForeignKey(help_text='of that account book', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.warehouse')),
            ],
            options={
                'verbose_name_plural': 'book entries',
                'constraints': [models.CheckConstraint(condition=models.Q(('pieces', 0), _negated=True), name='book_entry_moves')],
            },
        ),
        migrations.CreateModel(
            name='BookStock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ems_no', models.CharField(help_text='账册编号', max_length=20)),
                ('held', models.IntegerField(help_text='in the book: released lists are taken off')),
                ('listed', models.IntegerField(help_text='of these, on lists that customs has not released')),
                ('on_hand', models.IntegerField(help_text='on the shelves, under an inbound list')),
                ('on_way', models.IntegerField(help_text='between two warehouses of the book')),
                ('beside', models.IntegerField(help_text='released and not yet shipped')),
                ('difference', models.IntegerField(help_text='above 0: more lies there than the book says')),
                ('compared_at', models.DateTimeField()),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant')),
            ],
            options={
                'verbose_name_plural': 'book stock',
                'indexes': [models.Index(condition=models.Q(('difference', 0), _negated=True), fields=['id'], name='book_stock_differs')],
                'constraints': [models.UniqueConstraint(fields=('ems_no', 'variant'), name='book_stock_once'), models.CheckConstraint(condition=models.Q(('difference', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('on_hand'), '+', models.F('on_way')), '-', models.F('beside')), '-', models.F('held')))), name='book_stock_adds_up')],
            },
        ),
        migrations.CreateModel(
            name='ListedPieces',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField()),
                ('returned', models.PositiveIntegerField(default=0, help_text='退货: of these, granted to come back')),
                ('declaration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customs.declaration')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.variant')),
                ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.warehouse')),
            ],
            options={
                'verbose_name_plural': 'listed pieces',
                'constraints': [models.UniqueConstraint(fields=('declaration', 'variant'), name='listed_pieces_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0), ('returned__lte', models.F('quantity'))), name='listed_pieces_returned')],
            },
        ),
        migrations.RunSQL(_LISTED, migrations.RunSQL.noop),
        migrations.RunSQL(_RETURNED, migrations.RunSQL.noop),
        no_change("customs_bookentry"),
    ]
