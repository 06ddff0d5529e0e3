"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('reporting', '0001_initial'),
    ]
    operations = [wall("reporting_day", "reporting_forexday", "reporting_staleday")]
