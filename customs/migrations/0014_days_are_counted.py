"""A day of a storefront is found by an index, however many rows there are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customs', '0013_walls'),
        ('orders', '0005_an_address_is_mended'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='declaration',
            index=models.Index(condition=models.Q(('released_at__isnull', False)), fields=['storefront', 'released_at'], name='customs_release_day'),
        ),
    ]
