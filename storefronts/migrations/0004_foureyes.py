"""Who agrees to what is seen under the name of its storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('storefronts', '0003_walls'),
    ]

    operations = [
        wall("storefronts_foureyes"),
    ]
