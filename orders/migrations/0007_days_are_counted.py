"""A day of a storefront is found by an index, however many rows there are."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0007_told_to_an_authority'),
        ('customers', '0003_news_of_returns'),
        ('inventory', '0005_movements_across_the_fence'),
        ('orders', '0006_walls'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AlterField(
            model_name='order',
            name='storefront',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront'),
        ),
        migrations.AlterField(
            model_name='quote',
            name='storefront',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['storefront', 'placed_at'], name='order_day'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('paid_at__isnull', False)), fields=['storefront', 'paid_at'], name='order_paid_day'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['storefront', 'closed_at'], name='order_end_day'),
        ),
        migrations.AddIndex(
            model_name='quote',
            index=models.Index(fields=['storefront', 'made_at'], name='quote_day'),
        ),
    ]
