"""A day of a storefront is found by an index, however many rows there are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_days_are_counted'),
        ('payments', '0011_days_are_counted'),
        ('returns', '0006_walls'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(fields=['storefront', 'requested_at'], name='return_day'),
        ),
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(condition=models.Q(('settled_at__isnull', False)), fields=['storefront', 'settled_at'], name='return_end_day'),
        ),
    ]
