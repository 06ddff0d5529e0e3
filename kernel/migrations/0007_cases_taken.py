"""Who works on a case is told, and may change as often as they do while it is open."""

from django.db import migrations, models

from kernel.append_only import also_update


class Migration(migrations.Migration):
    dependencies = [("kernel", "0006_files_and_deliveries_stay")]

    operations = [
        migrations.AddField(
            "case",
            "taken_by",
            models.CharField(blank=True, default="", help_text="who works on it now", max_length=80),
        ),
        migrations.AddField("case", "taken_at", models.DateTimeField(blank=True, null=True)),
        also_update("kernel_case", columns=("taken_by", "taken_at")),
    ]
