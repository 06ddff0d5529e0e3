"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('partner_api', '0001_initial'),
    ]
    operations = [
        wall("partner_api_application"),
    ]
