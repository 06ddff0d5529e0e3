"""Who works on a case is told, and may change as often as they do while it is open."""

from django.db import migrations

from kernel.append_only import also_update


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0006_files_and_deliveries_stay'),
    ]

    operations = [
        also_update("kernel_case", columns=("taken_by", "taken_at")),
    ]
