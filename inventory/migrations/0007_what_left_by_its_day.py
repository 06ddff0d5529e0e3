"""What left in a span of days is counted by an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0006_walls'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='pick',
            index=models.Index(condition=models.Q(('shipped_at__isnull', False)), fields=['storefront', 'shipped_at'], include=('lot', 'quantity'), name='pick_left'),
        ),
    ]
