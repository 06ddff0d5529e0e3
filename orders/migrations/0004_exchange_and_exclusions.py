"""Quote and order keep the exchange rates that were locked; a line keeps whether its return was given up."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0005_return_exclusion'),
        ('compliance', '0012_positive_list'),
        ('orders', '0003_payer_index'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='brand_cny_per_100',
            field=models.DecimalField(decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='brand_currency',
            field=models.CharField(default='CNY', max_length=3),
        ),
        migrations.AddField(
            model_name='order',
            name='brand_rate',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.referencerate'),
        ),
        migrations.AddField(
            model_name='order',
            name='usd_cny_per_100',
            field=models.DecimalField(decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='usd_rate',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.referencerate'),
        ),
        migrations.AddField(
            model_name='orderline',
            name='exclusion_hash',
            field=models.CharField(blank=True, default='', help_text='wording that the consumer confirmed; empty: not given up', max_length=64),
        ),
        migrations.AddField(
            model_name='orderline',
            name='exclusion_version',
            field=models.CharField(blank=True, default='', max_length=20),
        ),
        migrations.AddField(
            model_name='orderline',
            name='return_exclusion',
            field=models.CharField(blank=True, default='', help_text='ground on which the 7-day return can be given up', max_length=12),
        ),
        migrations.AddField(
            model_name='quote',
            name='brand_cny_per_100',
            field=models.DecimalField(decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name='quote',
            name='brand_currency',
            field=models.CharField(default='CNY', max_length=3),
        ),
        migrations.AddField(
            model_name='quote',
            name='brand_rate',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.referencerate'),
        ),
        migrations.AddField(
            model_name='quote',
            name='usd_cny_per_100',
            field=models.DecimalField(decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name='quote',
            name='usd_rate',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.referencerate'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('exclusion_hash', ''), models.Q(models.Q(('return_exclusion', ''), _negated=True), models.Q(('exclusion_version', ''), _negated=True)), _connector='OR'), name='order_line_exclusion_has_ground'),
        ),
    ]
