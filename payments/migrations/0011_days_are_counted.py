"""A day of a storefront is found by an index, however many rows there are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_days_are_counted'),
        ('payments', '0010_walls'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(condition=models.Q(('succeeded_at__isnull', False)), fields=['storefront', 'succeeded_at'], name='refund_day'),
        ),
    ]
