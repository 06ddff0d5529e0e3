"""Its rows are seen under the name of their storefront alone, and what was published stays as it was."""

from django.db import migrations

from kernel.append_only import no_change
from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('shopfront', '0001_initial'),
    ]
    operations = [
        wall("shopfront_draft", "shopfront_version"),
        no_change("shopfront_version"),
    ]
