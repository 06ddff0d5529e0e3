"""A paid order is judged anew when the one who paid it is named as its orderer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0024_payer_check_ended")]

    operations = [
        migrations.AlterField(
            model_name="judgement",
            name="moment",
            field=models.CharField(
                choices=[
                    ("quote", "Quote"),
                    ("checkout", "Checkout"),
                    ("naming", "Naming"),
                    ("declare", "Declare"),
                ],
                max_length=10,
            ),
        ),
    ]
