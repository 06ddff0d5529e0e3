"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [("partner_api", "0001_initial"), ("kernel", "0008_walls")]
    operations = [
        wall("partner_api_application"),
    ]
