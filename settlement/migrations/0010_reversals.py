"""A correction is taken back once, by an entry that names it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("settlement", "0009_clearing")]

    operations = [
        migrations.AddField(
            model_name="entry",
            name="reverses",
            field=models.OneToOneField(
                help_text="the correction that it takes back",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reversal",
                to="settlement.entry",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reverses__isnull", True),
                    models.Q(("difference__isnull", False), ("kind", "correction")),
                    _connector="OR",
                ),
                name="entry_reverses_corrections",
            ),
        ),
    ]
