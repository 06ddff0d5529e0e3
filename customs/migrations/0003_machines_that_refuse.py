"""A signing machine whose card does not sign is asked no more until a person has looked at it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customs", "0002_what_was_told_stays")]

    operations = [
        migrations.AddField(
            model_name="portaccount",
            name="machine_refused",
            field=models.CharField(
                blank=True,
                default="",
                help_text="why the card does not sign: it is asked no more",
                max_length=120,
            ),
        )
    ]
