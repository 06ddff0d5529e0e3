"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import NAMES, NO_NAMES, wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0007_cases_taken'),
    ]
    operations = [
        migrations.RunSQL(NAMES, NO_NAMES),
        wall("kernel_event", shared=True),  # or their numbers would begin anew where the platform's are hidden
        wall(
            "kernel_case",
            "kernel_approval",
            "kernel_job",
            "kernel_file",
        ),
    ]
