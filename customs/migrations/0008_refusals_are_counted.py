"""A document that customs keeps refusing is told anew by itself a few times only."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customs", "0007_receipts_take_turns")]

    operations = [
        migrations.AddField(
            model_name="declaration",
            name="refusals",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="after which it was told anew by itself, since customs or a person last agreed",
            ),
        ),
        migrations.AlterField(
            model_name="declaration",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting"),
                    ("documents", "documents"),
                    ("listed", "listed"),
                    ("rejected", "rejected"),
                    ("blocked", "blocked"),
                    ("accepted", "accepted"),
                    ("inspection", "inspection"),
                    ("detained", "detained"),
                    ("review", "review"),
                    ("released", "released"),
                    ("cancelling", "cancelling"),
                    ("closed", "closed"),
                    ("cancelled", "cancelled"),
                    ("turned_back", "turned_back"),
                    ("ended", "ended"),
                ],
                default="waiting",
                max_length=12,
            ),
        ),
    ]
