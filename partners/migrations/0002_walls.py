"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('partners', '0001_initial'),
    ]
    operations = [
        wall("partners_partner", "partners_connection", "partners_application", "partners_nonce"),
    ]
