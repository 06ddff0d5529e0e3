"""A line keeps what will be declared of it and the rates its taxes rest on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [
        migrations.AddField(
            "orderline",
            "customs",
            models.JSONField(
                default=dict,
                help_text="units, legal quantities, content, specification as declared (申报要素)",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "orderline",
            "rates",
            models.JSONField(default=dict, help_text="the rates that the taxes of this line rest on"),
            preserve_default=False,
        ),
    ]
