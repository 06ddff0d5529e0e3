"""List prices that are to hold from an instant on."""

import django.db.models.deletion
from django.db import migrations, models

from kernel.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_walls'),
        ('storefronts', '0005_foureyes'),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('batch', models.UUIDField()),
                ('from_fen', models.BigIntegerField(help_text='list price when it was asked for')),
                ('price_fen', models.BigIntegerField(help_text='of one piece, tax excluded')),
                ('starts_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('planned', '待生效 · planned'), ('done', '已生效 · in force'), ('cancelled', '已取消 · called off'), ('refused', '未生效 · refused')], default='planned', max_length=10)),
                ('asked_by', models.CharField(max_length=150)),
                ('asked_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_by', models.CharField(blank=True, default='', max_length=150)),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='price_changes', to='catalog.variant')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'planned')), fields=['starts_at'], name='price_change_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('price_fen__gt', 0)), name='price_change_positive'), models.CheckConstraint(condition=models.Q(('state', 'planned'), ('ended_at__isnull', False), _connector='XOR'), name='price_change_ended'), models.UniqueConstraint(condition=models.Q(('state', 'planned')), fields=('variant', 'starts_at'), name='price_change_once')],
            },
        ),
        wall("catalog_pricechange"),
        migrations.RunSQL(
            "ALTER TABLE catalog_pricechange ADD CONSTRAINT price_change_variant_tenant"
            " FOREIGN KEY (storefront_id, variant_id) REFERENCES catalog_variant (storefront_id, id)",
            "ALTER TABLE catalog_pricechange DROP CONSTRAINT price_change_variant_tenant",
        ),
    ]
