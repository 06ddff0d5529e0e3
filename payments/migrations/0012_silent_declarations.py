"""Declarations that succeeded without a word of their payer are found by an index of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0011_names_payer")]

    operations = [
        migrations.AddIndex(
            model_name="paymentdeclaration",
            index=models.Index(
                condition=models.Q(("family", "v2"), ("match", ""), ("state", "succeeded")),
                fields=["next_try_at"],
                name="declaration_silent",
            ),
        ),
    ]
