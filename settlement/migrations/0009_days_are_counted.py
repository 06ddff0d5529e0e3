"""A day of a storefront is found by an index, however many rows there are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_days_are_counted'),
        ('settlement', '0008_walls'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='settlementitem',
            index=models.Index(condition=models.Q(('settled_on__isnull', False)), fields=['storefront', 'settled_on'], name='item_day'),
        ),
    ]
