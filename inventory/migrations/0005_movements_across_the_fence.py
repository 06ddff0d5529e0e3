"""What enters or leaves a warehouse is found without reading all that moved within it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0004_lots_by_list_and_parts'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='movement',
            index=models.Index(condition=models.Q(('kind__in', ['receive', 'transfer', 'return'])), fields=['stock'], name='movement_across'),
        ),
    ]
