"""Entries that clear what a closed batch has left with the brand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("settlement", "0008_kept_five_years")]

    operations = [
        migrations.AlterField(
            model_name="entry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("sale", "Sale"),
                    ("stray", "Stray"),
                    ("refund", "Refund"),
                    ("transfer", "Transfer"),
                    ("fee", "Fee"),
                    ("coupon", "Coupon"),
                    ("payout", "Payout"),
                    ("difference", "Difference"),
                    ("correction", "Correction"),
                    ("settlement", "Settlement"),
                    ("receipt", "Receipt"),
                    ("clearing", "Clearing"),
                ],
                max_length=12,
            ),
        ),
    ]
